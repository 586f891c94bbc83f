//! How long a run will take, and which steps decide that.

use super::board::Board;
use crate::plan::Plan;
use crate::step::StepName;

/// A run that was thought through.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Its length, in seconds.
    pub seconds: f64,
    /// The steps that decide it, each started by the end of the one before it, with
    /// the seconds of each (the critical path).
    pub path: Vec<(StepName, f64)>,
}

/// A step that has started in thought.
struct Started {
    step: StepName,
    seconds: f64,
    /// When it ends, in seconds from the start of the run.
    end: f64,
    /// The one whose end let it start; by its place in the list.
    after: Option<usize>,
}

/// Thinks a run through, of which the plan says how long each step takes.
#[must_use]
pub fn forecast(plan: &Plan) -> Forecast {
    let mut board = Board::new(plan);
    let mut started: Vec<Started> = Vec::new();
    let mut last: Option<usize> = None;
    loop {
        let now = last.map_or(0.0, |last| started[last].end);
        while let Some(step) = board.start() {
            started.push(Started {
                step: step.name,
                seconds: step.expected.seconds,
                end: now + step.expected.seconds,
                after: last,
            });
        }
        let running = started.iter().enumerate();
        let first = running
            .filter(|(_, started)| board.running().contains(&started.step))
            .min_by(|(_, left), (_, right)| left.end.total_cmp(&right.end));
        let Some((index, ended)) = first else { break };
        board.finish(ended.step);
        last = Some(index);
    }
    let mut path = Vec::new();
    let mut at = last;
    while let Some(index) = at {
        let started = &started[index];
        path.push((started.step, started.seconds));
        at = started.after;
    }
    path.reverse();
    Forecast {
        seconds: last.map_or(0.0, |last| started[last].end),
        path: path
            .into_iter()
            .filter(|(_, seconds)| *seconds > 0.0)
            .collect(),
    }
}
