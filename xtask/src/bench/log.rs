//! What single parts of a build took, by its own account.

use crate::record::Record;

/// Names of parts with their seconds, in the order of the build.
pub type Parts = Vec<(String, f64)>;

/// Of the script: each part starts with a line `=== SECONDS TITLE`, and the last
/// such line has no title.
pub fn of_script(said: &str) -> Parts {
    let marks: Vec<(f64, &str)> = said
        .lines()
        .filter_map(|line| line.strip_prefix("=== "))
        .filter_map(|mark| {
            let (time, title) = mark
                .trim_end()
                .split_once(' ')
                .unwrap_or((mark.trim_end(), ""));
            Some((time.parse().ok()?, title))
        })
        .collect();
    let part = |pair: &[(f64, &str)]| (pair[0].1.to_owned(), pair[1].0 - pair[0].0);
    marks.windows(2).map(part).collect()
}

/// Of loci-install: the steps that had something to do.
pub fn of_record(record: &Record) -> Parts {
    let steps = record.steps.iter();
    let part = steps.filter_map(|step| Some((step.name.clone(), step.seconds?)));
    part.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_where_the_next_one_starts() {
        let said =
            "=== 10.5 python3 -m venv\nsaid\n=== 12.0 apt-get update\n=== \n=== 15.0 \nmore\n";
        assert_eq!(
            of_script(said),
            [
                ("python3 -m venv".to_owned(), 1.5),
                ("apt-get update".to_owned(), 3.0)
            ]
        );
        assert!(of_script("").is_empty());
    }

    #[test]
    fn steps_without_seconds_had_nothing_to_do() {
        let record =
            r#"{"format": 2, "steps": [{"name": "packages", "seconds": 4.5}, {"name": "venv"}]}"#;
        let record = crate::record::parse(record).unwrap();
        assert_eq!(of_record(&record), [("packages".to_owned(), 4.5)]);
    }
}
