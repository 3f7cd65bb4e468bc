#![doc = include_str!("README.md")]

pub mod accounts;
pub mod blocks;
pub mod drive;
pub mod fleet;
pub mod fund;
pub mod http;
pub mod lane;
pub mod options;
pub mod pace;
pub mod rpc;
pub mod sender;
pub mod setup;
pub mod tally;
pub mod transaction;

pub use options::Options;
pub use setup::SetupError;
pub use tally::Report;

#[cfg(test)]
mod tests;

/// Prepares the network, sends for as long as the options say, and reports.
///
/// Wants a tokio runtime with IO and time; one thread is enough.
///
/// # Errors
/// [`SetupError`] if the run cannot begin. Whatever goes wrong later is counted in the report.
pub async fn run(options: &Options) -> Result<Report, SetupError> {
    let (fleet, next) = setup::prepare(options).await?;
    let (tally, sending) = drive::drive(options, fleet, next).await;
    Ok(tally.report(sending))
}
