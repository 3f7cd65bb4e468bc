//! What a peer is to us: it decides whom we ask first, and how much we do for whom.

/// From those we trust most to those we trust least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// Speaks for a validator of the sets we know.
    Validator,
    /// Configured by the operator.
    Configured,
    /// Anyone else.
    Stranger,
}

impl Trust {
    /// What a peer is that speaks for a validator or not, and is configured or not.
    pub(crate) const fn of(validator: bool, configured: bool) -> Self {
        match (validator, configured) {
            (true, _) => Self::Validator,
            (false, true) => Self::Configured,
            (false, false) => Self::Stranger,
        }
    }
}
