use crate::sim::{
    links::{BACKLOG_BYTES_MAX, Bandwidth, Cut, Distances, LinkPlan, Links, Load, Way},
    queue::Time,
    random::Random,
};

/// A megabyte a second, each way.
const NARROW: Bandwidth = Bandwidth { up: 1_000_000, down: 1_000_000 };
/// Links on which everything takes 10 ms.
const EXACT: LinkPlan = LinkPlan { latency_us: 10_000, jitter_us: 0, ..LinkPlan::CALM };

fn links(plan: LinkPlan) -> Links {
    Links::new(plan, None, Vec::new(), Time::from_ms(10_000), Random::new(7))
}

fn narrow() -> Links {
    links(LinkPlan { bandwidth: Some(NARROW), ..EXACT })
}

const fn bulk(bytes: u64) -> Option<Load> {
    Some(Load { bytes, urgent: false })
}

const fn vote(bytes: u64) -> Option<Load> {
    Some(Load { bytes, urgent: true })
}

/// Milliseconds after which a message that is sent at the beginning arrives.
#[track_caller]
fn takes_ms(links: &mut Links, to: usize, load: Option<Load>) -> u64 {
    let [first, second] = links.arrivals(Time::default(), 0, to, load);
    assert_eq!(second, None, "nothing comes twice");
    first.expect("nothing is lost").as_ms()
}

/// How many of a thousand messages come once or more, and how many twice.
fn of_a_thousand(plan: LinkPlan, now: Time) -> (usize, usize) {
    let mut links = links(plan);
    let arrivals: Vec<_> = (0..1_000).map(|_| links.arrivals(now, 0, 1, None)).collect();
    let count = |copy: usize| arrivals.iter().filter(|arrival| arrival[copy].is_some()).count();
    (count(0), count(1))
}

/// Rule D15.
#[test]
fn megabyte_on_a_line_of_a_megabyte_a_second_takes_a_second() {
    assert_eq!(takes_ms(&mut narrow(), 1, bulk(1_000_000)), 1_010);
}

/// Rule D15: one line leads to all others.
#[test]
fn what_is_sent_meanwhile_waits_wherever_it_goes() {
    let mut links = narrow();
    assert_eq!(takes_ms(&mut links, 1, bulk(500_000)), 510);
    assert_eq!(takes_ms(&mut links, 2, bulk(500_000)), 1_010);
    assert_eq!(takes_ms(&mut links, 1, bulk(0)), 1_010, "it carries nothing, and waits its turn");
}

/// Rule D15.
#[test]
fn lines_of_two_nodes_have_nothing_to_do_with_each_other() {
    let mut links = narrow();
    takes_ms(&mut links, 2, bulk(1_000_000));
    let [other, _] = links.arrivals(Time::default(), 1, 2, bulk(100_000));
    assert_eq!(other, Some(Time::from_ms(110)));
}

/// Rule D15.
#[test]
fn vote_overtakes_bodies_and_waits_for_votes() {
    let mut links = narrow();
    assert_eq!(takes_ms(&mut links, 1, bulk(1_000_000)), 1_010);
    assert_eq!(takes_ms(&mut links, 1, vote(1_000)), 11);
    assert_eq!(takes_ms(&mut links, 2, vote(1_000)), 12);
    assert_eq!(takes_ms(&mut links, 2, bulk(1_000)), 1_013, "the line carried two votes besides the body");
}

/// Rule D15.
#[test]
fn line_is_idle_between_messages() {
    let mut links = narrow();
    takes_ms(&mut links, 1, bulk(100_000));
    let [later, _] = links.arrivals(Time::from_ms(5_000), 0, 1, bulk(100_000));
    assert_eq!(later, Some(Time::from_ms(5_110)));
}

/// Rule D15.
#[test]
fn what_finds_too_many_bytes_before_it_is_dropped() {
    let mut links = narrow();
    let limit = BACKLOG_BYTES_MAX;
    takes_ms(&mut links, 1, bulk(limit));
    takes_ms(&mut links, 1, bulk(1));
    assert_eq!(links.arrivals(Time::default(), 0, 1, bulk(1)), [None, None], "one byte more than the limit waits");
    assert_eq!(links.crowded_out(), 1);
    assert_eq!(takes_ms(&mut links, 1, vote(1_000)), 11, "votes do not wait behind it");
}

/// Rule D15: two senders that have a line each share that of the receiver.
#[test]
fn messages_that_come_together_are_read_one_after_the_other() {
    let (mut links, now) = (narrow(), Time::from_ms(10));
    let load = Load { bytes: 200_000, urgent: false };
    assert_eq!(links.received(now, 2, load), Some(Time::from_ms(210)));
    assert_eq!(links.received(now, 2, load), Some(Time::from_ms(410)));
    assert_eq!(links.received(now, 3, load), Some(Time::from_ms(210)));
}

#[test]
fn wide_links_do_not_look_at_lengths() {
    assert!(!links(EXACT).are_narrow() && narrow().are_narrow());
    assert_eq!(takes_ms(&mut links(EXACT), 1, bulk(u64::MAX / 2)), 10);
}

#[test]
fn distances_take_the_place_of_the_latency() {
    let distances = Distances { sites: vec![0, 1, 1], one_way_us: vec![vec![500, 70_000], vec![80_000, 1_000]] };
    let mut links = Links::new(EXACT, Some(distances), Vec::new(), Time::default(), Random::new(7));
    let ms = |links: &mut Links, from, to| links.arrivals(Time::default(), from, to, None)[0].unwrap().0;
    assert_eq!([ms(&mut links, 0, 1), ms(&mut links, 1, 0), ms(&mut links, 1, 2)], [70_000, 80_000, 1_000]);
}

#[test]
fn jitter_adds_up_to_its_bound() {
    let plan = LinkPlan { jitter_us: 5_000, ordered: false, ..EXACT };
    let mut links = links(plan);
    let late = |links: &mut Links| links.arrivals(Time::default(), 0, 1, None)[0].unwrap().0 - 10_000;
    let late: Vec<u64> = (0..1_000).map(|_| late(&mut links)).collect();
    assert!(late.iter().all(|us| *us <= 5_000) && late.iter().any(|us| *us < 500) && late.iter().any(|us| *us > 4_500));
}

#[test]
fn loss_counts_by_the_thousand_and_ends_with_the_faults() {
    let plan = LinkPlan { loss_permille: 250, rest_loss_permille: 10, ..EXACT };
    let (during, _) = of_a_thousand(plan, Time::default());
    let (after, _) = of_a_thousand(plan, Time::from_ms(10_000));
    assert!((700..800).contains(&during), "{during} of 1,000 come");
    assert!((975..1_000).contains(&after), "{after} of 1,000 come");
}

#[test]
fn some_messages_come_twice() {
    let (once, twice) = of_a_thousand(LinkPlan { duplicate_permille: 100, ..EXACT }, Time::default());
    assert!(once == 1_000 && (70..130).contains(&twice), "{twice} of 1,000 come twice");
}

#[test]
fn ordered_links_keep_their_order_and_others_do_not() {
    let rough = LinkPlan { jitter_us: 50_000, ..EXACT };
    let overtaken = |plan: LinkPlan| {
        let mut links = links(plan);
        let times: Vec<_> = (0..100).map(|us| links.arrivals(Time(us), 0, 1, None)[0].unwrap()).collect();
        times.windows(2).filter(|pair| pair[1] < pair[0]).count()
    };
    assert_eq!(overtaken(rough), 0);
    assert!(overtaken(LinkPlan { ordered: false, ..rough }) > 20);
}

#[test]
fn cut_stops_what_it_names_and_nothing_else() {
    let table = [
        (Way::Both, [false, false, true, true]),
        (Way::Out, [false, true, true, true]),
        (Way::In, [true, false, true, true]),
    ];
    for (way, expected) in table {
        let cut = Cut { during: Time::from_ms(1_000)..Time::from_ms(2_000), side: vec![0, 3], way };
        let mut links = Links::new(EXACT, None, vec![cut], Time::default(), Random::new(7));
        let mut passes = |ms, from, to| links.arrivals(Time::from_ms(ms), from, to, None)[0].is_some();
        let (out, into, inside, outside) =
            (passes(1_000, 0, 1), passes(1_999, 1, 0), passes(1_500, 0, 3), passes(1_500, 1, 2));
        assert_eq!([out, into, inside, outside], expected, "{way:?}");
        assert!(passes(999, 0, 1) && passes(2_000, 1, 0), "{way:?}: it lasts from one time to another");
    }
}
