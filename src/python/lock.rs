//! Lock files (PEP 751).
