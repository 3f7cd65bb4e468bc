//! What the store promises: see the module's own words.

mod pending;
