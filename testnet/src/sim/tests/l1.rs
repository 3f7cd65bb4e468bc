use crate::sim::{
    l1::{L1Outage, heard_at},
    queue::Time,
};

fn outage(from_ms: u64, to_ms: u64, nodes: &[usize]) -> L1Outage {
    L1Outage { during: Time::from_ms(from_ms)..Time::from_ms(to_ms), nodes: nodes.to_vec() }
}

/// Rule D18.
#[test]
fn block_that_becomes_final_in_an_outage_is_heard_of_at_its_end() {
    let outages = [outage(1_000, 3_000, &[1]), outage(2_500, 4_000, &[])];
    let heard = |node, ms| heard_at(&outages, node, Time::from_ms(ms)).as_ms();
    assert_eq!([heard(1, 999), heard(1, 1_000), heard(1, 3_999)], [999, 4_000, 4_000], "one outage ends in another");
    assert_eq!([heard(0, 1_000), heard(0, 2_500), heard(0, 4_000)], [1_000, 4_000, 4_000]);
}
