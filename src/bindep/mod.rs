//! The bindep language.
