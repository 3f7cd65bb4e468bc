use rota_proto::Epoch;

use crate::sim::{
    Cut, Falsehood, LinkPlan, Scenario, Time, Way,
    adversaries::{DoubleVoter, Equivocator, Late, Outdated, Silent, Withholder},
    bugs::QuorumOffByOne,
    finalized,
};

/// Rule D17: a reader can paste them.
#[test]
fn words_of_a_plan_are_those_of_a_test() {
    let scenario = Scenario::seed(7)
        .stake([40, 30, 20, 10])
        .twin(2)
        .adversary(3, Equivocator::default())
        .plant(QuorumOffByOne)
        .leaders([3, 0])
        .partition(2..5, [0, 1])
        .crash(800, 0, 5, 500)
        .clock(1, -40, 300)
        .clock_is_set(900, 1, 70)
        .l1_outage(3..6, [2])
        .l1_lies(4, 1, Falsehood::Parent)
        .pause(1..2)
        .with_evm()
        .watched_by(["agreement"])
        .with(|plan| {
            plan.links.loss_permille = 100;
            plan.l1_lags_ms = vec![0, 5];
            let during = Time::from_ms(1_250)..Time(2_000_001);
            plan.cuts.push(Cut { during, side: vec![2], way: Way::Out });
            plan.goal = finalized(50);
        });
    let expected = r#"Scenario::seed(7)
    .stake([40, 30, 20, 10])
    .twin(2)
    .adversary(3, Equivocator::default())
    .plant(QuorumOffByOne)
    .leaders([3, 0])
    .cut(2..5, [0, 1], Way::Both)
    .crash(800, 0, 5, 500)
    .clock(1, -40, 300)
    .clock_is_set(900, 1, 70)
    .l1_outage(3..6, [2])
    .l1_lies(4, 1, Falsehood::Parent)
    .pause(1..2)
    .with_evm()
    .watched_by(["agreement"])
    .with(|plan| {
        plan.l1_lags_ms = vec![0, 5];
        plan.links.loss_permille = 100;
        plan.cuts.push(Cut { during: Time::from_ms(1250)..Time(2000001), side: vec![2], way: Way::Out });
    })
    .run_until(finalized(50))"#;
    assert_eq!(scenario.plan().words(), expected);
}

#[test]
fn usual_plan_needs_few_words() {
    assert_eq!(Scenario::seed(3).plan().words(), "Scenario::seed(3)\n    .run_until(finalized(20))");
    let calm = Scenario::seed(3).links(LinkPlan::CALM, 0);
    assert_eq!(calm.plan().words(), Scenario::seed(3).plan().words());
}

#[test]
fn adversaries_say_how_they_are_made() {
    let scenario = Scenario::seed(1).adversary(0, DoubleVoter).adversary(1, Silent::after_ms(250));
    let scenario = scenario.adversary(2, Late::by_ms(400)).adversary(3, Withholder::from_half());
    let words = scenario.adversary(4, Outdated::since(Epoch(2))).plan().words();
    for expected in [
        "(0, DoubleVoter)",
        "(1, Silent::after_ms(250))",
        "(2, Late::by_ms(400))",
        "(3, Withholder::from_half())",
        "(4, Outdated::since(Epoch(2)))",
    ] {
        assert!(words.contains(expected), "{words}");
    }
}
