//! Who leads (rule L1).

use std::{collections::BTreeMap, fs, path::Path};

use alloy_primitives::{B256, U256, hex, keccak256};
use rota_proto::{Epoch, Place, ValidatorSet, View, leader_seed};
use serde_json::{Value, json};

use super::network::{EPOCH, STAKES, place, set};
use crate::LeaderSchedule;

const PREVRANDAO: B256 = B256::repeat_byte(0x9e);

fn drawn() -> LeaderSchedule {
    LeaderSchedule::Drawn(leader_seed(7_682, EPOCH, PREVRANDAO))
}

/// The first validator whose running sum exceeds the ticket, by the words of the rule.
fn by_hand(set: &ValidatorSet, seed: B256, view: u64) -> (U256, Place) {
    let ticket = U256::from_be_bytes(keccak256([seed.as_slice(), &view.to_be_bytes()].concat()).0);
    let ticket = ticket % U256::from(set.total_power());
    let mut below = U256::ZERO;
    for (place, validator) in set.iter() {
        let above = below + U256::from(validator.power.0);
        if (below..above).contains(&ticket) {
            return (ticket, place);
        }
        below = above;
    }
    unreachable!("the ticket is below the total")
}

/// Rule L1: the seed.
#[test]
fn seed_is_a_hash_of_chain_epoch_and_prevrandao() {
    let bytes = [&b"rota/leader"[..], &7_682u64.to_be_bytes(), &7u64.to_be_bytes(), PREVRANDAO.as_slice()].concat();
    let seed = leader_seed(7_682, EPOCH, PREVRANDAO);
    assert_eq!(seed, keccak256(bytes));
    for other in [
        leader_seed(7_683, EPOCH, PREVRANDAO),
        leader_seed(7_682, Epoch(8), PREVRANDAO),
        leader_seed(7_682, EPOCH, B256::ZERO),
    ] {
        assert_ne!(seed, other);
    }
}

/// Rule L1: with stakes 40/30/20/10 each leads in proportion. Chi-square with 3 degrees of freedom stays below 16.27
/// in 999 of 1,000 runs; this run is always the same.
#[test]
fn leaders_are_drawn_in_proportion_to_stake() {
    let (set, leaders) = (set(EPOCH, &STAKES), drawn());
    let mut led = BTreeMap::new();
    for view in 1..=1_000 {
        *led.entry(leaders.leader(&set, View(view))).or_insert(0u32) += 1;
    }
    let chi_square: f64 = set
        .iter()
        .map(|(place, validator)| {
            let expected = 10.0 * f64::from(u32::try_from(validator.power.0).unwrap());
            (f64::from(led[&place]) - expected).powi(2) / expected
        })
        .sum();
    println!("leaders of 1,000 views: {led:?}, chi-square {chi_square:.2}");
    assert!(chi_square < 16.27, "{led:?}: {chi_square}");
}

/// Rule L1, against the rule done by hand: also with empty places and the largest powers.
#[test]
fn draw_is_the_running_sum_in_order_of_place() {
    let members = set(EPOCH, &[u64::MAX, 1, 7, 5]);
    let gaps = [(place(3), place(0)), (place(77), place(1)), (place(127), place(2))];
    let sparse = gaps.map(|(to, from)| (to, members.get(from).unwrap().clone()));
    let sparse = ValidatorSet::new(EPOCH, sparse.into_iter().collect()).unwrap();
    let seed = leader_seed(1, EPOCH, PREVRANDAO);
    for set in [&*set(EPOCH, &STAKES), &*members, &sparse, &*set(EPOCH, &[1])] {
        for view in 0..200 {
            assert_eq!(LeaderSchedule::Drawn(seed).leader(set, View(view)), by_hand(set, seed, view).1);
        }
    }
}

/// A schedule that is chosen, as simulations choose theirs.
#[test]
fn chosen_leaders_take_turns() {
    let (set, chosen) = (set(EPOCH, &STAKES), LeaderSchedule::Chosen(vec![place(2), place(0)]));
    let leaders = [1, 2, 3, 4].map(|view| chosen.leader(&set, View(view)).number());
    assert_eq!(leaders, [2, 0, 2, 0]);
}

fn vectors() -> Value {
    let set = set(EPOCH, &STAKES);
    let seed = leader_seed(7_682, EPOCH, PREVRANDAO);
    let draw = |view| {
        let (ticket, leader) = by_hand(&set, seed, view);
        json!({ "view": view, "ticket": ticket.to_string(), "leader": leader })
    };
    let member = |(place, member): (Place, &rota_proto::Validator)| json!({ "place": place, "power": member.power });
    json!({
        "rollupChainId": 7_682,
        "epoch": EPOCH,
        "prevrandao": PREVRANDAO,
        "seed": seed,
        "validators": set.iter().map(member).collect::<Vec<_>>(),
        "draws": (1..=20).map(draw).collect::<Vec<_>>(),
    })
}

/// Rule L1: the golden vectors beside those of `proto`. `ROTA_REGENERATE=1 cargo test -p rota-consensus vectors`
/// writes them.
#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write the file is for who runs the test to say")]
fn draws_of_the_vectors_stand() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/vectors/leaders.json");
    let fresh = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("ROTA_REGENERATE").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let stands = fs::read_to_string(&path).unwrap();
    assert_eq!(stands, fresh, "run ROTA_REGENERATE=1 cargo test -p rota-consensus vectors");
    let vectors: Value = serde_json::from_str(&stands).unwrap();
    let seed = B256::from_slice(&hex::decode(vectors["seed"].as_str().unwrap()).unwrap());
    let set = set(EPOCH, &STAKES);
    for draw in vectors["draws"].as_array().unwrap() {
        let leader = LeaderSchedule::Drawn(seed).leader(&set, View(draw["view"].as_u64().unwrap()));
        assert_eq!(draw["leader"], json!(leader));
    }
}
