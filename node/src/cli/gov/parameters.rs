//! The values that governance sets, by name and in units for people.

use eyre::{ContextCompat as _, WrapErr as _, bail, ensure};
use rota_staking::bindings::IStakingParameters::Values;

use crate::cli::{amount::Token, percent};

/// One of `IStakingParameters.Values`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    MinimumBond,
    PowerCap,
    UnbondingDelay,
    KeyRotationInterval,
    MaximumExitWait,
    MinimumSize,
    EntryBound,
    ExitBound,
    ReplacementMargin,
    Treasury,
}

impl Parameter {
    /// All of them, in the order of the contract.
    const ALL: [Self; 10] = [
        Self::MinimumBond,
        Self::PowerCap,
        Self::UnbondingDelay,
        Self::KeyRotationInterval,
        Self::MaximumExitWait,
        Self::MinimumSize,
        Self::EntryBound,
        Self::ExitBound,
        Self::ReplacementMargin,
        Self::Treasury,
    ];

    /// As the contract names it.
    const fn name(self) -> &'static str {
        match self {
            Self::MinimumBond => "minimumBond",
            Self::PowerCap => "powerCap",
            Self::UnbondingDelay => "unbondingDelay",
            Self::KeyRotationInterval => "keyRotationInterval",
            Self::MaximumExitWait => "maximumExitWait",
            Self::MinimumSize => "minimumSize",
            Self::EntryBound => "entryBound",
            Self::ExitBound => "exitBound",
            Self::ReplacementMargin => "replacementMargin",
            Self::Treasury => "treasury",
        }
    }

    fn named(name: &str) -> eyre::Result<Self> {
        let found = Self::ALL.into_iter().find(|parameter| parameter.name() == name);
        let names = || Self::ALL.map(Self::name).join(", ");
        found.wrap_err_with(|| format!("no parameter is named '{name}': there are {}", names()))
    }

    /// Its value, with its unit.
    fn show(self, values: &Values, token: &Token) -> String {
        match self {
            Self::MinimumBond => token.show(values.minimumBond),
            Self::PowerCap => token.show(values.powerCap),
            Self::UnbondingDelay => format!("{} epochs", values.unbondingDelay),
            Self::KeyRotationInterval => format!("{} epochs", values.keyRotationInterval),
            Self::MaximumExitWait => format!("{} epochs", values.maximumExitWait),
            Self::MinimumSize => format!("{} members", values.minimumSize),
            Self::EntryBound => percent::show(values.entryBound),
            Self::ExitBound => percent::show(values.exitBound),
            Self::ReplacementMargin => percent::show(values.replacementMargin),
            Self::Treasury => values.treasury.to_string(),
        }
    }

    fn set(self, values: &mut Values, text: &str, token: &Token) -> eyre::Result<()> {
        match self {
            Self::MinimumBond => values.minimumBond = token.parse(text)?,
            Self::PowerCap => values.powerCap = token.parse(text)?,
            Self::UnbondingDelay => values.unbondingDelay = number(text, "epochs")?,
            Self::KeyRotationInterval => values.keyRotationInterval = number(text, "epochs")?,
            Self::MaximumExitWait => values.maximumExitWait = number(text, "epochs")?,
            Self::MinimumSize => values.minimumSize = number(text, "members")?,
            Self::EntryBound => values.entryBound = share(text)?,
            Self::ExitBound => values.exitBound = share(text)?,
            Self::ReplacementMargin => values.replacementMargin = share(text)?,
            Self::Treasury => {
                values.treasury = text.parse().wrap_err_with(|| format!("'{text}' is no address"))?;
            }
        }
        Ok(())
    }
}

/// The values with some changed, each given as `name=value`.
///
/// # Errors
/// Which one has no such name, is named twice or cannot be read; or that nothing changes.
pub(super) fn changed(now: &Values, changes: &[String], token: &Token) -> eyre::Result<Values> {
    let mut values = now.clone();
    let mut named = Vec::new();
    for change in changes {
        let Some((name, text)) = change.split_once('=') else {
            bail!("'{change}' sets nothing: name=value is wanted, such as minimumBond=1.25")
        };
        let parameter = Parameter::named(name)?;
        ensure!(!named.contains(&parameter), "{name} is set twice");
        named.push(parameter);
        parameter.set(&mut values, text, token).wrap_err_with(|| name.to_owned())?;
    }
    ensure!(values != *now, "these are the values that hold already");
    Ok(values)
}

/// What differs, a line each, with both values.
pub(super) fn differences(now: &Values, then: &Values, token: &Token) -> Vec<String> {
    let shown = Parameter::ALL.map(|parameter| {
        let [now, then] = [now, then].map(|values| parameter.show(values, token));
        (now != then).then(|| format!("{}: {now} -> {then}", parameter.name()))
    });
    shown.into_iter().flatten().collect()
}

/// A whole number.
fn number<T: std::str::FromStr>(text: &str, unit: &str) -> eyre::Result<T> {
    text.parse().ok().wrap_err_with(|| format!("'{text}' is no number of {unit}"))
}

/// A share, with its sign: who thinks in basis points must not be misunderstood.
fn share(text: &str) -> eyre::Result<u16> {
    ensure!(text.ends_with('%'), "'{text}' has no sign: a share is written in percent, such as 12.5%");
    Ok(percent::parse(text)?)
}

#[cfg(test)]
#[path = "tests/parameters.rs"]
mod tests;
