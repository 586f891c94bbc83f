//! A release's wheels: constraints as data, which file each stands for, the build queue.

pub mod heavy;
pub mod jobs;
pub mod queue;
