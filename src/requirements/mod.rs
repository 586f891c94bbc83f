//! A release's wheels: constraints as data, which file each stands for, the build queue.
//!
//! ```text
//! upper-constraints.txt ─► edits ─► resolver ─► lock ─► units ─► maker ─► set ─► published
//!   local sources ───────────▲        ▲                            ▲
//!                             index (what the user says)    needs, builder, queue
//! ```

pub mod edits;
pub mod heavy;
pub mod jobs;
pub mod local;
pub mod maker;
pub mod needs;
pub mod queue;
pub mod resolver;
pub mod set;
pub mod unit;
pub mod workshop;
