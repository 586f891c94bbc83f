//! Packages that are known to take long to compile.
