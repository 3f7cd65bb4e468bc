use alloy_primitives::Address;

use super::*;

fn token() -> Token {
    Token { decimals: 18, symbol: "ROTA".into() }
}

fn values() -> Values {
    Values {
        minimumBond: 1_000_000_000_000_000_000,
        powerCap: 100_000_000_000_000_000_000,
        unbondingDelay: 20,
        keyRotationInterval: 1,
        maximumExitWait: 8,
        minimumSize: 1,
        entryBound: 1_250,
        exitBound: 1_250,
        replacementMargin: 500,
        treasury: Address::repeat_byte(0xaa),
    }
}

fn set(changes: &[&str]) -> eyre::Result<Values> {
    changed(&values(), &changes.iter().map(|change| (*change).to_owned()).collect::<Vec<_>>(), &token())
}

#[track_caller]
fn refused(changes: &[&str], words: &str) {
    let refusal = format!("{:#}", set(changes).expect_err("a refusal"));
    assert!(refusal.contains(words), "{changes:?}: {refusal}");
}

#[test]
fn what_cannot_be_set_is_refused_by_name() {
    refused(&["minimumBond"], "'minimumBond' sets nothing: name=value is wanted");
    refused(&["minimum_bond=2"], "no parameter is named 'minimum_bond': there are minimumBond, powerCap,");
    refused(&["minimumBond=2", "minimumBond=3"], "minimumBond is set twice");
    refused(&["minimumBond=1e3"], "minimumBond: '1e3' is no amount");
    refused(&["unbondingDelay=-1"], "unbondingDelay: '-1' is no number of epochs");
    refused(&["minimumSize=65536"], "'65536' is no number of members");
    refused(&["entryBound=1250"], "'1250' has no sign: a share is written in percent");
    refused(&["exitBound=101%"], "'101%' is more than 100%");
    refused(&["treasury=me"], "'me' is no address");
    refused(&["minimumBond=1.0", "minimumSize=1"], "these are the values that hold already");
}

#[test]
fn what_is_not_named_stays() -> eyre::Result<()> {
    let then = set(&["minimumBond=2.5", "exitBound=10%", "treasury=0x00000000000000000000000000000000000000bb"])?;
    let treasury = Address::with_last_byte(0xbb);
    let expected = Values { minimumBond: 2_500_000_000_000_000_000, exitBound: 1_000, treasury, ..values() };
    assert_eq!(then, expected);
    let lines = differences(&values(), &then, &token());
    let treasuries = format!("treasury: {} -> {treasury}", Address::repeat_byte(0xaa));
    assert_eq!(lines, ["minimumBond: 1 ROTA -> 2.5 ROTA", "exitBound: 12.5% -> 10%", &treasuries]);
    Ok(())
}

#[test]
fn every_parameter_is_set_and_shown() -> eyre::Result<()> {
    let then = set(&[
        "minimumBond=2",
        "powerCap=200",
        "unbondingDelay=21",
        "keyRotationInterval=2",
        "maximumExitWait=9",
        "minimumSize=2",
        "entryBound=1%",
        "exitBound=2%",
        "replacementMargin=3.5%",
        "treasury=0x00000000000000000000000000000000000000bb",
    ])?;
    assert_eq!(differences(&values(), &then, &token()).len(), Parameter::ALL.len());
    assert_eq!(differences(&then, &then, &token()), [""; 0]);
    Ok(())
}
