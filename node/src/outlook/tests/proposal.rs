use super::*;

fn proposal(calls: Vec<Call>, description: String) -> Proposal {
    Proposal { id: U256::from(1), proposer: Address::repeat_byte(1), calls, description, snapshot: 100, deadline: 132 }
}

#[test]
fn proposer_stands_in_the_description_but_not_in_the_words() {
    let proposer = Address::repeat_byte(1);
    let made = proposal(Vec::new(), described("more stake", proposer));
    assert!(made.description.ends_with(&format!("#proposer={proposer}")));
    assert_eq!(made.words(), "more stake");
    assert_eq!(proposal(Vec::new(), "plain".into()).words(), "plain");
}

/// Rule O3: whatever a proposal says and calls.
#[test]
fn notice_is_bounded() {
    let call = |bytes: usize| Call { target: Address::repeat_byte(2), input: vec![7; bytes].into() };
    // A letter of three bytes lies across the bound.
    let text = "\u{20ac}".repeat(DESCRIPTION_BYTES_MAX);
    let notice = proposal(vec![call(100_000); 40], text).notice();
    assert_eq!(notice.description, "\u{20ac}".repeat(DESCRIPTION_BYTES_MAX / 3));
    assert_eq!(notice.calls, vec![(Address::repeat_byte(2), [7; 4].into()); CALLS_MAX]);
}

#[test]
fn call_without_a_function_has_the_zero_selector() {
    let short = Call { target: Address::ZERO, input: Bytes::from_static(&[1, 2, 3]) };
    assert_eq!(proposal(vec![short], String::new()).notice().calls, [(Address::ZERO, FixedBytes::ZERO)]);
}
