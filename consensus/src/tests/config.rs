//! How timeouts grow (rules T1, T2).

use crate::{Limits, Timings};

/// Rules T1, T2.
#[test]
fn view_timeout_grows_by_half_up_to_the_cap() {
    let timings = Timings::default();
    let timeouts: Vec<u64> = (0..10).map(|failures| timings.view_timeout_after(failures)).collect();
    assert_eq!(timeouts, [750, 1_126, 1_690, 2_536, 3_805, 5_708, 8_563, 12_845, 15_000, 15_000]);
    assert_eq!(timings.view_timeout_after(u32::MAX), 15_000);
}

/// Rule T2: even the smallest timeout grows, or a network could stay below what it needs for ever.
#[test]
fn smallest_timeout_grows_too() {
    let timings = Timings { view_timeout_ms: 1, view_timeout_cap_ms: 1_000, ..Timings::default() };
    assert!((0..15).all(|failures| timings.view_timeout_after(failures) < timings.view_timeout_after(failures + 1)));
    assert_eq!(timings.view_timeout_after(15), 1_000);
}

/// Rule T2: a cap below the timeout holds from the first view on.
#[test]
fn cap_holds_from_the_first_view_on() {
    let timings = Timings { view_timeout_ms: 750, view_timeout_cap_ms: 500, ..Timings::default() };
    assert_eq!([0, 1, 9].map(|failures| timings.view_timeout_after(failures)), [500; 3]);
}

#[test]
fn limits_are_those_of_the_rules() {
    assert_eq!(Limits::default(), Limits { views_ahead: 32, silent_views: 5, stray_views: 64, wanted: 256 });
}
