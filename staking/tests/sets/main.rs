//! The registry beside the contracts themselves (rules R3, R10): 10,000 random histories of stakes that join, grow,
//! shrink, leave, come back, change keys and are slashed, under parameters that governance changes. In every one, the
//! set of every epoch that is folded from the logs is what the contract's view says, and so is the hash over the
//! changes.

#[path = "../ed25519/dice.rs"]
#[expect(dead_code, reason = "signatures need more of it")]
mod dice;
mod history;
mod l1;

use eyre::{Result, WrapErr as _};

use self::{
    history::{ACCOUNTS, History, Tally, account},
    l1::{DEPLOYER, L1},
};

/// Histories of each test; there are four, so that they share the machine.
const HISTORIES: u64 = 2_500;

fn histories(first: u64) -> Result<()> {
    let holders: Vec<_> = (0..ACCOUNTS).map(account).chain([DEPLOYER]).collect();
    let deployed = L1::deploy(&holders)?;
    let mut tally = Tally { smallest: usize::MAX, ..Tally::default() };
    for seed in first..first + HISTORIES {
        let history = History::begin(seed, &deployed, &mut tally).and_then(History::live);
        history.wrap_err_with(|| format!("history {seed}"))?;
    }
    println!("{tally:?}");
    assert_eq!(tally.histories, HISTORIES);
    let enough = [tally.done, tally.refused, tally.changes, tally.slashes, tally.sets];
    assert!(enough.iter().all(|count| *count > HISTORIES / 4), "{tally:?}");
    assert!(tally.smallest == 1 && tally.largest > 6, "{tally:?}");
    Ok(())
}

#[test]
fn registry_and_contract_agree_in_the_first_histories() -> Result<()> {
    histories(0)
}

#[test]
fn registry_and_contract_agree_in_the_second_histories() -> Result<()> {
    histories(HISTORIES)
}

#[test]
fn registry_and_contract_agree_in_the_third_histories() -> Result<()> {
    histories(2 * HISTORIES)
}

#[test]
fn registry_and_contract_agree_in_the_last_histories() -> Result<()> {
    histories(3 * HISTORIES)
}
