//! How many builds this machine can run at once.
