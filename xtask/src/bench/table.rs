//! Medians, ratios and tables of the runs, in Markdown.

use std::fmt::Write;

use super::contest::{Contestant, Run};

/// All runs, in the order in which they were.
pub type Runs = Vec<(Contestant, Run)>;

/// Something that is told of every run that has it.
struct Figure {
    title: &'static str,
    decimals: usize,
    of: fn(Contestant, &Run) -> Option<f64>,
}

const SECONDS: Figure = Figure {
    title: "seconds inside RUN",
    decimals: 1,
    of: |_, run| Some(run.took.seconds),
};
const LAYER: Figure = Figure {
    title: "MB that the image grows by",
    decimals: 1,
    of: |contestant, run| installs(contestant).then_some(run.layer),
};
const UNCACHED: Figure = Figure {
    title: "the same without apt's cache",
    decimals: 1,
    of: |contestant, run| installs(contestant).then_some(run.layer - run.cache),
};
const FIGURES: &[Figure] = &[
    SECONDS,
    Figure {
        title: "seconds of processor time",
        decimals: 1,
        of: |_, run| Some(run.took.cpu),
    },
    Figure {
        title: "those of loci-install itself",
        decimals: 2,
        of: |contestant, run| contestant.is_ours().then_some(run.took.own),
    },
    Figure {
        title: "MiB in memory, loci-install itself",
        decimals: 1,
        of: |contestant, run| contestant.is_ours().then_some(run.took.peak),
    },
    Figure {
        title: "MiB in memory, the largest process",
        decimals: 1,
        of: |_, run| Some(run.took.largest),
    },
    LAYER,
    UNCACHED,
];

fn installs(contestant: Contestant) -> bool {
    contestant.is_ours() || contestant == Contestant::Script
}

/// The medians of all figures, then ratios, then how far the runs lie apart,
/// then the parts of the builds.
pub fn all(runs: &Runs) -> String {
    let tables = [
        figures(runs, |values, decimals| {
            let median = median(values);
            median.map_or("-".to_owned(), |median| format!("{median:.decimals$}"))
        }),
        ratios(runs),
        figures(runs, range),
        parts(runs, "part of the script", &[Contestant::Script]),
        parts(runs, "step", &[Contestant::Pip, Contestant::Uv]),
    ];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    tables.collect::<Vec<_>>().join("\n")
}

fn figures(runs: &Runs, told: fn(&[f64], usize) -> String) -> String {
    let contestants = present(runs, &Contestant::ALL);
    let mut table = heading("", &contestants);
    for figure in FIGURES {
        let cells = contestants
            .iter()
            .map(|contestant| told(&values(runs, *contestant, figure), figure.decimals));
        table.push_str(&row(figure.title, cells));
    }
    table
}

/// Of the medians.
fn ratios(runs: &Runs) -> String {
    let of = |contestant, figure: &Figure| median(&values(runs, contestant, figure));
    let seconds = |contestant| of(contestant, &SECONDS);
    let floor = match (seconds(Contestant::Packages), seconds(Contestant::Wheels)) {
        (Some(packages), Some(wheels)) => Some(packages.max(wheels)),
        _ => None,
    };
    let script = Contestant::Script;
    let ratios = [
        (
            "seconds: plain script / loci-install with pip",
            seconds(script),
            seconds(Contestant::Pip),
        ),
        (
            "seconds: plain script / loci-install with uv",
            seconds(script),
            seconds(Contestant::Uv),
        ),
        (
            "seconds: loci-install with uv / the longer of apt alone and wheels alone",
            seconds(Contestant::Uv),
            floor,
        ),
        (
            "MB: loci-install with uv / plain script",
            of(Contestant::Uv, &LAYER),
            of(script, &LAYER),
        ),
        (
            "MB without apt's cache: loci-install with uv / plain script",
            of(Contestant::Uv, &UNCACHED),
            of(script, &UNCACHED),
        ),
    ];
    let mut table = "| ratio | |\n| --- | ---: |\n".to_owned();
    for (title, over, under) in ratios {
        if let (Some(over), Some(under)) = (over, under) {
            table.push_str(&row(title, [format!("{:.2}", over / under)]));
        }
    }
    table
}

/// The median seconds of each part, the sum last.
fn parts(runs: &Runs, title: &str, contestants: &[Contestant]) -> String {
    let contestants = present(runs, contestants);
    let of = |contestant, name: &str| -> Vec<f64> {
        let runs = of_contestant(runs, contestant);
        let parts = runs.iter().flat_map(|run| &run.parts);
        parts
            .filter(|(part, _)| part == name)
            .map(|(_, seconds)| *seconds)
            .collect()
    };
    let mut names: Vec<&str> = Vec::new();
    for (_, run) in runs.iter().filter(|(who, _)| contestants.contains(who)) {
        for (name, _) in &run.parts {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        return String::new();
    }
    let mut table = heading(title, &contestants);
    for name in names {
        let cells = contestants.iter().map(|contestant| {
            let median = median(&of(*contestant, name));
            median.map_or("-".to_owned(), |median| format!("{median:.1}"))
        });
        table.push_str(&row(name, cells));
    }
    table
}

/// Those that were there, in the order of a round.
fn present(runs: &Runs, among: &[Contestant]) -> Vec<Contestant> {
    let there = |contestant: &Contestant| runs.iter().any(|(who, _)| who == contestant);
    among.iter().copied().filter(there).collect()
}

fn of_contestant(runs: &Runs, contestant: Contestant) -> Vec<&Run> {
    let runs = runs.iter().filter(|(who, _)| *who == contestant);
    runs.map(|(_, run)| run).collect()
}

fn values(runs: &Runs, contestant: Contestant, figure: &Figure) -> Vec<f64> {
    let runs = of_contestant(runs, contestant).into_iter();
    runs.filter_map(|run| (figure.of)(contestant, run))
        .collect()
}

fn heading(title: &str, contestants: &[Contestant]) -> String {
    let titles = contestants.iter().map(|contestant| contestant.title());
    let mut heading = row(title, titles.map(ToOwned::to_owned));
    heading.push_str(&row("---", contestants.iter().map(|_| "---:".to_owned())));
    heading
}

/// A line of a table.
pub fn row(title: &str, cells: impl IntoIterator<Item = String>) -> String {
    let mut row = format!("| {title} |");
    for cell in cells {
        write!(row, " {cell} |").expect("a string takes all");
    }
    row.push('\n');
    row
}

/// The least value and the most.
pub fn range(values: &[f64], decimals: usize) -> String {
    let least = values.iter().copied().reduce(f64::min);
    let most = values.iter().copied().reduce(f64::max);
    match (least, most) {
        (Some(least), Some(most)) => format!("{least:.decimals$} to {most:.decimals$}"),
        _ => "-".to_owned(),
    }
}

/// The value in the middle, or between the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::measured::Measured;
    use super::*;

    fn run(contestant: Contestant, seconds: f64, layer: f64) -> (Contestant, Run) {
        let took = Measured {
            seconds,
            cpu: seconds,
            own: 0.5,
            peak: 20.0,
            largest: 100.0,
        };
        let run = Run {
            took,
            layer,
            cache: 10.0,
            parts: vec![("venv".to_owned(), seconds / 2.0)],
            ..Run::default()
        };
        (contestant, run)
    }

    fn round(slower: f64) -> Runs {
        vec![
            run(Contestant::Script, 60.0 + slower, 400.0),
            run(Contestant::Pip, 24.0 + slower, 200.0),
            run(Contestant::Uv, 15.0 + slower, 200.0),
            run(Contestant::Packages, 12.0 + slower, 0.0),
            run(Contestant::Wheels, 3.0 + slower, 0.0),
        ]
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn everything_in_tables() {
        let runs = [round(0.0), round(3.0), round(0.0)].concat();
        assert_eq!(
            all(&runs),
            "\
|  | plain script | loci-install, pip | loci-install, uv | apt alone | wheels alone |
| --- | ---: | ---: | ---: | ---: | ---: |
| seconds inside RUN | 60.0 | 24.0 | 15.0 | 12.0 | 3.0 |
| seconds of processor time | 60.0 | 24.0 | 15.0 | 12.0 | 3.0 |
| those of loci-install itself | - | 0.50 | 0.50 | - | - |
| MiB in memory, loci-install itself | - | 20.0 | 20.0 | - | - |
| MiB in memory, the largest process | 100.0 | 100.0 | 100.0 | 100.0 | 100.0 |
| MB that the image grows by | 400.0 | 200.0 | 200.0 | - | - |
| the same without apt's cache | 390.0 | 190.0 | 190.0 | - | - |

| ratio | |
| --- | ---: |
| seconds: plain script / loci-install with pip | 2.50 |
| seconds: plain script / loci-install with uv | 4.00 |
| seconds: loci-install with uv / the longer of apt alone and wheels alone | 1.25 |
| MB: loci-install with uv / plain script | 0.50 |
| MB without apt's cache: loci-install with uv / plain script | 0.49 |

|  | plain script | loci-install, pip | loci-install, uv | apt alone | wheels alone |
| --- | ---: | ---: | ---: | ---: | ---: |
| seconds inside RUN | 60.0 to 63.0 | 24.0 to 27.0 | 15.0 to 18.0 | 12.0 to 15.0 | 3.0 to 6.0 |
| seconds of processor time | 60.0 to 63.0 | 24.0 to 27.0 | 15.0 to 18.0 | 12.0 to 15.0 | 3.0 to 6.0 |
| those of loci-install itself | - | 0.50 to 0.50 | 0.50 to 0.50 | - | - |
| MiB in memory, loci-install itself | - | 20.0 to 20.0 | 20.0 to 20.0 | - | - |
| MiB in memory, the largest process | 100.0 to 100.0 | 100.0 to 100.0 | 100.0 to 100.0 | 100.0 to 100.0 | 100.0 to 100.0 |
| MB that the image grows by | 400.0 to 400.0 | 200.0 to 200.0 | 200.0 to 200.0 | - | - |
| the same without apt's cache | 390.0 to 390.0 | 190.0 to 190.0 | 190.0 to 190.0 | - | - |

| part of the script | plain script |
| --- | ---: |
| venv | 30.0 |

| step | loci-install, pip | loci-install, uv |
| --- | ---: | ---: |
| venv | 12.0 | 7.5 |
"
        );
    }

    #[test]
    fn without_the_script_there_is_no_ratio_to_it() {
        let runs = round(0.0).into_iter().skip(1).collect();
        assert_eq!(
            ratios(&runs),
            "| ratio | |\n| --- | ---: |\n\
             | seconds: loci-install with uv / the longer of apt alone and wheels alone | 1.25 |\n"
        );
        assert!(!all(&runs).contains("script"));
    }
}
