use crate::network::seen::Seen;

#[test]
fn what_was_noted_is_not_new() {
    let mut seen = Seen::new(10);
    assert!(seen.note(b"a"));
    assert!(!seen.note(b"a"));
    assert!(seen.note(b"b"));
}

#[test]
fn what_was_forgotten_is_new_again() {
    let mut seen = Seen::new(10);
    seen.note(b"a");
    seen.forget(b"a");
    assert!(seen.note(b"a"));
}

#[test]
fn memory_is_bounded_and_keeps_the_later_half() {
    // N42
    let mut seen = Seen::new(100);
    for number in 0u32..10_000 {
        assert!(seen.note(&number.to_be_bytes()));
        assert!(seen.len() <= 100);
    }
    for number in 9_950u32..10_000 {
        assert!(!seen.note(&number.to_be_bytes()), "{number}");
    }
    assert!(seen.note(&0u32.to_be_bytes()));
}
