//! P9 and P10: fees and their replacement.

use super::*;

const GWEI: u128 = 1_000_000_000;

fn market(base_fee: u128, tip: u128, cap: u128) -> Market {
    Market { base_fee: base_fee * GWEI, tip: tip * GWEI, cap: cap * GWEI }
}

/// P9.
#[test]
fn a_first_transaction_offers_twice_the_base_fee_and_the_tip() {
    assert_eq!(Fees::first(&market(10, 1, 100)), Ok(Fees { max_fee: 21 * GWEI, tip: GWEI }));
}

#[test]
fn the_cap_bounds_the_offer_and_refuses_what_it_does_not_reach() {
    assert_eq!(Fees::first(&market(60, 1, 90)), Ok(Fees { max_fee: 80 * GWEI, tip: GWEI }), "one raise is left");
    assert_eq!(Fees::first(&market(99, 1, 100)).map(|fees| fees.max_fee), Ok(100 * GWEI));
    let refused = FeeCap { needed: 101 * GWEI, cap: 100 * GWEI };
    assert_eq!(Fees::first(&market(100, 1, 100)), Err(refused));
}

/// P10.
#[test]
fn a_first_transaction_can_be_replaced_once_whatever_the_cap() {
    for cap in (9..1_000).step_by(7) {
        let market = Market { base_fee: cap / 2, tip: 1, cap };
        let first = Fees::first(&market).unwrap();
        assert!(first.raised(&market).is_ok(), "cap {cap}: {first:?}");
    }
}

#[test]
fn both_fees_of_a_replacement_are_at_least_an_eighth_higher() {
    for (max_fee, tip) in [(0, 0), (1, 0), (1, 1), (7, 3), (8, 8), (1_000_000_007, 999_999_937), (80 * GWEI, 2 * GWEI)]
    {
        let old = Fees { max_fee, tip };
        let new = old.raised(&market(0, 0, 100)).unwrap();
        assert!(8 * new.max_fee >= 9 * max_fee && new.max_fee > max_fee, "{old:?} to {new:?}");
        assert!(8 * new.tip >= 9 * tip && new.tip > tip && new.tip <= new.max_fee.max(1), "{old:?} to {new:?}");
    }
}

#[test]
fn a_replacement_follows_the_market_when_that_is_more() {
    let old = Fees { max_fee: 10 * GWEI, tip: GWEI };
    assert_eq!(old.raised(&market(30, 2, 100)), Ok(Fees { max_fee: 62 * GWEI, tip: 2 * GWEI }));
    assert_eq!(old.raised(&market(80, 2, 100)), Ok(Fees { max_fee: 100 * GWEI, tip: 2 * GWEI }), "up to the cap");
}

/// P10.
#[test]
fn a_replacement_beyond_the_cap_waits() {
    let old = Fees { max_fee: 90 * GWEI, tip: GWEI };
    let needed = 90 * GWEI + 90 * GWEI / 8;
    assert_eq!(old.raised(&market(50, 1, 100)), Err(FeeCap { needed, cap: 100 * GWEI }));
    assert!(old.raised(&market(50, 1, 102)).is_ok());
}
