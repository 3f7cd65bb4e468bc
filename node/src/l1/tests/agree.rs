//! What follows from what endpoints say: rules Z3, Z4, Z5, Z6.

use alloy_primitives::{Address, B256};
use rota_proto::{Epoch, Place, VotingPower};
use rota_staking::ValidatorChange;

use super::{super::chain::Reach, *};

/// The blocks from 1 on, each a letter: blocks of one letter are of one chain, a capital one has a change of the set.
fn testimony(letters: &str) -> Testimony {
    let hash = |letter: char, number: u8| {
        B256::left_padding_from(&[u8::try_from(letter.to_ascii_lowercase()).unwrap(), number])
    };
    let mut parent_hash = B256::ZERO;
    let mut blocks = Vec::new();
    for (number, letter) in (1u8..).zip(letters.chars()) {
        let change = ValidatorChange {
            effective_epoch: Epoch(2),
            place: Place::new(0).unwrap(),
            operator: Address::ZERO,
            consensus_key: B256::ZERO,
            power: VotingPower(1),
            fee_recipient: Address::ZERO,
        };
        blocks.push(L1Block {
            number: number.into(),
            hash: hash(letter, number),
            parent_hash,
            timestamp: 0,
            prevrandao: B256::ZERO,
            changes: letter.is_uppercase().then_some(change).into_iter().collect(),
            change_hash: None,
        });
        parent_hash = hash(letter, number);
    }
    let last_final = letters.len() as u64;
    Testimony { reach: Reach { newest: last_final + 2, last_final }, blocks }
}

fn with_voices<T>(said: &[&str], look: impl FnOnce(&[Voice<'_>]) -> T) -> T {
    let said: Vec<Testimony> = said.iter().map(|letters| testimony(letters)).collect();
    let voices: Vec<Voice<'_>> =
        said.iter().enumerate().map(|(number, testimony)| Voice { number, testimony, is_current: true }).collect();
    look(&voices)
}

/// What `agree` of so many endpoints find if these are heard: blocks as letters, `?` for a disagreement, `!` for too
/// few.
#[track_caller]
fn check(endpoints: usize, agree: usize, said: &[&str], expected: &str) {
    let found = with_voices(said, |voices| Quorum { endpoints, agree }.find(voices));
    let letter = |block: &L1Block| {
        let letter = char::from(block.hash[30]);
        if block.changes.is_empty() { letter } else { letter.to_ascii_uppercase() }
    };
    let found = match found {
        Finding::Blocks(blocks) => blocks.iter().map(letter).collect(),
        Finding::Differ { .. } => "?".into(),
        Finding::TooFew { .. } => "!".to_owned(),
    };
    assert_eq!(found, expected, "{agree} of {endpoints}: {said:?}");
}

#[test]
fn z3_blocks_are_taken_as_far_as_enough_have_them_alike() {
    check(3, 2, &["aaa", "aaa", "aaa"], "aaa");
    check(3, 2, &["aaa", "aa", "a"], "aa");
    check(3, 2, &["aaa", "aaa"], "aaa");
    // Another fork, a log left out, a log made up.
    check(3, 2, &["aaa", "bbb", "aaa"], "aaa");
    check(3, 2, &["aAa", "aaa", "aAa"], "aAa");
    check(3, 2, &["aaa", "aAa", "aaa"], "aaa");
    // Whoever was wrong once is not heard of later blocks.
    check(3, 2, &["Aaa", "aaa", "aa"], "aa");
    check(5, 3, &["aaa", "aab", "abb", "bbb", "aaa"], "aa");
    check(3, 2, &["", "", "a"], "");
    check(3, 2, &["", "", ""], "");
}

#[test]
fn z4_as_many_as_the_settings_say_and_more_than_half_of_those_that_speak() {
    check(3, 2, &["a"], "!");
    check(3, 3, &["a", "a"], "!");
    check(2, 1, &["a"], "a");
    // Both have to say it while two answer, also if one only says that it is not final.
    check(2, 1, &["a", "a"], "a");
    check(2, 1, &["a", "b"], "?");
    check(2, 1, &["a", ""], "");
    check(4, 1, &["a", "a", "b", "b"], "?");
    check(4, 1, &["a", "a", "b"], "a");
    let number = |agree, said: &[&str]| with_voices(said, |voices| Quorum { endpoints: 3, agree }.final_number(voices));
    assert_eq!(number(2, &["a", "aaa", "aaaaa"]), Some(3));
    assert_eq!(number(3, &["a", "aaa", "aaaaa"]), Some(1));
    // One that claims too much is not believed by itself while another speaks.
    assert_eq!(number(1, &["a", "aaaaa"]), Some(1));
    assert_eq!(number(1, &["aaaaa"]), Some(5));
    assert_eq!(number(2, &["a"]), None);
}

#[test]
fn z4_one_that_is_late_counts_where_it_has_something_to_say() {
    let said = [testimony("aa"), testimony("")];
    let late = Voice { number: 1, testimony: &said[1], is_current: false };
    let voices = [Voice { number: 0, testimony: &said[0], is_current: true }, late];
    let quorum = Quorum { endpoints: 2, agree: 1 };
    assert_eq!(quorum.find(&voices), Finding::Blocks(said[0].blocks.clone()));
    let other = testimony("b");
    let voices = [voices[0], Voice { testimony: &other, ..late }];
    assert!(matches!(quorum.find(&voices), Finding::Differ { block: 1, needed: 2, .. }));
}

#[test]
fn z5_nothing_is_new_once_the_rest_cannot_be_enough() {
    let none =
        |endpoints, agree, said: &[&str]| with_voices(said, |voices| Quorum { endpoints, agree }.has_no_news(voices));
    assert!(!none(3, 2, &[""]));
    assert!(none(3, 2, &["", ""]));
    assert!(none(3, 2, &["", "a", ""]));
    assert!(none(2, 2, &[""]));
    assert!(!none(2, 1, &[""]));
    assert!(Quorum { endpoints: 3, agree: 2 }.is_majority());
    assert!(!Quorum { endpoints: 4, agree: 2 }.is_majority());
}

#[test]
fn z6_each_kind_is_told_from_the_others() {
    let agreed = testimony("aAa").blocks;
    let check = |said: &str, newest: u64, expected: (Standing, bool)| {
        assert_eq!(judge(&testimony(said), &agreed, newest), expected, "{said}");
    };
    check("aAa", 5, (Standing::Well, true));
    check("aA", 5, (Standing::Well, true));
    check("", 5, (Standing::Well, false));
    check("aAb", 5, (Standing::Forked, true));
    check("aaa", 5, (Standing::Lying, true));
    check("aAa", 5 + LAG_MAX, (Standing::Well, true));
    check("aAa", 6 + LAG_MAX, (Standing::Lagging, true));
}

#[test]
fn z6_one_alone_makes_nobody_look_late() {
    assert_eq!(with_voices(&["aaaaaaaaa", "a", "a"], |voices| newest(3, voices)), 3);
    assert_eq!(with_voices(&["aaaaaaaaa", "a"], |voices| newest(3, voices)), 3);
    assert_eq!(with_voices(&["aaaaaaaaa", "a"], |voices| newest(2, voices)), 11);
    assert_eq!(with_voices(&["aaaaaaaaa"], |voices| newest(3, voices)), 0);
}

#[test]
fn z8_a_disagreement_says_who_says_what() {
    let found = with_voices(&["a", "b"], |voices| Quorum { endpoints: 2, agree: 2 }.find(voices));
    let Finding::Differ { block: 1, needed: 2, sides } = found else { panic!("{found:?}") };
    assert!(sides.contains("by [0] with 0 changes") && sides.contains("by [1]"), "{sides}");
    let found = with_voices(&["a", "A"], |voices| Quorum { endpoints: 2, agree: 2 }.find(voices));
    let Finding::Differ { sides, .. } = found else { panic!("{found:?}") };
    assert!(sides.contains("by [0] with 0 changes of the set, by [1] with 1 changes"), "{sides}");
}
