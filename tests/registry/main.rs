//! `fetch-wheels` against real registries, behind servers that fail.
//!
//! Needs `docker-registry`, `openssl`, `curl`, `skopeo` and `buildah`, which
//! `cargo xtask test` installs. Nothing leaves this machine.

mod answer;
mod bench;
mod built;
mod certificates;
mod chance;
mod content;
mod faults;
mod fetch;
mod files;
mod formats;
mod hostile;
mod image;
mod layer;
mod layers;
mod layouts;
mod lists;
mod logins;
mod protocols;
mod proxies;
mod proxy;
mod push;
mod redirects;
mod references;
mod registry;
mod relay;
mod resumed;
mod server;
mod stopped;
mod tokens;
mod tokens_wanted;
mod tools;
mod tunnel;
mod urls;
