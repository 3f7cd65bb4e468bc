//! Words of strangers, before they reach a terminal: descriptions of proposals, what validators say of themselves.

/// The text in one line, without what moves the cursor, paints, or turns the direction of reading: it could hide what
/// stands beside it.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|letter| if is_plain(letter) { letter } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Whether a letter is only itself. Marks of direction stand at U+061C, U+200E, U+200F, U+202A to U+202E and U+2066 to
/// U+2069 (UAX 9); U+2028 and U+2029 end lines.
fn is_plain(letter: char) -> bool {
    !letter.is_control()
        && !matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_move_no_cursor_and_turn_no_line() {
        for text in ["a\u{1b}[2Kb", "a\nb", "a\rb", "a\u{202e}b", "a\u{2066}b", "a\u{9b}b", "a\u{2028}b", "a\u{200f}b"]
        {
            let told = shown(text);
            assert!(told.starts_with("a\u{fffd}") && told.ends_with('b'), "{text:?}: {told:?}");
        }
        assert_eq!(shown("Grüße, 你好: 5% more!"), "Grüße, 你好: 5% more!");
    }
}
