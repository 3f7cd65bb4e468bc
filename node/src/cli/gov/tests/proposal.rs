use super::*;

fn proposal(id: u64) -> Proposal {
    let (proposer, description) = (Address::repeat_byte(1), "more stake".into());
    Proposal { id: U256::from(id), proposer, calls: Vec::new(), description, snapshot: 100, deadline: 132 }
}

fn now(state: State, (block, second): (u64, u64), eta_s: u64) -> Now {
    let zero = U256::ZERO;
    Now { standing: Standing { state, against: zero, for_it: zero, abstain: zero, quorum: None, eta_s }, block, second }
}

#[test]
fn digits_that_name_no_proposal_or_two_are_refused() {
    let refusal = |digits: &str| chosen([1234, 1256, 99].map(proposal).into(), digits).expect_err("none").to_string();
    assert_eq!(refusal("12"), "2 proposals' numbers begin with 12: more digits are wanted");
    assert_eq!(refusal("7"), "no proposal's number begins with 7: `rota gov list` tells them");
    for digits in ["", "0x4d2", "-1", "one"] {
        assert!(refusal(digits).contains("is no number of a proposal"), "{digits:?}");
    }
}

#[test]
fn first_digits_or_all_of_them_name_a_proposal() -> eyre::Result<()> {
    let named = |digits| Ok::<_, eyre::Report>(chosen([12, 1234, 99].map(proposal).into(), digits)?.id);
    assert_eq!(named("9")?, U256::from(99));
    assert_eq!(named("123")?, U256::from(1234));
    // A whole number is meant as such, whatever else begins like it.
    assert_eq!(named("12")?, U256::from(12));
    Ok(())
}

#[test]
fn what_comes_next_is_told_for_every_state() {
    let next = |state, at, eta_s| now(state, at, eta_s).next(&proposal(1));
    assert!(next(State::Pending, (97, 0), 0).contains("block 100, 3 more"));
    assert_eq!(next(State::Active, (130, 0), 0), "votes are cast until L1 block 132, 2 more");
    assert_eq!(next(State::Succeeded, (140, 0), 0), "it has passed: anyone can queue it now");
    assert!(next(State::Queued, (140, 50), 58).contains("from second 58 of L1's clock on, 8 more"));
    assert_eq!(next(State::Queued, (140, 58), 58), "anyone can execute it now");
    for state in State::ALL.into_iter().filter(|state| !state.is_open()) {
        assert_eq!(next(state, (140, 60), 58), "nothing: it is over", "{}", state.name());
    }
}
