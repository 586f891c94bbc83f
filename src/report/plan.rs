//! The plan, for people, for programs and as a picture.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::findings::Problem;
use crate::plan::{Action, Plan, Work};
use crate::schedule::{Forecast, forecast};
use crate::secrets::Secrets;
use crate::step::StepName;

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For graphviz.
    Dot,
}

/// Prints a plan without the credentials in it.
#[must_use]
pub fn render(plan: &Plan, format: Format, secrets: &Secrets) -> String {
    match format {
        Format::Text => secrets.mask(&text(plan)),
        Format::Json => {
            let plan = secrets.mask_json(json(plan));
            let mut text = serde_json::to_string_pretty(&plan).unwrap_or_default();
            text.push('\n');
            text
        }
        Format::Dot => dot(plan),
    }
}

fn text(plan: &Plan) -> String {
    let mut out = format!("{} on {}\n", plan.project, plan.platform);
    for step in &plan.steps {
        let needs: Vec<_> = plan.needs(step.name).map(StepName::as_str).collect();
        let _ = write!(out, "\n{}: {}\n", step.name, step.why);
        if !needs.is_empty() {
            let _ = writeln!(out, "    after  {}", needs.join(", "));
        }
        match &step.work {
            Work::Done(reason) => {
                let _ = writeln!(out, "    done   {reason}");
            }
            Work::Do(actions) => {
                if plan.hermetic {
                    let online = if step.online() { "yes" } else { "no" };
                    let _ = writeln!(out, "    online {online}");
                }
                for action in actions {
                    let (verb, what) = described(action);
                    let _ = writeln!(out, "    {verb:<6} {what}");
                    for detail in details(action) {
                        let _ = writeln!(out, "           {detail}");
                    }
                }
            }
        }
    }
    out.push('\n');
    out.push_str(&critical_path(plan));
    out
}

/// The steps that decide how long it will take.
fn critical_path(plan: &Plan) -> String {
    let Forecast { seconds, path } = forecast(plan);
    let steps: Vec<_> = path
        .iter()
        .filter(|(_, seconds)| *seconds >= 0.5)
        .map(|(step, seconds)| format!("{step} {seconds:.0} s"))
        .collect();
    if steps.is_empty() {
        return "critical path: none, all is done\n".to_owned();
    }
    let remembered = |name| {
        let step = plan.steps.iter().find(|step| step.name == name);
        step.is_some_and(|step| step.expected.remembered)
    };
    let known = path.iter().filter(|(step, _)| remembered(*step)).count();
    let source = match known {
        0 => "estimated",
        _ if known == path.len() => "as the last time",
        _ => "as the last time, in part estimated",
    };
    format!(
        "critical path: {}; {seconds:.0} s in all, {source}\n",
        steps.join(", ")
    )
}

/// A verb and what it acts on.
fn described(action: &Action) -> (&'static str, String) {
    match action {
        Action::Run { command, .. } => ("run", command.to_string()),
        Action::Directory { path, owner: None } => ("make", path.clone()),
        Action::Directory {
            path,
            owner: Some((uid, gid)),
        } => ("make", format!("{path}, owned by {uid}:{gid}")),
        Action::Remove { path } => ("remove", path.clone()),
        Action::Task(task) => ("do", task.describe()),
    }
}

fn details(action: &Action) -> Vec<String> {
    match action {
        Action::Task(task) => task.details(),
        _ => Vec::new(),
    }
}

fn json(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let (done, actions) = match &step.work {
                Work::Done(reason) => (Some(reason), Vec::new()),
                Work::Do(actions) => (None, actions.iter().map(action_json).collect()),
            };
            let mut value = json!({
                "name": step.name,
                "why": step.why,
                "needs": plan.needs(step.name).collect::<Vec<_>>(),
                "locks": step.name.locks(),
                "done": done,
                "actions": actions,
                "expected": {
                    "seconds": step.expected.seconds,
                    "remembered": step.expected.remembered,
                },
            });
            if plan.hermetic {
                value["online"] = step.online().into();
            }
            value
        })
        .collect();
    let forecast = forecast(plan);
    let path: Vec<StepName> = forecast.path.iter().map(|(step, _)| *step).collect();
    json!({
        "format": 1,
        "project": plan.project,
        "platform": {
            "id": plan.platform.distribution.id,
            "version": plan.platform.distribution.version,
            "codename": plan.platform.distribution.codename,
            "family": plan.platform.family.as_str(),
            "architecture": plan.platform.architecture,
        },
        "steps": steps,
        "critical_path": { "seconds": forecast.seconds, "steps": path },
        "problems": plan.problems.iter().map(Problem::text).collect::<Vec<_>>(),
        "warnings": plan.warnings,
    })
}

fn action_json(action: &Action) -> Value {
    let (verb, what) = described(action);
    match action {
        Action::Directory { path, owner } => json!({
            "make": path,
            "owner": owner.map(|(uid, gid)| json!({"uid": uid, "gid": gid})),
        }),
        _ => match details(action) {
            details if details.is_empty() => json!({ verb: what }),
            details => json!({ verb: what, "details": details }),
        },
    }
}

fn dot(plan: &Plan) -> String {
    let mut out = String::from("digraph plan {\n    rankdir = LR;\n    node [shape = box];\n");
    for step in &plan.steps {
        let style = if matches!(step.work, Work::Done(_)) {
            " [style = dashed]"
        } else {
            ""
        };
        let _ = writeln!(out, "    {}{style};", step.name);
        for need in plan.needs(step.name) {
            let _ = writeln!(out, "    {need} -> {};", step.name);
        }
    }
    out.push_str("}\n");
    out
}
