//! P5 to P13, P20, P21: the plan, as tables of pictures and steps.

use alloy_primitives::B256;

use super::{super::*, *};

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
    let head = view.head.unwrap();
    let seed = turn::seed(RULES.rollup_chain_id, view.epoch, head.link, head.next_height);
    PlanRules { validator: turn::order(seed, &view.members)[position], ..RULES }
}

fn view() -> L1View {
    let head = InboxHead { link: B256::repeat_byte(5), next_height: 11 };
    let members = (1..=4).map(|index| Member { validator: Address::repeat_byte(index), power: 25 }).collect();
    L1View {
        block: 100,
        base_fee: 10 * GWEI,
        tip: GWEI,
        head: Some(head),
        pending_next: 11,
        charges: Vec::new(),
        unformed: false,
        chores: Vec::new(),
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

const POST: Step = Step::Post { errand: Errand::Append, nonce: 7, fees: Fees { max_fee: 21 * GWEI, tip: GWEI } };

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
    view.head = Some(InboxHead { link: B256::repeat_byte(6), next_height: 11 });
    view.block += 1;
    let head = view.head.unwrap();
    let seed = turn::seed(RULES.rollup_chain_id, view.epoch, head.link, head.next_height);
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
    let post = Step::Post { errand: Errand::Append, nonce: 7, fees: raised };
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

/// P15: what L1 has was not compared with our chain.
#[test]
fn nothing_is_built_on_a_head_that_is_not_known() {
    let unknown = L1View { head: None, ..view() };
    let rest = Step::Rest(Rest::Unknown);
    assert_eq!(Planner::new(at_position(0)).next(&unknown, &full(), None, T0), rest);
    for (block, fate) in [(100, Fate::Waiting), (103, Fate::Waiting), (103, Fate::Unknown), (103, Fate::Underpriced)] {
        let view = L1View { block, fate, ..unknown.clone() };
        assert_eq!(Planner::new(RULES).next(&view, &full(), Some(&sent()), T0), rest, "{block} {fate:?}");
    }
    let mined = L1View { nonce: 8, fate: Fate::Done, ..unknown };
    assert_eq!(Planner::new(RULES).next(&mined, &full(), Some(&sent()), T0), Step::Settle(End::Done));
}

/// Validator 9, which is no member, has to be slashed.
const ACCUSED: Address = Address::repeat_byte(9);

fn charge() -> Charge {
    Charge { validator: ACCUSED, slashed: false, pending: false }
}

fn charged() -> L1View {
    L1View { charges: vec![charge()], ..view() }
}

/// A validator that has the position in the order of those who may report [`ACCUSED`].
fn judge(position: usize) -> PlanRules {
    let seed = turn::charge_seed(RULES.rollup_chain_id, view().epoch, ACCUSED);
    PlanRules { validator: turn::order(seed, &view().members)[position], ..RULES }
}

const SLASH: Step =
    Step::Post { errand: Errand::Slash(ACCUSED), nonce: 7, fees: Fees { max_fee: 21 * GWEI, tip: GWEI } };

/// Whether the evidence is reported at a time so many milliseconds after it was seen first; L1 makes blocks.
fn reports(planner: &mut Planner, view: &mut L1View, after_ms: u64) -> bool {
    view.block += 1;
    planner.next(view, &Backlog::default(), None, T0 + after_ms) == SLASH
}

/// E6 of evidence.
#[test]
fn kth_judge_reports_after_k_waits_and_who_is_none_after_all() {
    let stranger = PlanRules { validator: Address::repeat_byte(0xee), ..RULES };
    for (position, rules) in (0..4).map(|position| (position, judge(position))).chain([(4, stranger)]) {
        let (mut planner, mut view) = (Planner::new(rules), charged());
        let waits_ms = 10_000 * u64::try_from(position).unwrap();
        for after_ms in (0..=waits_ms).step_by(1_000) {
            assert_eq!(reports(&mut planner, &mut view, after_ms), after_ms == waits_ms, "{position} at {after_ms}");
        }
    }
}

/// E6 of evidence: the accused has no turn, whatever the others do.
#[test]
fn nobody_reports_itself_or_what_is_slashed() {
    let accused = Address::repeat_byte(2);
    let own = Charge { validator: accused, ..charge() };
    let mut view = L1View { charges: vec![own], ..view() };
    let mut planner = Planner::new(PlanRules { validator: accused, ..RULES });
    let seed = turn::charge_seed(RULES.rollup_chain_id, view.epoch, accused);
    let others: Vec<Member> = view.members.iter().copied().filter(|member| member.validator != accused).collect();
    let first = turn::order(seed, &others)[0];
    assert!(matches!(
        Planner::new(PlanRules { validator: first, ..RULES }).next(&view, &Backlog::default(), None, T0),
        Step::Post { errand: Errand::Slash(_), .. }
    ));
    for after_ms in (0..200_000).step_by(5_000) {
        view.block += 1;
        let step = planner.next(&view, &Backlog::default(), None, T0 + after_ms);
        assert_eq!(step, Step::Rest(Rest::NothingToPost), "{after_ms}");
    }
    let slashed = L1View { charges: vec![Charge { slashed: true, ..charge() }], ..self::view() };
    let step = Planner::new(judge(0)).next(&slashed, &Backlog::default(), None, T0);
    assert_eq!(step, Step::Rest(Rest::NothingToPost));
}

/// E6 of evidence.
#[test]
fn backup_is_patient_once_with_a_report_that_pends() {
    let (mut planner, mut view) = (Planner::new(judge(1)), charged());
    view.charges = vec![Charge { pending: true, ..charge() }];
    let reported: Vec<bool> =
        [0, 10_000, 19_999, 20_000].map(|after_ms| reports(&mut planner, &mut view, after_ms)).into();
    assert_eq!(reported, [false, false, false, true]);
    let mut first = Planner::new(judge(0));
    assert!(reports(&mut first, &mut view, 0), "whose turn it is does not ask");
}

/// E6 of evidence.
#[test]
fn time_without_blocks_of_l1_does_not_count_for_judges() {
    let (mut planner, mut view) = (Planner::new(judge(1)), charged());
    reports(&mut planner, &mut view, 0);
    let hour = 3_600_000;
    assert_ne!(planner.next(&view, &Backlog::default(), None, T0 + hour), SLASH, "L1 stands still");
    assert!(!reports(&mut planner, &mut view, hour + 1), "L1 is back: everyone begins anew");
    assert!(!reports(&mut planner, &mut view, hour + 10_000));
    assert!(reports(&mut planner, &mut view, hour + 10_001));
}

/// E5, E6 of evidence: L1 took the slashing back, and the waits begin anew.
#[test]
fn what_a_reorganization_took_back_is_reported_again_in_turn() {
    let (mut planner, mut view) = (Planner::new(judge(1)), charged());
    reports(&mut planner, &mut view, 0);
    view.charges = vec![Charge { slashed: true, ..charge() }];
    assert!(!reports(&mut planner, &mut view, 9_000));
    view.charges = vec![charge()];
    assert!(!reports(&mut planner, &mut view, 12_000));
    assert!(!reports(&mut planner, &mut view, 21_999));
    assert!(reports(&mut planner, &mut view, 22_000));
}

/// E7 of evidence.
#[test]
fn evidence_goes_before_batches_and_waits_for_no_comparison() {
    let rules = judge(0);
    for head in [view().head, None] {
        let view = L1View { head, ..charged() };
        assert_eq!(Planner::new(rules).next(&view, &full(), None, T0), SLASH);
    }
}

/// E7 of evidence: an entry that L1 takes soon is waited for; one that it is slow with gives way.
#[test]
fn evidence_takes_the_nonce_of_what_l1_is_slow_with() {
    let raised = fees().raised(&Market { base_fee: 10 * GWEI, tip: GWEI, cap: RULES.max_fee }).unwrap();
    let Step::Post { fees: first, .. } = SLASH else { unreachable!() };
    let slash = |fees| Step::Post { errand: Errand::Slash(ACCUSED), nonce: 7, fees };
    let awaits = Step::Rest(Rest::AwaitsMining);
    let part = Purpose::Part {
        entry: PlannedEntry { first_height: 11, last_height: 11, parent_link: B256::repeat_byte(5) },
        stream: B256::ZERO,
    };
    let at_cap = Sent { fees: Fees { max_fee: 95 * GWEI, tip: GWEI }, ..sent() };
    let capped = FeeCap { needed: 95 * GWEI + (95 * GWEI).div_ceil(8), cap: RULES.max_fee };
    let cases = [
        ("in time", sent(), 102, Fate::Waiting, awaits),
        ("slow", sent(), 103, Fate::Waiting, slash(raised)),
        ("slow, a part", Sent { purpose: part, ..sent() }, 103, Fate::Waiting, slash(raised)),
        ("slow, called back", Sent { purpose: Purpose::Cancel, ..sent() }, 103, Fate::Waiting, slash(raised)),
        ("forgotten", sent(), 103, Fate::Unknown, slash(first)),
        ("at the cap", at_cap, 103, Fate::Waiting, Step::Rest(Rest::Capped(capped))),
        ("mined after this block", sent(), 103, Fate::Done, awaits),
    ];
    for (name, sent, block, fate, expected) in cases {
        let view = L1View { block, fate, ..charged() };
        assert_eq!(Planner::new(judge(0)).next(&view, &full(), Some(&sent), T0), expected, "{name}");
    }
}

/// E8 of evidence: a report in flight is sent again, raised, awaited like any other, whosever turn it is by then.
#[test]
fn report_in_flight_goes_on_until_somebody_else_was_first() {
    let raised = fees().raised(&Market { base_fee: 10 * GWEI, tip: GWEI, cap: RULES.max_fee }).unwrap();
    let sent = Sent { purpose: Purpose::Slash(ACCUSED), ..sent() };
    let next = |view: &L1View| Planner::new(judge(3)).next(view, &full(), Some(&sent), T0);
    assert_eq!(next(&charged()), Step::Resend);
    assert_eq!(next(&L1View { fate: Fate::Waiting, ..charged() }), Step::Rest(Rest::AwaitsMining));
    assert_eq!(next(&L1View { fate: Fate::Waiting, block: 103, ..charged() }), Step::Raise(raised));
    assert_eq!(next(&L1View { fate: Fate::Done, nonce: 8, ..charged() }), Step::Settle(End::Done));
    // Somebody else was first, or L1 does not take it any more.
    let slashed = L1View { charges: vec![Charge { slashed: true, ..charge() }], ..view() };
    for late in [slashed, view()] {
        let late = L1View { fate: Fate::Waiting, head: None, ..late };
        assert_eq!(next(&late), Step::Cancel(raised));
    }
}

/// A picture in which the set waits to be formed, and nothing else is to be sent.
fn unformed() -> L1View {
    L1View { unformed: true, ..view() }
}

/// A validator that has the position in the order of those who may advance the sets.
fn advancer(position: usize) -> PlanRules {
    let seed = turn::advance_seed(RULES.rollup_chain_id, view().epoch);
    PlanRules { validator: turn::order(seed, &view().members)[position], ..RULES }
}

const ADVANCE: Step = Step::Post { errand: Errand::Advance, nonce: 7, fees: Fees { max_fee: 21 * GWEI, tip: GWEI } };

/// P20.
#[test]
fn kth_backup_advances_the_sets_after_k_waits_and_a_stranger_never() {
    let stranger = PlanRules { validator: Address::repeat_byte(0xee), ..RULES };
    for (waits, rules) in (0..4).map(|position| (Some(position), advancer(position))).chain([(None, stranger)]) {
        let (mut planner, mut view) = (Planner::new(rules), unformed());
        let due_ms = waits.map(|position| 10_000 * u64::try_from(position).unwrap());
        for after_ms in (0..=60_000).step_by(1_000) {
            view.block += 1;
            let step = planner.next(&view, &Backlog::default(), None, T0 + after_ms);
            let expected = due_ms.is_some_and(|due_ms| after_ms >= due_ms);
            assert_eq!(step == ADVANCE, expected, "{waits:?} at {after_ms}: {step:?}");
        }
    }
}

/// P20: each epoch of L1 makes another order, and the waits begin anew.
#[test]
fn another_epoch_makes_those_who_advance_wait_anew() {
    let (mut planner, mut view) = (Planner::new(advancer(1)), unformed());
    planner.next(&view, &Backlog::default(), None, T0);
    (view.epoch, view.block) = (view.epoch + 1, view.block + 1);
    let seed = turn::advance_seed(RULES.rollup_chain_id, view.epoch);
    let position = turn::position(&turn::order(seed, &view.members), planner.rules.validator).unwrap();
    let due_ms = T0 + 9_000 + 10_000 * position;
    for now_ms in (T0 + 9_000..=due_ms).step_by(1_000) {
        view.block += 1;
        let step = planner.next(&view, &Backlog::default(), None, now_ms);
        assert_eq!(step == ADVANCE, now_ms == due_ms, "{position} at {now_ms}: {step:?}");
    }
}

/// P20: evidence and batches go first, and what somebody else has done is called back.
#[test]
fn the_sets_come_last() {
    let charged = L1View { charges: vec![charge()], ..unformed() };
    assert_eq!(Planner::new(judge(0)).next(&charged, &Backlog::default(), None, T0), SLASH);
    assert_eq!(Planner::new(at_position(0)).next(&unformed(), &full(), None, T0), POST);
    let sent = Sent { purpose: Purpose::Advance, ..sent() };
    let next = |view: &L1View| Planner::new(advancer(3)).next(view, &Backlog::default(), Some(&sent), T0);
    assert_eq!(next(&L1View { fate: Fate::Waiting, ..unformed() }), Step::Rest(Rest::AwaitsMining));
    let late = L1View { fate: Fate::Waiting, ..view() };
    assert!(matches!(next(&late), Step::Cancel(_)), "{:?}", next(&late));
    assert_eq!(next(&L1View { fate: Fate::Done, nonce: 8, ..view() }), Step::Settle(End::Done));
}

/// The set's word on a period, and a member's leaf of another.
const WORD: ChoreName = ChoreName::Attest { period: 3 };
const LEAF: ChoreName = ChoreName::Bring { period: 2, validator: Address::repeat_byte(2) };

/// A picture in which L1 is to be told of something.
fn untold(chore: ChoreName) -> L1View {
    L1View { chores: vec![chore], ..view() }
}

/// A validator that has the position in the order of those who may tell.
fn teller(chore: ChoreName, position: usize) -> PlanRules {
    let seed = turn::chore_seed(RULES.rollup_chain_id, view().epoch, chore);
    PlanRules { validator: turn::order(seed, &view().members)[position], ..RULES }
}

const fn tell(chore: ChoreName) -> Step {
    Step::Post { errand: Errand::Chore(chore), nonce: 7, fees: Fees { max_fee: 21 * GWEI, tip: GWEI } }
}

/// P21: the k-th backup after k waits; a validator brings its own leaf at once.
#[test]
fn members_take_turns_to_tell_l1() {
    for chore in [WORD, LEAF] {
        for position in 0..4 {
            let rules = teller(chore, position);
            let own = matches!(chore, ChoreName::Bring { validator, .. } if validator == rules.validator);
            let due_ms = if own { 0 } else { 10_000 * u64::try_from(position).unwrap() };
            let (mut planner, mut view) = (Planner::new(rules), untold(chore));
            for after_ms in (0..=40_000).step_by(1_000) {
                view.block += 1;
                let step = planner.next(&view, &Backlog::default(), None, T0 + after_ms);
                assert_eq!(step == tell(chore), after_ms >= due_ms, "{chore:?}, {position} at {after_ms}: {step:?}");
            }
        }
    }
}

/// P21, E6 of evidence: the accused is none of the judges, and who is no member is the last of them.
#[test]
fn judges_take_turns_to_accuse_who_attested_twice() {
    let accused = Address::repeat_byte(2);
    let accusation = ChoreName::Accuse { validator: accused };
    let seed = turn::charge_seed(RULES.rollup_chain_id, view().epoch, accused);
    let judges: Vec<_> = view().members.into_iter().filter(|member| member.validator != accused).collect();
    let mut order = turn::order(seed, &judges);
    order.push(Address::repeat_byte(0xee));
    let due = order.iter().zip((0..).step_by(10_000)).map(|(judge, due_ms)| (*judge, due_ms));
    for (validator, due_ms) in due.chain([(accused, u64::MAX)]) {
        let (mut planner, mut view) = (Planner::new(PlanRules { validator, ..RULES }), untold(accusation));
        for after_ms in (0..=50_000).step_by(1_000) {
            view.block += 1;
            let step = planner.next(&view, &Backlog::default(), None, T0 + after_ms);
            assert_eq!(step == tell(accusation), after_ms >= due_ms, "{validator} at {after_ms}: {step:?}");
        }
    }
}

/// P21: batches go first, the sets after it, and what L1 has been told meanwhile is called back.
#[test]
fn rewards_come_after_batches_and_before_the_sets() {
    let both = L1View { unformed: true, ..untold(LEAF) };
    let owner = PlanRules { validator: Address::repeat_byte(2), ..RULES };
    assert_eq!(Planner::new(owner).next(&both, &Backlog::default(), None, T0), tell(LEAF));
    let first = at_position(0);
    assert_eq!(Planner::new(first).next(&untold(WORD), &full(), None, T0), POST);
    let sent = Sent { purpose: Purpose::Chore(LEAF), ..sent() };
    let next = |view: &L1View| Planner::new(owner).next(view, &Backlog::default(), Some(&sent), T0);
    assert_eq!(next(&L1View { fate: Fate::Waiting, ..untold(LEAF) }), Step::Rest(Rest::AwaitsMining));
    let late = L1View { fate: Fate::Waiting, ..view() };
    assert!(matches!(next(&late), Step::Cancel(_)), "{:?}", next(&late));
    assert_eq!(next(&L1View { fate: Fate::Done, nonce: 8, ..view() }), Step::Settle(End::Done));
}
