//! The registry: folds the facts of L1 into the validator set of each epoch.

mod error;
mod snapshot;

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::B256;
use rota_proto::{
    ConsensusKey, Epoch, EpochSchedule, L1Origin, Place, Validator, ValidatorSet, VotingPower, leader_seed,
};

use crate::{
    ChangeHash, L1Block, Origin, ValidatorChange,
    limits::{LAG_EPOCHS, ORIGINS_KEPT, SEEDS_KEPT, SETS_READY},
};

pub use error::{EpochError, RegistryError, Warning};
pub use snapshot::SnapshotError;

/// What a network's genesis says about L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The chain id of the rollup.
    pub rollup_chain_id: u64,
    /// The contract's epochs.
    pub schedule: EpochSchedule,
    /// The L1 block that the genesis batch builds on: the block of the contract's deployment, or a later one.
    pub origin: L1Origin,
}

/// Who may vote in each epoch, folded from the final blocks of L1 in their order (rules R1 to R10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    genesis: Genesis,
    /// The newest blocks, without gaps, never empty.
    origins: BTreeMap<u64, Origin>,
    /// Who holds each place from which epoch on.
    places: BTreeMap<Place, BTreeMap<Epoch, Option<Validator>>>,
    /// The randomness of the genesis origin, once seen.
    genesis_mix: Option<B256>,
    /// The randomness of the middle block of epochs whose middle lies after the genesis origin.
    mixes: BTreeMap<Epoch, B256>,
    /// The contract's hash over all changes so far, and over those that count in the newest fixed set (rule R10).
    changes: (ChangeHash, ChangeHash),
    /// The newest sets, ready to use.
    ready: BTreeMap<Epoch, Arc<ValidatorSet>>,
}

impl Registry {
    /// Begins with the block in which the contracts were opened, which seeds the sets of epochs 0 and 1 (rule R2).
    ///
    /// # Errors
    /// [`RegistryError`] if it is not that block, or genesis names an earlier origin or another block as origin.
    pub fn begin(genesis: Genesis, deployment: &L1Block) -> Result<(Self, Vec<Warning>), RegistryError> {
        let number = deployment.number;
        let epoch = genesis.schedule.epoch_of(number)?;
        if epoch != Epoch(0) {
            return Err(RegistryError::NotInFirstEpoch { number, epoch });
        }
        if genesis.origin.number < number {
            return Err(RegistryError::OriginBeforeDeployment { origin: genesis.origin.number, deployment: number });
        }
        let mut registry = Self {
            genesis,
            origins: BTreeMap::new(),
            places: BTreeMap::new(),
            genesis_mix: None,
            mixes: BTreeMap::new(),
            changes: (ChangeHash::ZERO, ChangeHash::ZERO),
            ready: BTreeMap::new(),
        };
        registry.check_genesis_origin(deployment)?;
        for change in deployment.changes.iter().filter(|change| change.effective_epoch != Epoch(0)) {
            check_lag(number, epoch, change)?;
        }
        let seeds = deployment.changes.iter().filter(|change| change.effective_epoch == Epoch(0));
        registry.changes.1 = hash_after(ChangeHash::ZERO, seeds);
        check_hash(deployment, Epoch(1), registry.changes.1)?;
        let mut warnings = registry.take(deployment, epoch);
        warnings.extend(registry.fix(Epoch(0)));
        warnings.extend(registry.fix(Epoch(1)));
        if registry.set(Epoch(0)).is_err() {
            return Err(RegistryError::NoSeeds(number));
        }
        Ok((registry, warnings))
    }

    /// Takes the next final block of L1 (rules R3, R4). A known block that comes again changes nothing.
    ///
    /// # Errors
    /// [`RegistryError`]; the registry stays as it was, and the node stops.
    pub fn apply(&mut self, block: &L1Block) -> Result<Vec<Warning>, RegistryError> {
        if self.is_known(block)? {
            return Ok(Vec::new());
        }
        let epoch = self.genesis.schedule.epoch_of(block.number)?;
        self.check_genesis_origin(block)?;
        for change in &block.changes {
            check_lag(block.number, epoch, change)?;
        }
        let begins = epoch > self.newest_epoch();
        // R10: with this block the set of the next epoch is fixed, by all changes before it.
        let fixed = if begins { self.changes.0 } else { self.changes.1 };
        check_hash(block, epoch.next(), fixed)?;
        self.changes.1 = fixed;
        let mut warnings = self.take(block, epoch);
        if begins {
            warnings.extend(self.fix(epoch.next()));
        }
        Ok(warnings)
    }

    /// What genesis says about L1.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The newest final block.
    #[must_use]
    pub fn newest(&self) -> &Origin {
        self.origins.last_key_value().expect("a registry begins with a block").1
    }

    /// The epoch of the newest final block.
    #[must_use]
    pub fn newest_epoch(&self) -> Epoch {
        self.genesis.schedule.epoch_of(self.newest().number).expect("only blocks with an epoch are taken")
    }

    /// How much each map holds, by name. Each has a bound but for the holders of all places, of which there is one more
    /// for each place and epoch in which the contract announces a change (rule R3).
    #[must_use]
    pub fn sizes(&self) -> [(&'static str, usize); 4] {
        let holders: usize = self.places.values().map(BTreeMap::len).sum();
        [
            ("l1 blocks", self.origins.len()),
            ("holders", holders),
            ("seeds", self.mixes.len()),
            ("sets", self.ready.len()),
        ]
    }

    /// A final block by its number, among the newest [`ORIGINS_KEPT`] (rule R6).
    #[must_use]
    pub fn origin(&self, number: u64) -> Option<&Origin> {
        self.origins.get(&number)
    }

    /// The validator set of an epoch, fixed once the epoch before it has begun (rule R3).
    ///
    /// # Errors
    /// [`EpochError::NotYet`] or [`EpochError::NoVoters`].
    pub fn set(&self, epoch: Epoch) -> Result<Arc<ValidatorSet>, EpochError> {
        let newest = self.newest().number;
        let needs = self.genesis.schedule.first_block(epoch.previous());
        if epoch.previous() > self.newest_epoch() {
            return Err(EpochError::NotYet { epoch, needs, newest });
        }
        match self.ready.get(&epoch) {
            Some(set) => Ok(Arc::clone(set)),
            None => self.form(epoch).0.map(Arc::new),
        }
    }

    /// The seed of an epoch's leader draw (rule R5).
    ///
    /// # Errors
    /// [`EpochError::NotYet`], or [`EpochError::Forgotten`] for an epoch long past.
    pub fn leader_seed(&self, epoch: Epoch) -> Result<B256, EpochError> {
        Ok(leader_seed(self.genesis.rollup_chain_id, epoch, self.mix(epoch)?))
    }

    /// R5: the randomness of the middle of the epoch before, or of the genesis origin where that lies later.
    fn mix(&self, epoch: Epoch) -> Result<B256, EpochError> {
        let origin = self.genesis.origin.number;
        let middle = self.genesis.schedule.middle_block(epoch.previous());
        let newest = self.newest().number;
        if epoch == Epoch(0) || middle <= origin {
            return self.genesis_mix.ok_or(EpochError::NotYet { epoch, needs: origin, newest });
        }
        match (self.mixes.get(&epoch.previous()), self.mixes.first_key_value()) {
            (Some(mix), _) => Ok(*mix),
            (None, Some((oldest, _))) if *oldest >= epoch => {
                Err(EpochError::Forgotten { epoch, oldest: oldest.next() })
            }
            (None, _) => Err(EpochError::NotYet { epoch, needs: middle, newest }),
        }
    }

    /// R4: final blocks come in their order, each on the one before it. True if this one came before.
    fn is_known(&self, block: &L1Block) -> Result<bool, RegistryError> {
        let L1Block { number, hash, parent_hash: parent, .. } = *block;
        let newest = self.newest();
        if number > newest.number {
            let expected = newest.number + 1;
            if number != expected {
                return Err(RegistryError::Gap { number, expected });
            }
            if parent != newest.hash {
                return Err(RegistryError::WrongParent { number, parent, known: newest.hash });
            }
            return Ok(false);
        }
        match self.origins.get(&number) {
            Some(known) if known.hash == hash => Ok(true),
            Some(Origin { hash: known, .. }) => Err(RegistryError::Reorganized { number, known: *known, hash }),
            None => {
                let oldest = self.origins.first_key_value().map_or(newest.number, |(oldest, _)| *oldest);
                Err(RegistryError::Forgotten { number, oldest })
            }
        }
    }

    fn check_genesis_origin(&self, block: &L1Block) -> Result<(), RegistryError> {
        let L1Origin { number, hash: genesis } = self.genesis.origin;
        if block.number == number && block.hash != genesis {
            return Err(RegistryError::NotGenesisOrigin { number, hash: block.hash, genesis });
        }
        Ok(())
    }

    /// Takes a block that was checked.
    fn take(&mut self, block: &L1Block, epoch: Epoch) -> Vec<Warning> {
        self.origins.insert(block.number, block.into());
        self.origins = self.origins.split_off(&(block.number + 1).saturating_sub(ORIGINS_KEPT));
        let origin = self.genesis.origin.number;
        if block.number == origin {
            self.genesis_mix = Some(block.prevrandao);
        }
        if block.number > origin && block.number == self.genesis.schedule.middle_block(epoch) {
            self.mixes.insert(epoch, block.prevrandao);
        }
        while self.mixes.len() > SEEDS_KEPT {
            self.mixes.pop_first();
        }
        self.changes.0 = hash_after(self.changes.0, block.changes.iter());
        block.changes.iter().filter_map(|change| self.change(change)).collect()
    }

    /// R3, R7: the last change of a place in an epoch counts; without power or a usable key it empties the place.
    fn change(&mut self, change: &ValidatorChange) -> Option<Warning> {
        let (place, effective) = (change.place, change.effective_epoch);
        let key = ConsensusKey::from_bytes(&change.consensus_key.0);
        let holder = key.ok().filter(|_| change.power > VotingPower(0)).map(|consensus_key| Validator {
            operator: change.operator,
            consensus_key,
            power: change.power,
            fee_recipient: change.fee_recipient,
        });
        self.places.entry(place).or_default().insert(effective, holder);
        let error = key.err().filter(|_| change.power > VotingPower(0))?;
        Some(Warning::BadKey { place, effective, error })
    }

    /// Makes ready the set of an epoch, which can no longer change.
    fn fix(&mut self, epoch: Epoch) -> Vec<Warning> {
        let (set, mut warnings) = self.form(epoch);
        match set {
            Ok(set) => {
                self.ready.insert(epoch, Arc::new(set));
            }
            Err(_) => warnings.push(Warning::NoVoters(epoch)),
        }
        self.ready = self.ready.split_off(&Epoch((epoch.0 + 1).saturating_sub(SETS_READY)));
        warnings
    }

    /// Puts the set of an epoch together from the holders of the places (rules R7, R8).
    fn form(&self, epoch: Epoch) -> (Result<ValidatorSet, EpochError>, Vec<Warning>) {
        let mut holders: BTreeMap<ConsensusKey, Place> = BTreeMap::new();
        let mut validators = BTreeMap::new();
        let mut warnings = Vec::new();
        for (place, history) in &self.places {
            let latest = history.range(..=epoch).next_back();
            let Some(validator) = latest.and_then(|(_, validator)| validator.as_ref()) else { continue };
            let key = validator.consensus_key;
            if let Some(holder) = holders.get(&key) {
                warnings.push(Warning::SharedKey { place: *place, holder: *holder, key: key.to_bytes().into(), epoch });
                continue;
            }
            holders.insert(key, *place);
            validators.insert(*place, validator.clone());
        }
        if validators.is_empty() {
            return (Err(EpochError::NoVoters(epoch)), warnings);
        }
        let set = ValidatorSet::new(epoch, validators).expect("no place without power, no key twice");
        (Ok(set), warnings)
    }
}

/// R10: the contract's hash over more changes.
fn hash_after<'a>(previous: ChangeHash, changes: impl Iterator<Item = &'a ValidatorChange>) -> ChangeHash {
    changes.fold(previous, |previous, change| change.hash_after(previous))
}

/// R10: what the contract says of the changes up to an epoch is what we have folded.
fn check_hash(block: &L1Block, epoch: Epoch, ours: ChangeHash) -> Result<(), RegistryError> {
    match block.change_hash {
        Some(contract) if contract != ours => {
            Err(RegistryError::OtherChanges { number: block.number, epoch, ours, contract })
        }
        Some(_) | None => Ok(()),
    }
}

/// R3: one lag for all changes.
fn check_lag(number: u64, epoch: Epoch, change: &ValidatorChange) -> Result<(), RegistryError> {
    let (effective, changeable) = (change.effective_epoch, epoch.plus(LAG_EPOCHS));
    if effective < changeable {
        return Err(RegistryError::SetFixed { number, effective, changeable });
    }
    if effective > changeable {
        return Err(RegistryError::BeyondLag { number, effective, changeable });
    }
    Ok(())
}
