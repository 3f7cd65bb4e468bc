//! Tests of the driver's parts, one file a file.

mod evidence;
mod newcomers;
mod shares;
