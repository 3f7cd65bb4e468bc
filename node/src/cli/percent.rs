//! Shares: percent with a fraction, as people write them; basis points, as the contracts count.

/// Basis points of a whole.
const WHOLE_BPS: u16 = 10_000;

/// Why a text is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PercentError {
    /// It is no number.
    #[error("'{0}' is no share: percent with at most two places behind the point are wanted, such as 5% or 12.5%")]
    Form(String),
    /// It is more than the whole.
    #[error("'{0}' is more than 100%")]
    TooMuch(String),
}

/// The share of a text in percent, with the sign or without, in basis points.
///
/// # Errors
/// [`PercentError`].
pub(super) fn parse(text: &str) -> Result<u16, PercentError> {
    let form = || PercentError::Form(text.into());
    let number = text.strip_suffix('%').unwrap_or(text);
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(form()),
        Some(parts) => parts,
        None => (number, ""),
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 2 || !is_number(whole) || !is_number(fraction) {
        return Err(form());
    }
    let too_much = || PercentError::TooMuch(text.into());
    let bps: u16 = format!("{whole}{fraction:0<2}").parse().map_err(|_| too_much())?;
    if bps > WHOLE_BPS { Err(too_much()) } else { Ok(bps) }
}

/// Basis points in percent, with the sign.
pub(super) fn show(bps: u16) -> String {
    let (whole, fraction) = (bps / 100, bps % 100);
    let text = format!("{whole}.{fraction:02}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_share_is_refused_by_name() {
        for text in ["", "%", ".", "5.", ".5", "-1", "5 %", "5%%", "1e1", "1.234", "five"] {
            assert_eq!(parse(text), Err(PercentError::Form(text.into())), "{text:?}");
        }
        for text in ["100.01", "101%", "655.36", "99999999999999999999"] {
            assert_eq!(parse(text), Err(PercentError::TooMuch(text.into())), "{text:?}");
        }
    }

    #[test]
    fn shares_are_read_in_percent_and_come_back() {
        for (text, bps, shown) in [
            ("0", 0, "0%"),
            ("5", 500, "5%"),
            ("12.5%", 1_250, "12.5%"),
            ("0.01", 1, "0.01%"),
            ("10.10%", 1_010, "10.1%"),
            ("100%", 10_000, "100%"),
        ] {
            assert_eq!(parse(text), Ok(bps), "{text}");
            assert_eq!(show(bps), shown);
        }
    }
}
