//! The build queue.
