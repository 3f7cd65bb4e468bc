use alloy_primitives::U256;
use clap::Parser;

use crate::load::Options;
use crate::load::setup::Plan;
use crate::load::transaction::Fees;

fn plan(arguments: &str) -> Plan {
    let words = ["rota-load", "--rpc", "http://a:1"].into_iter().chain(arguments.split_whitespace());
    let options = Options::try_parse_from(words).unwrap();
    Plan::of(&options, 10, Fees { tip_wei: 1, cap_wei: 100 })
}

#[test]
fn sender_needs_its_window_at_the_cap_and_its_transactions_at_twice_the_price() {
    let plan = plan("--rate 50 --seconds 10 --senders 7 --window 2");
    assert_eq!(plan.transactions, 72);
    assert_eq!(plan.needed, U256::from(2 * (21_000 * 100 + 1) + 72 * (21_000 * 21 + 1)));
    assert_eq!(plan.signed_ahead, 72);
}

/// L4.
#[test]
fn long_run_signs_ahead_no_more_than_fits_in_memory() {
    let plan = plan("--rate max --seconds 3600 --senders 1000");
    assert_eq!((plan.transactions, plan.signed_ahead), (28_800, 400));
}
