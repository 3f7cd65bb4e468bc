//! What the calls of a proposal do, in words.

use alloy_primitives::Address;
use alloy_sol_types::SolCall as _;
use rota_staking::{
    Contracts,
    bindings::{Admission, Expulsions, IStakingParameters::Values, Rewards, StakingParameters},
};

use super::parameters::differences;
use crate::{
    cli::{amount::Token, l1::Connected},
    outlook::Call,
};

/// What calls are compared with and named by.
pub(super) struct Words {
    contracts: Contracts,
    pub(super) token: Token,
    /// The values that hold now.
    pub(super) values: Values,
}

impl Words {
    /// Reads what holds now.
    ///
    /// # Errors
    /// What L1 says.
    pub(super) async fn read(connected: &Connected) -> eyre::Result<Self> {
        let contracts = *connected.contracts();
        let values = connected.ask(contracts.parameters, StakingParameters::valuesCall {}).await?;
        Ok(Self { contracts, token: connected.token().await?, values })
    }

    /// What a call does, a line for each change.
    pub(super) fn of(&self, call: &Call) -> Vec<String> {
        let contracts = &self.contracts;
        let known = if call.target == contracts.parameters {
            self.parameters(&call.input)
        } else if call.target == contracts.admission {
            admission(&call.input)
        } else if call.target == contracts.expulsions {
            expulsion(&call.input)
        } else if call.target == contracts.rewards {
            funder(&call.input)
        } else {
            None
        };
        known.unwrap_or_else(|| vec![format!("calls {} with {}", call.target, call.input)])
    }

    fn parameters(&self, input: &[u8]) -> Option<Vec<String>> {
        let then = StakingParameters::setCall::abi_decode(input).ok()?.newValues;
        let lines = differences(&self.values, &then, &self.token);
        Some(if lines.is_empty() { vec!["sets the parameters that hold now".to_owned()] } else { lines })
    }
}

fn admission(input: &[u8]) -> Option<Vec<String>> {
    if let Ok(Admission::setAllowListCall { untilEpoch: until }) = Admission::setAllowListCall::abi_decode(input) {
        return Some(vec![match until {
            0 => "lifts the allow-list: anyone may register".to_owned(),
            until => format!("brings the allow-list back until epoch {until}: who is not on it cannot register"),
        }]);
    }
    if let Ok(Admission::setAllowedCall { accounts, allowed }) = Admission::setAllowedCall::abi_decode(input) {
        let what = if allowed { "puts on the allow-list" } else { "takes from the allow-list" };
        return Some(accounts.iter().map(|account| format!("{what}: {account}")).collect());
    }
    let Admission::setGuardianCall { account, mandateEnd: end } = Admission::setGuardianCall::abi_decode(input).ok()?;
    Some(vec![match account {
        Address::ZERO => "leaves no guardian".to_owned(),
        account => format!("makes {account} the guardian until epoch {end}"),
    }])
}

fn expulsion(input: &[u8]) -> Option<Vec<String>> {
    let Expulsions::expelCall { validator } = Expulsions::expelCall::abi_decode(input).ok()?;
    Some(vec![format!("sends {validator} out, for ever")])
}

fn funder(input: &[u8]) -> Option<Vec<String>> {
    let Rewards::setFunderCall { account } = Rewards::setFunderCall::abi_decode(input).ok()?;
    Some(vec![format!("lets {account} set the rate of rewards")])
}
