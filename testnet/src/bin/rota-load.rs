//! `rota-load`: puts load on Ethereum nodes and measures until transactions are final.

use std::process::ExitCode;

use clap::Parser;
use rota_testnet::load::{self, Options};

fn main() -> eyre::Result<ExitCode> {
    let options = Options::parse();
    if let Err(contradiction) = options.check() {
        eprintln!("error: {contradiction}");
        return Ok(ExitCode::from(2));
    }
    // One thread: the tool shares its machine with the nodes it measures.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = match runtime.block_on(load::run(&options)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {error}");
            return Ok(ExitCode::FAILURE);
        }
    };
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    Ok(if report.finalized > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
