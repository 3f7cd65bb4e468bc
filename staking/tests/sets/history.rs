//! A random history of stakes on L1, and a registry that follows it.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, Bytes, Log, U256};
use alloy_sol_types::{SolCall, SolEvent};
use ed25519_dalek::SigningKey;
use eyre::{OptionExt as _, Result, ensure};
use rota_proto::{Epoch, EpochSchedule, L1Origin, Place, VotingPower};
use rota_staking::{
    ChangeHash, Genesis, L1Block, Registry, ValidatorChange,
    bindings::{
        Enrolment, IStakeManager, IStakingParameters, IValidatorRegistry, StakeManager, StakingParameters,
        ValidatorRegistry, ValidatorSets, ValidatorSets::ValidatorChanged,
    },
};

use super::{
    dice::Dice,
    l1::{DEPLOYER, L1, LENGTH, MINIMUM, Outcome, START, TOKEN, values},
};

/// Accounts that may become validators.
pub(crate) const ACCOUNTS: u8 = 12;

/// Keys of each kind that a history has: registrations and rotations use each once.
const KEYS: u8 = 40;

/// What happened in many histories.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) histories: u64,
    pub(crate) done: u64,
    pub(crate) refused: u64,
    pub(crate) changes: u64,
    pub(crate) slashes: u64,
    pub(crate) sets: u64,
    pub(crate) smallest: usize,
    pub(crate) largest: usize,
}

/// The name of a validator, and its operator.
pub(crate) fn account(number: u8) -> Address {
    Address::repeat_byte(0xa0 + number)
}

fn withdrawal(validator: Address) -> Address {
    Address::from(validator.0.map(|byte| byte ^ 0x55))
}

fn consensus_key(number: u8) -> B256 {
    static KEYS_OF: LazyLock<Vec<B256>> = LazyLock::new(|| {
        let key = |number: u8| SigningKey::from_bytes(&[number + 1; 32]).verifying_key().to_bytes();
        (0..KEYS).map(|number| key(number).into()).collect()
    });
    KEYS_OF[usize::from(number)]
}

fn attestation_key(number: u8) -> Bytes {
    static KEYS_OF: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
        let secret = |number: u8| blst::min_pk::SecretKey::key_gen(&[number; 32], &[]).expect("32 bytes are enough");
        let key = |number: u8| rota_proto::AttestationKey::from_compressed(&secret(number).sk_to_pk().compress());
        (0..KEYS).map(|number| Bytes::from(key(number).expect("a key that was generated").to_bytes())).collect()
    });
    KEYS_OF[usize::from(number)].clone()
}

/// One history.
pub(crate) struct History<'a> {
    dice: Dice,
    l1: L1,
    registry: Registry,
    tally: &'a mut Tally,
    /// Keys that were used.
    keys: u8,
    /// Accounts that registered.
    registered: Vec<Address>,
    /// What was announced in the current block.
    announced: Vec<ValidatorChange>,
}

impl<'a> History<'a> {
    /// Opens the stakes with one to six validators, and begins to follow.
    pub(crate) fn begin(seed: u64, deployed: &L1, tally: &'a mut Tally) -> Result<Self> {
        let mut dice = Dice(seed);
        let mut l1 = deployed.fork();
        let opening = START + dice.below(LENGTH);
        l1.mine(opening);
        let count = 1 + u8::try_from(dice.below(6))?;
        let seeds = (0..count).map(|number| IStakeManager::Seed {
            validator: account(number),
            amount: (MINIMUM + u128::from(dice.below(40))) * TOKEN,
            registration: registration(account(number), number),
            possession: Enrolment::Possession::default(),
        });
        let open = StakeManager::openCall { seeds: seeds.collect() };
        let stakes = l1.contracts.stakes;
        let logs = l1.done(DEPLOYER, stakes, &open)?;
        let announced = changes(&logs, l1.contracts.sets)?;
        tally.changes += u64::try_from(announced.len())?;
        let change_hash = l1.ask(l1.contracts.sets, &ValidatorSets::changeHashOfCall { epoch: 1 })?;
        let block = block(opening, announced, Some(change_hash));
        let schedule = EpochSchedule::new(START, LENGTH)?;
        let origin = L1Origin { number: opening, hash: block.hash };
        let (registry, warnings) = Registry::begin(Genesis { rollup_chain_id: 7682, schedule, origin }, &block)?;
        ensure!(warnings.is_empty(), "{warnings:?}");
        let registered = (0..count).map(account).collect();
        let mut history = Self { dice, l1, registry, tally, keys: count, registered, announced: Vec::new() };
        history.compare(0)?;
        history.compare(1)?;
        Ok(history)
    }

    /// Lives through some epochs, with a few transactions in each.
    pub(crate) fn live(mut self) -> Result<()> {
        let last = 4 + self.dice.below(6);
        let mut number = self.l1.number() + 1;
        while number < START + (last + 1) * LENGTH {
            self.l1.mine(number);
            for _ in 0..2 {
                if self.dice.below(LENGTH) < 2 {
                    self.act()?;
                }
            }
            self.follow(number)?;
            number += 1;
        }
        // The past has not changed.
        for epoch in 0..=last + 1 {
            self.compare(epoch)?;
        }
        self.tally.histories += 1;
        Ok(())
    }

    /// The registry takes the block; where it begins an epoch, it knows the next set.
    fn follow(&mut self, number: u64) -> Result<()> {
        let epoch = (number - START) / LENGTH;
        let begins = (number - START).is_multiple_of(LENGTH);
        let hash = ValidatorSets::changeHashOfCall { epoch: epoch + 1 };
        let change_hash = if begins { Some(self.l1.ask(self.l1.contracts.sets, &hash)?) } else { None };
        let announced = std::mem::take(&mut self.announced);
        self.tally.changes += u64::try_from(announced.len())?;
        let warnings = self.registry.apply(&block(number, announced, change_hash))?;
        ensure!(warnings.is_empty(), "{warnings:?}");
        if begins {
            self.compare(epoch + 1)?;
        }
        Ok(())
    }

    /// The set of an epoch is what the contract's view says.
    fn compare(&mut self, epoch: u64) -> Result<()> {
        let ours = self.registry.set(Epoch(epoch))?;
        let theirs = self.l1.ask(self.l1.contracts.sets, &ValidatorSets::setOfCall { epoch })?;
        ensure!(ours.len() == theirs.len(), "epoch {epoch}: {} here, {} on L1", ours.len(), theirs.len());
        for member in &theirs {
            let place = Place::new(member.place).ok_or_eyre("a place")?;
            let validator = ours.get(place).ok_or_eyre("a member")?;
            let same = validator.operator == member.validator
                && validator.consensus_key.to_bytes() == member.consensusKey.0
                && validator.power == VotingPower(member.power)
                && validator.fee_recipient == member.feeRecipient;
            ensure!(same, "epoch {epoch}: {validator:?} here, {member:?} on L1");
        }
        self.tally.sets += 1;
        self.tally.smallest = self.tally.smallest.min(ours.len());
        self.tally.largest = self.tally.largest.max(ours.len());
        Ok(())
    }

    /// One transaction of somebody, whatever comes of it.
    fn act(&mut self) -> Result<()> {
        let stakes = self.l1.contracts.stakes;
        let validator = *self.dice.pick(&self.registered);
        let tokens = (1 + u128::from(self.dice.below(60))) * TOKEN;
        match self.dice.below(24) {
            0..=5 => self.register(tokens),
            6..=8 => self.send(validator, stakes, &StakeManager::topUpCall { validator, amount: tokens }),
            9..=11 => self.send(validator, stakes, &StakeManager::unbondCall { validator, amount: tokens }),
            12..=13 => self.send(validator, stakes, &StakeManager::exitCall { validator }),
            14 => {
                let id = 1 + self.dice.below(6);
                self.send(withdrawal(validator), stakes, &StakeManager::cancelCall { id })
            }
            15 => {
                let id = 1 + self.dice.below(6);
                self.send(DEPLOYER, stakes, &StakeManager::withdrawCall { id })
            }
            16..=17 => self.rotate(validator),
            18 => {
                let recipient = Address::repeat_byte(u8::try_from(1 + self.dice.below(200))?);
                let call = ValidatorRegistry::setFeeRecipientCall { validator, feeRecipient: recipient };
                self.send(validator, self.l1.contracts.registry, &call)
            }
            19..=20 => self.slash(validator),
            21 => {
                let steps = U256::from(self.dice.below(12));
                self.send(DEPLOYER, self.l1.contracts.sets, &ValidatorSets::advanceCall { steps })
            }
            22 => self.send(DEPLOYER, stakes, &StakeManager::refreshCall { validator }),
            _ => self.govern(),
        }
    }

    fn register(&mut self, amount: u128) -> Result<()> {
        let mut free = (0..ACCOUNTS).filter(|number| !self.registered.contains(&account(*number)));
        let Some(number) = free.next() else { return Ok(()) };
        let Some(key) = self.fresh_key() else { return Ok(()) };
        let validator = account(number);
        let call = StakeManager::registerCall {
            registration: registration(validator, key),
            possession: Enrolment::Possession::default(),
            amount,
        };
        self.send(validator, self.l1.contracts.stakes, &call)?;
        self.registered.push(validator);
        Ok(())
    }

    fn rotate(&mut self, validator: Address) -> Result<()> {
        let Some(key) = self.fresh_key() else { return Ok(()) };
        let call = ValidatorRegistry::rotateKeysCall {
            validator,
            consensusKey: consensus_key(key),
            attestationKey: attestation_key(key),
            possession: IValidatorRegistry::Possession::default(),
        };
        self.send(validator, self.l1.contracts.registry, &call)
    }

    fn slash(&mut self, validator: Address) -> Result<()> {
        let call = StakeManager::slashCall {
            validator,
            baseFraction: U256::from(TOKEN / 20),
            reporter: DEPLOYER,
            reporterCap: TOKEN,
        };
        let before = self.tally.done;
        self.send(self.l1.contracts.slasher, self.l1.contracts.stakes, &call)?;
        self.tally.slashes += self.tally.done - before;
        Ok(())
    }

    fn govern(&mut self) -> Result<()> {
        let new = IStakingParameters::Values {
            minimumBond: (1 + u128::from(self.dice.below(20))) * TOKEN,
            powerCap: (20 + u128::from(self.dice.below(80))) * TOKEN,
            minimumSize: u16::try_from(1 + self.dice.below(4))?,
            entryBound: u16::try_from(10 + self.dice.below(1_200))?,
            exitBound: u16::try_from(10 + self.dice.below(1_200))?,
            replacementMargin: u16::try_from(1 + self.dice.below(2_000))?,
            ..values()
        };
        self.send(
            self.l1.contracts.timelock,
            self.l1.contracts.parameters,
            &StakingParameters::setCall { newValues: new },
        )
    }

    fn fresh_key(&mut self) -> Option<u8> {
        let key = self.keys;
        self.keys = self.keys.saturating_add(1);
        (key < KEYS).then_some(key)
    }

    fn send<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Result<()> {
        match self.l1.call(from, to, call)? {
            Outcome::Done(logs) => {
                self.tally.done += 1;
                self.announced.extend(changes(&logs, self.l1.contracts.sets)?);
            }
            Outcome::Refused(_) => self.tally.refused += 1,
        }
        Ok(())
    }
}

fn registration(validator: Address, key: u8) -> Enrolment::Registration {
    Enrolment::Registration {
        consensusKey: consensus_key(key),
        attestationKey: attestation_key(key),
        withdrawal: withdrawal(validator),
        submitter: Address::ZERO,
        feeRecipient: validator,
        nodeAddress: String::new(),
        metadata: String::new(),
    }
}

/// A block whose hash follows from its number.
fn block(number: u64, changes: Vec<ValidatorChange>, change_hash: Option<ChangeHash>) -> L1Block {
    let hash = |number: u64| B256::from(U256::from(number));
    L1Block {
        number,
        hash: hash(number),
        parent_hash: hash(number - 1),
        timestamp: number,
        prevrandao: B256::ZERO,
        changes,
        change_hash,
    }
}

/// The changes in logs, as a node reads them.
fn changes(logs: &[Log], sets: Address) -> Result<Vec<ValidatorChange>> {
    let own = logs.iter().filter(|log| log.address == sets);
    let own = own.filter(|log| log.topics().first() == Some(&ValidatorChanged::SIGNATURE_HASH));
    own.map(|log| {
        let event = ValidatorChanged::decode_log(log)?.data;
        Ok(ValidatorChange {
            effective_epoch: Epoch(event.effectiveEpoch),
            place: Place::new(event.place).ok_or_eyre("a place")?,
            operator: event.validator,
            consensus_key: event.consensusKey,
            power: VotingPower(event.power),
            fee_recipient: event.feeRecipient,
        })
    })
    .collect()
}
