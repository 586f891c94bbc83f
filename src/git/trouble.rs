//! Why git could not get something from a server, by what it says.
//!
//! git's exit status is 128 for everything. Its words are those of its sources
//! (<https://github.com/git/git/blob/master/http.c>, `connect.c`, `remote-curl.c`) and
//! of libcurl; `LC_ALL` keeps them untranslated.

use std::sync::LazyLock;

use regex::Regex;

use crate::command::{Ending, Output};

/// Why it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The network or the server, for now: the same may work in a while.
    Passing,
    /// The server wants other credentials, or any.
    Refused,
    /// It fails again in the same way, whatever is asked for: there is no such
    /// repository, no trust, no such protocol.
    Lasting,
    /// Something else: what was asked for may be more than this server can do.
    Unclear,
}

static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)authentication failed|could not read (username|password)|permission denied|returned error: (401|403|407)|host key verification failed",
    )
});

static LASTING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)repository ('.*' )?(not found|does not exist)|does not appear to be a git repository|repository not exported|returned error: (404|410)|server (certificate )?verification failed|ssl certificate problem|certificate subject name|unsupported protocol|unable to find remote helper|no space left",
    )
});

static PASSING: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)could not resolve|unable to look up|name resolution|failed to connect|couldn't connect",
        r"|unable to connect|connection (refused|reset|timed out|was reset|closed)|timed out|timeout",
        r"|too slow|network is unreachable|no route to host|early eof|unexpected disconnect|empty reply",
        r"|hung up unexpectedly|recv failure|send failure|transfer closed|http/2 stream|unexpected eof",
        r"|connection was non-properly terminated|returned error: (408|429|5\d\d)",
    ))
});

static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex(r" '[^'\n]*'"));

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("constant")
}

impl Trouble {
    /// What the words of a failed command mean.
    #[must_use]
    pub fn of(output: &Output) -> Self {
        // Killed, or never started: words would be of something else.
        if !matches!(output.ending, Ending::Exited(_)) {
            return Self::Lasting;
        }
        // A repository may be called anything.
        let said = format!("{}\n{}", output.stdout, output.stderr);
        let said = QUOTED.replace_all(&said, " ''");
        let says = |words: &Regex| words.is_match(&said);
        // A refusal over HTTP also hangs up, hence the order.
        if says(&REFUSED) {
            Self::Refused
        } else if says(&LASTING) {
            Self::Lasting
        } else if says(&PASSING) {
            Self::Passing
        } else {
            Self::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(said: &str) -> Trouble {
        Trouble::of(&Output {
            ending: Ending::Exited(128),
            stdout: said.to_owned(),
            stderr: String::new(),
        })
    }

    #[test]
    fn what_may_work_in_a_while() {
        for said in [
            "fatal: unable to connect to 127.0.0.1:\n127.0.0.1[0: 127.0.0.1]: errno=Connection refused",
            "fatal: unable to access 'http://127.0.0.1:1/x/': Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
            "fatal: unable to access 'http://nosuch.invalid/x/': Could not resolve host: nosuch.invalid",
            "fatal: unable to access 'http://h/x/': The requested URL returned error: 503",
            "error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output",
            "fatal: unable to access 'https://h/not-found/permission-denied/': Could not resolve host: h",
            "ssh: connect to host 127.0.0.1 port 1: Connection refused\nfatal: Could not read from remote repository.",
        ] {
            assert_eq!(of(said), Trouble::Passing, "{said}");
        }
    }

    #[test]
    fn what_needs_other_credentials() {
        for said in [
            "fatal: could not read Username for 'http://127.0.0.1:1': terminal prompts disabled",
            "fatal: Authentication failed for 'http://127.0.0.1:1/x/'",
            "error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403\nfatal: the remote end hung up unexpectedly",
            "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        ] {
            assert_eq!(of(said), Trouble::Refused, "{said}");
        }
    }

    #[test]
    fn what_stays_as_it_is() {
        for said in [
            "fatal: repository 'http://127.0.0.1:18099/none.git/' not found",
            "fatal: repository '/nonexistent/x' does not exist",
            "fatal: remote error: access denied or repository not exported: /x",
            "fatal: unable to access 'https://h/x/': server certificate verification failed. CAfile: none CRLfile: none",
            "fatal: unable to access 'https://h/x/': server verification failed: certificate signer not trusted. (CAfile: /etc/ssl/certs/ca-certificates.crt CRLfile: none)",
            "fatal: unable to access 'https://h/x/': SSL certificate problem: self-signed certificate",
        ] {
            assert_eq!(of(said), Trouble::Lasting, "{said}");
        }
    }

    #[test]
    fn what_was_killed_or_not_started() {
        for ending in [Ending::Killed(15), Ending::NotStarted("no git".to_owned())] {
            let output = Output {
                ending,
                stdout: "fatal: early EOF".to_owned(),
                stderr: String::new(),
            };
            assert_eq!(Trouble::of(&output), Trouble::Lasting);
        }
    }

    #[test]
    fn what_another_way_may_get() {
        for said in [
            "error: Server does not allow request for unadvertised object aa7a5ee85aa6e71faf05a9f9b4bd6b622eca5bc4\nfatal: could not fetch aa7a5ee85aa6e71faf05a9f9b4bd6b622eca5bc4 from promisor remote",
            "fatal: couldn't find remote ref stable/nosuch",
        ] {
            assert_eq!(of(said), Trouble::Unclear, "{said}");
        }
    }
}
