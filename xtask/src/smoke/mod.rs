//! Trying an image: what holds of every service, then its programs at work.

mod server;
mod trials;

use std::path::Path;

use crate::catalogue;
use crate::engine::{Container, Engine};
use crate::error::{Error, Result};
use crate::{network, process};

use server::Server;
use trials::{Answer, Program};

/// What oslo.messaging logs when nobody answers for the message bus.
const REFUSED: &str = "Connection failed: [Errno 111]";

/// Tries the image of a service and tells what was seen, a phrase each.
pub fn run(engine: Engine, image: &str, service: &str) -> Result<Vec<String>> {
    let container = engine.container(image)?;
    let trial = trials::of(service);
    let mute = trial.map_or(&[] as &[_], |trial| trial.mute);
    let mut arguments = vec![service, catalogue::distribution(service)];
    arguments.extend(mute.iter().map(|(script, _)| *script));
    process::run(container.script(service, &[], "service.sh", &arguments))?;
    let Some(trial) = trial else {
        eprintln!("    {service} itself was not started: how is not known here");
        return Ok(vec!["packages agree".to_owned()]);
    };
    let mut seen = Vec::new();
    for (what, command) in trial.facts {
        process::run(container.script(service, &[], "fact.sh", &[command]))?;
        seen.push((*what).to_owned());
    }
    for server in trial.servers {
        seen.push(serve(&container, service, server)?);
    }
    for worker in trial.workers {
        wait(&container, service, worker)?;
        seen.push(format!("{} asks for its bus", worker[0]));
    }
    Ok(seen)
}

/// Starts what serves HTTP, asks it, and tells what was answered in a phrase.
fn serve(container: &Container, service: &str, server: &trials::Server) -> Result<String> {
    let port = network::free_port()?;
    let words = words(&server.program, port);
    let mut running = start(container, service, &words, server.program.name())?;
    let mut seen = Vec::new();
    for request in server.requests {
        let path = request.path;
        let body = running.answer(port, path, request.status)?;
        seen.push(format!("GET {path} {}", request.status));
        let wrong = |what: String| running.failure(format!("GET {path}: {what}"));
        match request.answer {
            Answer::Json(key) => {
                let json: serde_json::Value = serde_json::from_str(&body)
                    .map_err(|error| wrong(format!("no JSON ({error}): {body}")))?;
                if json.get(key).is_none() {
                    return Err(wrong(format!("no {key:?} in {json}")));
                }
                eprintln!("    GET {path} answers:");
                println!("{json:#}");
            }
            Answer::Page(text) | Answer::Dashboard(text) if !body.contains(text) => {
                return Err(wrong(format!("no {text:?} in the page:\n{body}")));
            }
            Answer::Page(_) => {}
            Answer::Dashboard(_) => {
                let assets = assets(&body);
                let compressed = assets.iter().filter(|asset| asset.contains("/dashboard/"));
                if compressed.count() == 0 {
                    return Err(wrong(format!("no compressed assets in the page:\n{body}")));
                }
                for asset in &assets {
                    running.answer(port, asset, 200)?;
                }
                seen.push(format!("{} assets 200", assets.len()));
            }
        }
    }
    Ok(match &server.program {
        Program::Wsgi(..) => seen.join(", "),
        Program::Command(_) => format!("{}: {}", server.program.name(), seen.join(", ")),
    })
}

/// Starts what needs the message bus, up to where it asks for that.
fn wait(container: &Container, service: &str, worker: &[&str]) -> Result<()> {
    let words: Vec<String> = worker.iter().map(ToString::to_string).collect();
    start(container, service, &words, worker[0])?.says(REFUSED)
}

fn start(container: &Container, service: &str, words: &[String], name: &str) -> Result<Server> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let arguments = [&[service], words.as_slice()].concat();
    Server::start(name, container.script(service, &[], "run.sh", &arguments))
}

/// The command that serves on a port.
fn words(program: &Program, port: u16) -> Vec<String> {
    let words = match program {
        Program::Wsgi(module, more) => {
            let uwsgi = "uwsgi --master --die-on-term --enable-threads --need-app --buffer-size 65535 \
                 --virtualenv /var/lib/openstack --http-socket 127.0.0.1:PORT --module";
            let mut words: Vec<&str> = uwsgi.split_whitespace().collect();
            words.push(module);
            words.extend(*more);
            words
        }
        Program::Command(words) => words.to_vec(),
    };
    let port = port.to_string();
    words
        .iter()
        .map(|word| word.replace("PORT", &port))
        .collect()
}

/// The scripts and style sheets that a page names below /static.
fn assets(page: &str) -> Vec<String> {
    let quoted = page.split(['"', '\'']);
    let named = quoted.filter(|word| word.starts_with("/static/"));
    let paths = named.map(|word| word.split(['?', '#']).next().unwrap_or_default());
    let mut assets: Vec<String> = paths
        .filter(|path| {
            let extension = Path::new(path).extension().unwrap_or_default();
            extension == "js" || extension == "css"
        })
        .map(ToOwned::to_owned)
        .collect();
    assets.sort();
    assets.dedup();
    assets
}

/// What a build of a finished image has to say.
pub fn is_finished(service: &str, said: &str) -> Result<()> {
    let wanted = format!("{service}: the image is finished; there is nothing to do");
    if said.lines().any(|line| line.trim() == wanted) {
        return Ok(());
    }
    Err(Error::refused(format!(
        "a build of the finished image did not say {wanted:?}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_gets_its_port() {
        let console = Program::Command(&["proxy", "--port=PORT"]);
        assert_eq!(words(&console, 6080), ["proxy", "--port=6080"]);
        let api = words(&Program::Wsgi("a.wsgi:application", &["--more"]), 5000);
        assert!(api.contains(&"127.0.0.1:5000".to_owned()), "{api:?}");
        assert_eq!(
            api[api.len() - 3..],
            ["--module", "a.wsgi:application", "--more"]
        );
    }

    #[test]
    fn assets_are_scripts_and_style_sheets_once_each() {
        let page = r#"<link rel="stylesheet" href="/static/dashboard/css/output.1.css" />
            <script src='/static/dashboard/js/output.2.js?v=1'></script>
            <script src="/static/dashboard/js/output.2.js"></script>
            <link rel="shortcut icon" href="/static/favicon.ico"/>
            <script src="https://elsewhere.example.org/static/a.js"></script>"#;
        assert_eq!(
            assets(page),
            [
                "/static/dashboard/css/output.1.css",
                "/static/dashboard/js/output.2.js"
            ]
        );
    }

    #[test]
    fn a_finished_image_says_so() {
        let said = "warning\n    nova: the image is finished; there is nothing to do\nCOMMIT\n";
        is_finished("nova", said).unwrap();
        assert_eq!(
            is_finished("heat", said).unwrap_err().to_string(),
            "a build of the finished image did not say \
             \"heat: the image is finished; there is nothing to do\""
        );
    }
}
