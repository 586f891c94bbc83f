//! Medians, ratios and ranges of the runs, in Markdown.

use super::super::table::{median, range, row};
use super::race::{Contestant, Run};

/// Something that is told of every run.
struct Figure {
    title: &'static str,
    of: fn(&Run) -> f64,
}

const SECONDS: Figure = Figure {
    title: "seconds",
    of: |run| run.took.seconds,
};
const FIGURES: &[Figure] = &[
    SECONDS,
    Figure {
        title: "seconds of processor time",
        of: |run| run.took.cpu,
    },
    Figure {
        title: "MiB in memory, the largest process",
        of: Run::memory,
    },
];

/// What is divided by what, and what is wanted of that.
const RATIOS: [(Contestant, Contestant, &str); 2] = [
    (Contestant::Script, Contestant::Ours, "4 or more"),
    (Contestant::Ours, Contestant::Pipe, "1.3 or less"),
];

/// The medians of all figures, then ratios, then how far the runs lie apart.
pub fn all(runs: &[Run]) -> String {
    let medians = figures(runs, |values, decimals| {
        let median = median(values);
        median.map_or("-".to_owned(), |median| format!("{median:.decimals$}"))
    });
    [medians, ratios(runs), figures(runs, range)].join("\n")
}

fn figures(runs: &[Run], told: fn(&[f64], usize) -> String) -> String {
    let mut table = row("", Contestant::ALL.map(cell));
    table.push_str(&row("---", Contestant::ALL.map(|_| "---:".to_owned())));
    for figure in FIGURES {
        let cells = Contestant::ALL.map(|who| told(&values(runs, who, figure), 2));
        table.push_str(&row(figure.title, cells));
    }
    table
}

/// Of the medians.
fn ratios(runs: &[Run]) -> String {
    let mut table = "| ratio of seconds | | wanted |\n| --- | ---: | ---: |\n".to_owned();
    for (over, under, wanted) in RATIOS {
        let seconds = |who| median(&values(runs, who, &SECONDS));
        if let (Some(one), Some(other)) = (seconds(over), seconds(under)) {
            let title = format!("{} / {}", cell(over), cell(under));
            let cells = [format!("{:.2}", one / other), wanted.to_owned()];
            table.push_str(&row(&title, cells));
        }
    }
    table
}

fn values(runs: &[Run], contestant: Contestant, figure: &Figure) -> Vec<f64> {
    let runs = runs.iter().filter(|run| run.contestant == contestant);
    runs.map(figure.of).collect()
}

/// The name of a contestant as Markdown's tables have it, where a bar ends a cell.
fn cell(contestant: Contestant) -> String {
    contestant.title().replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::super::measured::Measured;
    use super::*;

    fn run(contestant: Contestant, seconds: f64) -> Run {
        let took = Measured {
            seconds,
            cpu: seconds / 2.0,
            own: 0.0,
            peak: 12.0,
            largest: 500.0,
        };
        Run {
            contestant,
            took,
            wheels: PathBuf::new(),
        }
    }

    #[test]
    fn everything_in_tables() {
        let round = |slower: f64| {
            [
                run(Contestant::Script, 8.0 + slower),
                run(Contestant::Pipe, 2.5 + slower),
                run(Contestant::Ours, 2.0 + slower),
            ]
        };
        let runs = [round(0.0), round(1.0), round(0.0)].concat();
        assert_eq!(
            all(&runs),
            "\
|  | old script | curl \\| tar | loci-install |
| --- | ---: | ---: | ---: |
| seconds | 8.00 | 2.50 | 2.00 |
| seconds of processor time | 4.00 | 1.25 | 1.00 |
| MiB in memory, the largest process | 500.00 | 500.00 | 12.00 |

| ratio of seconds | | wanted |
| --- | ---: | ---: |
| old script / loci-install | 4.00 | 4 or more |
| loci-install / curl \\| tar | 0.80 | 1.3 or less |

|  | old script | curl \\| tar | loci-install |
| --- | ---: | ---: | ---: |
| seconds | 8.00 to 9.00 | 2.50 to 3.50 | 2.00 to 3.00 |
| seconds of processor time | 4.00 to 4.50 | 1.25 to 1.75 | 1.00 to 1.50 |
| MiB in memory, the largest process | 500.00 to 500.00 | 500.00 to 500.00 | 12.00 to 12.00 |
"
        );
    }
}
