//! Requirement and constraint files, line by line.
