//! The interpreter that wheels are chosen for.
