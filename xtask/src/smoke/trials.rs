//! What each service is tried by.

/// The trial of a service.
pub struct Trial {
    /// PROJECT.
    pub service: &'static str,
    /// What has to hold in its image: a phrase, and the shell command that finds out.
    pub facts: &'static [(&'static str, &'static str)],
    /// Its programs that serve HTTP.
    pub servers: &'static [Server],
    /// Its programs that do nothing without the message bus, the words of each.
    pub workers: &'static [&'static [&'static str]],
    /// Its console scripts that cannot say `--help`, and why. Their modules have
    /// to be there all the same.
    pub mute: &'static [(&'static str, &'static str)],
}

/// A program that serves HTTP, and what it is asked.
pub struct Server {
    /// It.
    pub program: Program,
    /// In this order.
    pub requests: &'static [Request],
}

/// How a server is started. The word PORT stands for its port.
pub enum Program {
    /// By uwsgi: the application and further arguments.
    Wsgi(&'static str, &'static [&'static str]),
    /// As the words of a command.
    Command(&'static [&'static str]),
}

impl Program {
    /// What it is called in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Wsgi(module, _) => module.split(':').next().unwrap_or(module),
            Self::Command(words) => words.first().copied().unwrap_or_default(),
        }
    }
}

/// A path that is asked for.
pub struct Request {
    /// It.
    pub path: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub answer: Answer,
}

/// What an answer has to be.
pub enum Answer {
    /// A JSON object with this key.
    Json(&'static str),
    /// A page with this text.
    Page(&'static str),
    /// Likewise, and every asset that it names answers, compressed ones among them.
    Dashboard(&'static str),
}

/// The trial of a service, if one is known.
pub fn of(service: &str) -> Option<&'static Trial> {
    TRIALS.iter().find(|trial| trial.service == service)
}

/// A service of which nothing is known yet.
const PLAIN: Trial = Trial {
    service: "",
    facts: &[],
    servers: &[],
    workers: &[],
    mute: &[],
};

/// oslo.rootwrap takes its first argument for its configuration.
const ROOTWRAP: &str = "takes the name of a file first";

/// What runs in octavia's machines and not in its image.
const AMPHORA: &str = "is called by other programs, and knows no options";

const fn json(path: &'static str, status: u16, key: &'static str) -> Request {
    Request {
        path,
        status,
        answer: Answer::Json(key),
    }
}

const TRIALS: &[Trial] = &[
    Trial {
        service: "cinder",
        servers: &[Server {
            program: Program::Wsgi("cinder.wsgi.api:application", &[]),
            requests: &[json("/", 300, "versions")],
        }],
        workers: &[&["cinder-scheduler"]],
        mute: &[
            ("cinder-rootwrap", ROOTWRAP),
            ("cinder-rtstool", "says its help with status 1"),
        ],
        ..PLAIN
    },
    Trial {
        service: "glance",
        servers: &[Server {
            program: Program::Wsgi("glance.wsgi.api:application", &[]),
            requests: &[
                json("/", 300, "versions"),
                json("/v2/schemas/image", 200, "properties"),
            ],
        }],
        mute: &[
            (
                "glance-api",
                "says that it has to run under a WSGI server, and nothing else",
            ),
            ("glance-replicator", "says its help with status 1"),
        ],
        ..PLAIN
    },
    Trial {
        service: "heat",
        servers: &[Server {
            program: Program::Wsgi("heat.wsgi.api:application", &[]),
            requests: &[json("/", 300, "versions")],
        }],
        workers: &[&["heat-engine"]],
        ..PLAIN
    },
    Trial {
        service: "horizon",
        servers: &[Server {
            program: Program::Wsgi(
                "openstack_dashboard.wsgi:application",
                &["--static-map", "/static=/var/www/html/horizon"],
            ),
            requests: &[Request {
                path: "/auth/login/",
                status: 200,
                answer: Answer::Dashboard("csrfmiddlewaretoken"),
            }],
        }],
        ..PLAIN
    },
    Trial {
        service: "ironic",
        servers: &[Server {
            program: Program::Wsgi("ironic.wsgi.api:application", &[]),
            requests: &[json("/", 200, "versions"), json("/v1/nodes", 200, "nodes")],
        }],
        workers: &[&["ironic-conductor"]],
        ..PLAIN
    },
    Trial {
        service: "keystone",
        servers: &[Server {
            program: Program::Wsgi("keystone.wsgi.api:application", &[]),
            requests: &[json("/v3", 200, "version")],
        }],
        mute: &[("keystone-status", "looks for its keys first")],
        ..PLAIN
    },
    Trial {
        service: "neutron",
        servers: &[Server {
            program: Program::Wsgi("neutron.wsgi.api:application", &[]),
            requests: &[
                json("/", 200, "versions"),
                json("/v2.0/networks", 200, "networks"),
            ],
        }],
        workers: &[&["neutron-rpc-server"], &["neutron-dhcp-agent"]],
        mute: &[
            ("neutron-ovn-migration-mtu", "says its help with status 1"),
            ("neutron-rootwrap", ROOTWRAP),
            ("neutron-rootwrap-daemon", ROOTWRAP),
        ],
        ..PLAIN
    },
    Trial {
        service: "nova",
        facts: &[
            (
                "account tss",
                "test \"$(getent passwd tss)\" = 'tss:x:42434:42434:tss user:/home/tss:/usr/sbin/nologin'",
            ),
            (
                "libvirt",
                "python -c 'import libvirt; libvirt.getVersion()'",
            ),
        ],
        servers: &[
            Server {
                program: Program::Wsgi("nova.wsgi.osapi_compute:application", &[]),
                requests: &[json("/", 200, "versions")],
            },
            Server {
                program: Program::Command(&[
                    "nova-novncproxy",
                    "--vnc-novncproxy_host=127.0.0.1",
                    "--vnc-novncproxy_port=PORT",
                ]),
                requests: &[Request {
                    path: "/vnc_auto.html",
                    status: 200,
                    answer: Answer::Page("noVNC"),
                }],
            },
            Server {
                program: Program::Command(&[
                    "nova-spicehtml5proxy",
                    "--spice-html5proxy_host=127.0.0.1",
                    "--spice-html5proxy_port=PORT",
                ]),
                requests: &[Request {
                    path: "/spice_auto.html",
                    status: 200,
                    answer: Answer::Page("spice-html5"),
                }],
            },
        ],
        workers: &[&["nova-conductor"], &["nova-compute"]],
        mute: &[
            ("nova-rootwrap", ROOTWRAP),
            ("nova-rootwrap-daemon", ROOTWRAP),
        ],
    },
    Trial {
        service: "octavia",
        servers: &[Server {
            program: Program::Wsgi("octavia.wsgi.api:application", &[]),
            requests: &[json("/", 200, "versions")],
        }],
        workers: &[&["octavia-worker"]],
        mute: &[
            ("amphora-health-checker", AMPHORA),
            ("amphora-interface", AMPHORA),
            ("haproxy-vrrp-check", AMPHORA),
            ("prometheus-proxy", AMPHORA),
        ],
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::SERVICES;
    use crate::workspace;

    #[test]
    fn every_service_of_the_matrix_is_tried() {
        let tried: Vec<&str> = TRIALS.iter().map(|trial| trial.service).collect();
        let known: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(tried, known);
        for trial in TRIALS {
            assert!(!trial.servers.is_empty(), "{}", trial.service);
            let script = format!("services/{}.sh", trial.service);
            assert!(workspace::scripts().join(&script).exists(), "{script}");
        }
    }
}
