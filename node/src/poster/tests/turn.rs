//! P6: the draw of the turns.

use super::*;

fn members(powers: &[u64]) -> Vec<Member> {
    (0u8..).zip(powers).map(|(index, power)| Member { validator: Address::repeat_byte(index), power: *power }).collect()
}

#[test]
fn everyone_has_one_turn_and_all_see_the_same_order() {
    let members = members(&[30, 27, 23, 20]);
    let seed = seed(7682, 3, B256::repeat_byte(9), 77);
    let turns = order(seed, &members);
    let mut sorted = turns.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, members.iter().map(|member| member.validator).collect::<Vec<_>>());
    assert_eq!(turns, order(seed, &members));
    for (expected, validator) in (0u64..).zip(&turns) {
        assert_eq!(position(&turns, *validator), Some(expected));
    }
    assert_eq!(position(&turns, Address::repeat_byte(0xee)), None);
}

#[test]
fn whoever_has_no_power_has_no_turn() {
    assert_eq!(order(B256::ZERO, &members(&[0, 5, 0])), [Address::repeat_byte(1)]);
    assert!(order(B256::ZERO, &[]).is_empty());
}

#[test]
fn powers_up_to_the_largest_do_not_overflow() {
    assert_eq!(order(B256::repeat_byte(1), &members(&[u64::MAX; 128])).len(), 128);
}

#[test]
fn every_part_of_the_seed_counts() {
    let link = B256::repeat_byte(9);
    let seeds = [seed(1, 2, link, 3), seed(2, 2, link, 3), seed(1, 3, link, 3), seed(1, 2, link, 4)];
    let other_link = seed(1, 2, B256::repeat_byte(8), 3);
    for (index, one) in seeds.iter().enumerate() {
        assert!(seeds[..index].iter().all(|other| other != one) && *one != other_link);
    }
}

#[test]
fn first_turns_go_by_power() {
    const DRAWS: u64 = 4_000;
    let members = members(&[40, 30, 20, 10]);
    let mut first = [0u64; 4];
    for height in 0..DRAWS {
        let turns = order(seed(7682, 1, B256::ZERO, height), &members);
        first[usize::from(turns[0].0[0])] += 1;
    }
    // Chi-square with three degrees of freedom: 16.3 is passed by one honest draw in a thousand.
    let expected = [1_600.0, 1_200.0, 800.0, 400.0];
    let chi: f64 = first.iter().zip(expected).map(|(seen, wanted)| (*seen as f64 - wanted).powi(2) / wanted).sum();
    assert!(chi < 16.3, "{first:?} gives {chi}");
}

/// E6 of evidence.
#[test]
fn every_part_of_the_seed_of_judges_counts() {
    let [one, other] = [1, 2].map(Address::repeat_byte);
    let seeds = [
        charge_seed(1, 2, one),
        charge_seed(2, 2, one),
        charge_seed(1, 3, one),
        charge_seed(1, 2, other),
        seed(1, 2, B256::ZERO, 0),
    ];
    for (index, one) in seeds.iter().enumerate() {
        assert!(seeds[..index].iter().all(|other| other != one));
    }
}
