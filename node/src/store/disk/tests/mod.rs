//! What the disk promises: see the module's own words.

mod pending;
