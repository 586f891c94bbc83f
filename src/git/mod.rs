//! git: what its files say without it, who it is to servers, and why it fails.

mod checkout;
mod logins;
mod trouble;

pub use checkout::{Checkout, NotHere, empty_submodules, is_checkout};
pub use logins::{Remote, SECRET, credentials_file};
pub use trouble::Trouble;

use crate::command::Command;

/// A command of git in a directory.
#[must_use]
pub fn git_in<'a>(directory: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    Command::new("git").args(["-C", directory]).args(arguments)
}
