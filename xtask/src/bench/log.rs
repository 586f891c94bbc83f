//! What single parts of a build took, by its own account.

use serde_json::Value;

use crate::error::{Error, Result};

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

/// What loci-install says of itself.
pub struct Record(Value);

impl Record {
    /// From build.json.
    pub fn parse(text: &str) -> Result<Self> {
        let record = serde_json::from_str(text);
        Ok(Self(record.map_err(|error| wrong(&error.to_string()))?))
    }

    /// The steps that had something to do.
    pub fn parts(&self) -> Result<Parts> {
        let steps = self.0["steps"].as_array();
        let steps = steps.ok_or_else(|| wrong("it names no steps"))?;
        let step = |step: &Value| {
            let name = step["name"].as_str()?.to_owned();
            Some((name, step["seconds"].as_f64()?))
        };
        Ok(steps.iter().filter_map(step).collect())
    }

    /// Whether it understood an argument, as in `INSTALLER=uv`.
    pub fn has(&self, argument: &str) -> bool {
        let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
        self.0["arguments"][name].as_str() == Some(value)
    }
}

fn wrong(what: &str) -> Error {
    Error::refused(format!("build.json: {what}"))
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
    fn the_record_has_the_steps_and_the_arguments() {
        let record = r#"{"arguments": {"INSTALLER": "uv"},
            "steps": [{"name": "packages", "seconds": 4.5}]}"#;
        let record = Record::parse(record).unwrap();
        assert_eq!(record.parts().unwrap(), [("packages".to_owned(), 4.5)]);
        assert!(record.has("INSTALLER=uv"));
        assert!(!record.has("INSTALLER=pip") && !record.has("OTHER=uv"));
        let error = Record::parse("{}").unwrap().parts().unwrap_err();
        assert_eq!(error.to_string(), "build.json: it names no steps");
    }
}
