//! Amounts of a token: whole tokens with a fraction, as people write them.

use alloy_primitives::Uint;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AmountError {
    /// It is no number.
    #[error("'{0}' is no amount: digits with at most one point are wanted, such as 30 or 0.5")]
    Form(String),
    /// It is finer than the token.
    #[error("'{text}' has more than the {decimals} places that the token has behind the point")]
    TooFine {
        /// What was given.
        text: String,
        /// The token's places.
        decimals: u8,
    },
    /// It is more than 128 bits of the smallest units.
    #[error("'{0}' is more than there can be of the token")]
    TooMuch(String),
}

/// The token that is staked, as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Places behind the point.
    pub(super) decimals: u8,
    /// Its name on a price list.
    pub(super) symbol: String,
}

impl Token {
    /// The amount of a text in whole tokens, in the smallest units.
    ///
    /// # Errors
    /// [`AmountError`].
    pub(super) fn parse(&self, text: &str) -> Result<u128, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let form = !whole.is_empty() && is_number(whole) && is_number(fraction);
        if !form || (text.contains('.') && fraction.is_empty()) {
            return Err(AmountError::Form(text.into()));
        }
        let places = usize::from(self.decimals);
        if fraction.len() > places {
            return Err(AmountError::TooFine { text: text.into(), decimals: self.decimals });
        }
        let digits = format!("{whole}{fraction:0<places$}");
        digits.parse().map_err(|_| AmountError::TooMuch(text.into()))
    }

    /// The smallest units in whole tokens, without the token's name.
    pub(super) fn plain(&self, units: u128) -> String {
        let places = usize::from(self.decimals);
        let digits = format!("{units:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }

    /// The smallest units in whole tokens, with the token's name.
    pub(super) fn show(&self, units: u128) -> String {
        format!("{} {}", self.plain(units), self.symbol)
    }
}

/// A number of a contract that fits 128 bits, as all amounts do; else the greatest.
pub(super) fn wide<const BITS: usize, const LIMBS: usize>(number: Uint<BITS, LIMBS>) -> u128 {
    number.saturating_to()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(decimals: u8) -> Token {
        Token { decimals, symbol: "ROTA".into() }
    }

    #[test]
    fn amounts_are_read_in_whole_tokens() {
        for (text, units) in [
            ("30", 30_000_000_000_000_000_000),
            ("0.5", 500_000_000_000_000_000),
            ("0.000000000000000001", 1),
            ("007.10", 7_100_000_000_000_000_000),
            ("0", 0),
            ("340282366920938463463.374607431768211455", u128::MAX),
        ] {
            assert_eq!(token(18).parse(text), Ok(units), "{text}");
        }
        assert_eq!(token(0).parse("12"), Ok(12));
    }

    #[test]
    fn what_is_no_amount_is_refused_by_name() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "0x10", "ten"] {
            assert_eq!(token(6).parse(text), Err(AmountError::Form(text.into())), "{text:?}");
        }
        assert_eq!(token(6).parse("0.0000001"), Err(AmountError::TooFine { text: "0.0000001".into(), decimals: 6 }));
        let much = "340282366920938463463374607431768.211456";
        assert_eq!(token(6).parse(much), Err(AmountError::TooMuch(much.into())));
        assert!(matches!(token(0).parse("1.0"), Err(AmountError::TooFine { .. })));
    }

    #[test]
    fn amounts_come_back_as_they_went() {
        for (units, text) in [
            (0, "0 ROTA"),
            (1, "0.000000000000000001 ROTA"),
            (500_000_000_000_000_000, "0.5 ROTA"),
            (30_000_000_000_000_000_000, "30 ROTA"),
            (u128::MAX, "340282366920938463463.374607431768211455 ROTA"),
        ] {
            assert_eq!(token(18).show(units), text);
            assert_eq!(token(18).parse(&token(18).plain(units)), Ok(units));
        }
        assert_eq!(token(0).show(7), "7 ROTA");
    }
}
