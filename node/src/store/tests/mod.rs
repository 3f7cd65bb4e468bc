//! What every store promises.

mod model;
