//! P5 to P13: the plan, as tables of pictures and steps.

use super::*;

const GWEI: u128 = 1_000_000_000;
const RULES: PlanRules = PlanRules {
    rollup_chain_id: 7682,
    validator: Address::repeat_byte(1),
    backup_after_ms: 10_000,
    max_wait_s: 60,
    min_bytes: 1_000,
    replace_after_blocks: 3,
    max_fee: 100 * GWEI,
};
/// The clock begins here, in milliseconds.
const T0: u64 = 1_000_000;

/// A validator that has the position on the head of [`view`].
fn at_position(position: usize) -> PlanRules {
    let view = view();
    let seed = turn::seed(RULES.rollup_chain_id, view.epoch, view.head.link, view.head.next_height);
    PlanRules { validator: turn::order(seed, &view.members)[position], ..RULES }
}

fn view() -> L1View {
    let head = InboxHead { link: B256::repeat_byte(5), next_height: 11 };
    let members = (1..=4).map(|index| Member { validator: Address::repeat_byte(index), power: 25 }).collect();
    L1View {
        block: 100,
        base_fee: 10 * GWEI,
        tip: GWEI,
        head,
        pending_next: 11,
        nonce: 7,
        epoch: 2,
        members,
        fate: Fate::Unknown,
    }
}

fn full() -> Backlog {
    Backlog { batches: 5, bytes: 1_000, oldest_s: T0 / 1_000, is_long: false }
}

fn fees() -> Fees {
    Fees { max_fee: 21 * GWEI, tip: GWEI }
}

fn sent() -> Sent {
    let entry = PlannedEntry { first_height: 11, last_height: 15, parent_link: B256::repeat_byte(5) };
    Sent { nonce: 7, purpose: Purpose::Append(entry), fees: fees(), block: 100 }
}

const POST: Step = Step::Post { nonce: 7, fees: Fees { max_fee: 21 * GWEI, tip: GWEI } };

/// P5.
#[test]
fn nothing_is_posted_before_it_is_due() {
    let old = T0 / 1_000 - 60;
    let cases = [
        (Backlog::default(), Step::Rest(Rest::NothingToPost)),
        (Backlog { bytes: 999, ..full() }, Step::Rest(Rest::TooLittle)),
        (full(), POST),
        (Backlog { bytes: 999, oldest_s: old + 1, ..full() }, Step::Rest(Rest::TooLittle)),
        (Backlog { bytes: 1, batches: 1, oldest_s: old, is_long: true }, POST),
        (
            Backlog { bytes: 1, batches: MAX_ENTRY_BATCHES - 1, oldest_s: old + 1, ..full() },
            Step::Rest(Rest::TooLittle),
        ),
        (Backlog { bytes: 1, batches: MAX_ENTRY_BATCHES, oldest_s: old + 1, ..full() }, POST),
    ];
    for (backlog, expected) in cases {
        let mut planner = Planner::new(at_position(0));
        assert_eq!(planner.next(&view(), &backlog, None, T0), expected, "{backlog:?}");
    }
}

/// P6.
#[test]
fn the_kth_backup_waits_k_times() {
    for position in 0..4 {
        let mut planner = Planner::new(at_position(position));
        let wait_ms = 10_000 * u64::try_from(position).unwrap();
        let mut view = view();
        for now_ms in (T0..=T0 + wait_ms).step_by(1_000) {
            view.block += 1;
            let step = planner.next(&view, &full(), None, now_ms);
            let early = now_ms < T0 + wait_ms;
            assert_eq!(matches!(step, Step::Rest(Rest::OthersTurn { .. })), early, "{position} at {now_ms}: {step:?}");
            assert_eq!(step == POST, !early, "{position} at {now_ms}: {step:?}");
        }
    }
}

/// P6.
#[test]
fn progress_of_the_head_makes_backups_wait_anew() {
    let mut view = view();
    let mut planner = Planner::new(at_position(1));
    planner.next(&view, &full(), None, T0);
    view.head.link = B256::repeat_byte(6);
    view.block += 1;
    let seed = turn::seed(RULES.rollup_chain_id, view.epoch, view.head.link, view.head.next_height);
    let position = turn::position(&turn::order(seed, &view.members), planner.rules.validator).unwrap();
    let mut now_ms = T0 + 9_000;
    let began_ms = now_ms;
    let posted_ms = loop {
        if matches!(planner.next(&view, &full(), None, now_ms), Step::Post { .. }) {
            break now_ms;
        }
        now_ms += 1_000;
        view.block += 1;
    };
    assert_eq!(posted_ms, began_ms + position * 10_000);
}

/// P6.
#[test]
fn time_without_blocks_of_l1_does_not_count() {
    let mut view = view();
    let mut planner = Planner::new(at_position(2));
    planner.next(&view, &full(), None, T0);
    // L1 stands still for an hour, whether it answers or not.
    let hour = T0 + 3_600_000;
    let rest = Step::Rest(Rest::OthersTurn { position: 2 });
    assert_eq!(planner.next(&view, &full(), None, hour), rest);
    view.block += 1;
    assert_eq!(planner.next(&view, &full(), None, hour + 1), rest, "L1 is back: everyone begins anew");
    for (after_ms, expected) in [(10_000, rest), (19_999, rest), (20_001, POST)] {
        view.block += 1;
        assert_eq!(planner.next(&view, &full(), None, hour + after_ms), expected, "{after_ms}");
    }
}

#[test]
fn a_stranger_never_posts() {
    let mut planner = Planner::new(PlanRules { validator: Address::repeat_byte(9), ..RULES });
    let mut view = view();
    for now_ms in (T0..T0 + 200_000).step_by(5_000) {
        view.block += 1;
        assert_eq!(planner.next(&view, &full(), None, now_ms), Step::Rest(Rest::NotMember));
    }
}

/// P7.
#[test]
fn a_backup_is_patient_once_with_an_append_that_pends() {
    let mut planner = Planner::new(at_position(1));
    let mut view = L1View { pending_next: 16, ..view() };
    planner.next(&view, &full(), None, T0);
    for (after_ms, expected) in [(10_000, Step::Rest(Rest::SomebodyPends)), (20_000, POST)] {
        view.block += 1;
        assert_eq!(planner.next(&view, &full(), None, T0 + after_ms), expected, "{after_ms}");
    }
    let mut first = Planner::new(at_position(0));
    assert_eq!(first.next(&view, &full(), None, T0), POST, "whose turn it is does not ask");
}

/// P9.
#[test]
fn the_cap_makes_a_post_wait() {
    let mut planner = Planner::new(at_position(0));
    let dear = L1View { base_fee: 100 * GWEI, ..view() };
    let capped = FeeCap { needed: 101 * GWEI, cap: 100 * GWEI };
    assert_eq!(planner.next(&dear, &full(), None, T0), Step::Rest(Rest::Capped(capped)));
    assert_eq!(planner.next(&view(), &full(), None, T0 + 1), POST);
}

/// P10.
#[test]
fn a_transaction_in_flight_is_sent_again_raised_or_awaited() {
    let raised = fees().raised(&Market { base_fee: 10 * GWEI, tip: GWEI, cap: RULES.max_fee }).unwrap();
    let at_cap = Sent { fees: Fees { max_fee: 95 * GWEI, tip: GWEI }, ..sent() };
    let capped = FeeCap { needed: 95 * GWEI + (95 * GWEI).div_ceil(8), cap: RULES.max_fee };
    let awaits = Step::Rest(Rest::AwaitsMining);
    let cases = [
        ("lost on the way", sent(), 100, Fate::Unknown, Step::Resend),
        ("waits", sent(), 102, Fate::Waiting, awaits),
        ("waits too long", sent(), 103, Fate::Waiting, Step::Raise(raised)),
        ("lost for too long", sent(), 103, Fate::Unknown, Step::Raise(raised)),
        ("refused for its fees", sent(), 100, Fate::Underpriced, Step::Raise(raised)),
        ("at the cap", at_cap.clone(), 103, Fate::Waiting, Step::Rest(Rest::Capped(capped))),
        ("lost at the cap", at_cap.clone(), 103, Fate::Unknown, Step::Resend),
        ("refused at the cap", at_cap, 103, Fate::Underpriced, Step::Rest(Rest::Capped(capped))),
        ("mined after this block", sent(), 103, Fate::Done, awaits),
        ("reverted after this block", sent(), 103, Fate::Reverted, awaits),
    ];
    for (name, sent, block, fate, expected) in cases {
        let mut planner = Planner::new(at_position(3));
        let view = L1View { block, fate, ..view() };
        assert_eq!(planner.next(&view, &full(), Some(&sent), T0), expected, "{name}");
    }
}

/// P11.
#[test]
fn the_nonce_ends_a_transaction() {
    let cases = [
        (6, Fate::Waiting, End::Vanished),
        (8, Fate::Done, End::Done),
        (8, Fate::Reverted, End::Reverted),
        (8, Fate::Waiting, End::Overtaken),
        (8, Fate::Unknown, End::Overtaken),
    ];
    for (nonce, fate, end) in cases {
        let view = L1View { nonce, fate, ..view() };
        let step = Planner::new(RULES).next(&view, &full(), Some(&sent()), T0);
        assert_eq!(step, Step::Settle(end), "{nonce} {fate:?}");
    }
}

/// P12.
#[test]
fn an_append_that_came_too_late_gives_its_nonce_to_the_next_one_or_to_nothing() {
    let raised = fees().raised(&Market { base_fee: 10 * GWEI, tip: GWEI, cap: RULES.max_fee }).unwrap();
    let entry = PlannedEntry { first_height: 11, last_height: 15, parent_link: B256::repeat_byte(4) };
    let late = Sent { purpose: Purpose::Append(entry), ..sent() };
    let waiting = L1View { fate: Fate::Waiting, ..view() };
    let mut first = Planner::new(at_position(0));
    let post = Step::Post { nonce: 7, fees: raised };
    assert_eq!(first.next(&waiting, &full(), Some(&late), T0), post, "our turn");
    let mut backup = Planner::new(at_position(2));
    assert_eq!(backup.next(&waiting, &full(), Some(&late), T0), Step::Cancel(raised), "another's turn");
    let cancel = Sent { purpose: Purpose::Cancel, ..sent() };
    assert_eq!(backup.next(&waiting, &full(), Some(&cancel), T0), Step::Rest(Rest::AwaitsMining));
    let slow = L1View { block: 103, ..waiting };
    assert_eq!(backup.next(&slow, &full(), Some(&cancel), T0), Step::Raise(raised));
}

#[test]
fn a_late_append_that_no_pool_knows_blocks_no_nonce_at_the_cap() {
    let entry = PlannedEntry { first_height: 11, last_height: 15, parent_link: B256::repeat_byte(4) };
    let fees = Fees { max_fee: 95 * GWEI, tip: GWEI };
    let late = Sent { purpose: Purpose::Append(entry), fees, ..sent() };
    let capped = FeeCap { needed: 95 * GWEI + (95 * GWEI).div_ceil(8), cap: RULES.max_fee };
    let capped = Step::Rest(Rest::Capped(capped));
    let Step::Post { fees: first, .. } = POST else { unreachable!() };
    for (position, fate, expected) in [
        (0, Fate::Unknown, POST),
        (2, Fate::Unknown, Step::Cancel(first)),
        (0, Fate::Waiting, capped),
        (2, Fate::Waiting, capped),
        (0, Fate::Reverted, Step::Rest(Rest::AwaitsMining)),
    ] {
        let step = Planner::new(at_position(position)).next(&L1View { fate, ..view() }, &full(), Some(&late), T0);
        assert_eq!(step, expected, "position {position}, {fate:?}");
    }
}
