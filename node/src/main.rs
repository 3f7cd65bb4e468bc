//! `rota`: a node of the network, and what goes with running one.

use std::process::ExitCode;

fn main() -> ExitCode {
    rota_node::cli::main()
}
