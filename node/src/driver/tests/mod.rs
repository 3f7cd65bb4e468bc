//! Tests of the driver's parts, one file a file.

mod newcomers;
mod shares;
