//! Which distribution this is and how packages are installed on it.

pub mod os_release;
