//! The contracts of a new network: created one after another, wired by the addresses that they will have, and opened
//! with the stakes of the first validators.

use std::time::Duration;

use alloy::{
    network::{Ethereum, EthereumWallet, TransactionBuilder as _},
    providers::{DynProvider, PendingTransactionBuilder, Provider as _, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use alloy_primitives::{Address, B256, Bytes, U256, address, aliases::U96};
use alloy_sol_types::SolCall as _;
use eyre::{ContextCompat as _, WrapErr as _, ensure};
use rota_proto::SigningDomain;
use rota_staking::{
    Contracts, Deployment,
    bindings::{
        Enrolment, IAdmission, IRewards, ISlasher, IStakeGovernor, IStakeManager, IStakingParameters, Rewards,
        StakeManager, TestToken,
    },
};

use super::{NodeKeys, TestnetArguments};

/// Wei in a coin of L1, and units in a whole token.
const UNITS_PER_TOKEN: u128 = 1_000_000_000_000_000_000;

/// Coins of L1 that each validator gets to post batches with.
const GAS_MONEY: u128 = 10 * UNITS_PER_TOKEN;

/// Token units that give one unit of power.
const POWER_UNIT: u128 = 1_000_000_000;

/// Stake above which more gives no more power: 128 such fit 64 bits of power.
const POWER_CAP: u128 = 100_000_000 * UNITS_PER_TOKEN;

/// Epochs in which everybody may report an offence; certificates are kept as long.
const EVIDENCE_WINDOW: u32 = 8;

/// Epochs for which L1 may be too full for a report.
const INCLUSION_DELAY: u32 = 2;

/// Gets what is taken from the guilty, and gives nothing back.
const TREASURY: Address = address!("000000000000000000000000000000000000dead");

/// What the validators of a devnet earn in a period, and for how many periods it is paid in.
const REWARD_PER_PERIOD: u128 = UNITS_PER_TOKEN;
const PERIODS_FUNDED: u128 = 1_000;

/// Epochs after a period whose sets may still attest it.
pub(super) const ATTESTATION_EPOCHS: u64 = 8;

/// How long a devnet's proposals take: L1 blocks to the snapshot and of voting, and seconds that they wait then.
const VOTING_DELAY: u32 = 1;
const VOTING_PERIOD: u32 = 32;
const TIMELOCK_S: u64 = 8;

/// L1 blocks for which a devnet's guardian has its mandate.
const MANDATE_BLOCKS: u64 = 1_000_000;

/// Gas to register a seed: a registration takes 1,170,000, most of it to judge its two keys.
const GAS_PER_SEED: u64 = 1_300_000;

/// Gas that unmined transactions may take together: two thirds of a block.
const GAS_AT_ONCE: u64 = 20_000_000;

/// What was not mined after this is lost, or L1 stands still.
const MINED_WITHIN: Duration = Duration::from_secs(120);

/// Gas of a call of the token, a transfer or one word.
const GAS_OF_A_CALL: u64 = 100_000;

/// What was deployed, and the block that opened it.
pub(super) struct Deployed {
    pub(super) chain_id: u64,
    pub(super) contracts: Contracts,
    pub(super) start_block: u64,
    pub(super) block: u64,
    pub(super) block_hash: B256,
    pub(super) prevrandao: B256,
    pub(super) timestamp: u64,
}

/// Deploys, opens, and gives each validator's operator money for gas.
///
/// # Errors
/// A report that says what L1 refused.
pub(super) async fn deploy(
    arguments: &TestnetArguments,
    validators: &[NodeKeys],
    stakes: &[u64],
) -> eyre::Result<Deployed> {
    let deployer = arguments.deployer_key.address();
    let url = arguments.l1.parse().wrap_err_with(|| format!("--l1 {}", arguments.l1))?;
    let wallet = EthereumWallet::from(arguments.deployer_key.clone());
    let l1 = ProviderBuilder::new().wallet(wallet).connect_http(url).erased();
    let chain_id = l1.get_chain_id().await.wrap_err("L1 does not answer: is it running?")?;
    let start_block = l1.get_block_number().await?;
    let nonce = l1.get_transaction_count(deployer).await?;
    let contracts = Contracts::created_by(deployer, nonce);
    let domain = SigningDomain::new(chain_id, contracts.stakes, arguments.chain_id);

    let mut queue = Queue { l1: &l1, nonce, sent: Vec::new(), gas: 0, receipts: Vec::new() };
    for (name, _, code) in deployment(arguments, start_block).creations(&contracts) {
        queue.create(name, code).await?;
    }
    let seeds = validators.iter().zip(stakes).map(|(keys, tokens)| seed(keys, *tokens, &domain));
    let seeds = seeds.collect::<eyre::Result<Vec<_>>>()?;
    queue.open(deployer, &contracts, seeds).await?;
    let opened = queue.receipts.len() + queue.sent.len();
    queue.fund(deployer, &contracts).await?;
    for keys in validators {
        let request = TransactionRequest::default().with_to(keys.operator.address()).with_value(U256::from(GAS_MONEY));
        queue.send("money for gas", request, GAS_OF_A_CALL).await?;
    }
    queue.settle().await?;
    let receipts = queue.receipts;
    let opening = opened.checked_sub(1).and_then(|index| receipts.get(index)).wrap_err("nothing was opened")?;
    let block = opening.block_number.wrap_err("the opening is in no block")?;
    let found = l1.get_block_by_number(block.into()).await?.wrap_err("L1 lost the block of the opening")?;
    let (block_hash, timestamp, prevrandao) = (found.header.hash, found.header.timestamp, found.header.mix_hash);
    Ok(Deployed { chain_id, contracts, start_block, block, block_hash, prevrandao, timestamp })
}

/// What the network is to be, as the contracts know it. The bounds of what may change in an epoch are the widest.
fn deployment(arguments: &TestnetArguments, start_block: u64) -> Deployment {
    let governance_epochs = epochs(governance_epochs(arguments));
    let constants = IStakingParameters::Constants {
        rollupChainId: arguments.chain_id,
        powerUnit: POWER_UNIT,
        maxEpochLag: epochs(arguments.epoch_lag_max),
        maxOriginAge: epochs(origin_age_max(arguments)),
        evidenceWindow: EVIDENCE_WINDOW,
        inclusionDelay: INCLUSION_DELAY,
        governanceEpochs: governance_epochs,
        governance: Address::ZERO,
    };
    let evidence = epochs(evidence_epochs(arguments));
    let values = IStakingParameters::Values {
        minimumBond: UNITS_PER_TOKEN,
        powerCap: POWER_CAP,
        unbondingDelay: evidence.saturating_add(INCLUSION_DELAY).max(governance_epochs).saturating_add(1),
        keyRotationInterval: 1,
        maximumExitWait: 8,
        minimumSize: 1,
        entryBound: 1_250,
        exitBound: 1_250,
        replacementMargin: 500,
        treasury: TREASURY,
    };
    let penalties = ISlasher::Constants {
        basePenaltyBps: 500,
        correlationMultiplierBps: 10_000,
        correlationEpochs: evidence.saturating_add(2),
        reporterCap: UNITS_PER_TOKEN,
    };
    Deployment {
        start_block,
        epoch_length: arguments.epoch_length,
        constants,
        values,
        penalties,
        attestation_epochs: ATTESTATION_EPOCHS,
        rewards: rewards(arguments),
        guardian: IAdmission::Constants { pauseEpochs: 4, periodEpochs: 64, pauses: 2, cancellations: 3 },
        admission: IAdmission::Start {
            allowList: false,
            allowed: Vec::new(),
            guardian: arguments.deployer_key.address(),
            mandateEnd: MANDATE_BLOCKS / arguments.epoch_length.max(1),
        },
        voting: voting(arguments),
        timelock_s: TIMELOCK_S,
    }
}

/// How a devnet's rewards are reckoned. Whoever deploys it pays them.
fn rewards(arguments: &TestnetArguments) -> IRewards::Constants {
    IRewards::Constants {
        periodEpochs: arguments.period_epochs,
        maxCommissionBps: 3_000,
        maxCommissionRiseBps: 100,
        commissionInterval: arguments.period_epochs.max(16),
        minimumPerformanceBps: 3_000,
        badPeriods: 3,
        suspensionEpochs: 8,
        funder: arguments.deployer_key.address(),
    }
}

fn voting(arguments: &TestnetArguments) -> IStakeGovernor::Constants {
    IStakeGovernor::Constants {
        votingDelay: VOTING_DELAY,
        votingPeriod: VOTING_PERIOD,
        secondsPerBlock: u32::try_from(arguments.l1_block_ms / 1_000).unwrap_or(u32::MAX).clamp(1, 12),
        quorumBps: 2_000,
        proposalThreshold: UNITS_PER_TOKEN,
    }
}

/// Epochs that a proposal may take, from its making to its execution: a second is a block at most.
fn governance_epochs(arguments: &TestnetArguments) -> u64 {
    let blocks = u64::from(VOTING_DELAY + VOTING_PERIOD).saturating_add(TIMELOCK_S);
    blocks.div_ceil(arguments.epoch_length.max(1)).saturating_add(1)
}

/// Epochs for which the slasher takes evidence of an offence: an honest validator's votes of an epoch may be so late,
/// and everybody has the window to report them.
pub(super) fn evidence_epochs(arguments: &TestnetArguments) -> u64 {
    arguments.epoch_lag_max.saturating_add(origin_age_max(arguments)).saturating_add(EVIDENCE_WINDOW.into())
}

/// The epochs that a batch's origin may be old.
fn origin_age_max(arguments: &TestnetArguments) -> u64 {
    let epoch_ms = arguments.epoch_length.saturating_mul(arguments.l1_block_ms);
    arguments.origin_age_max_s.saturating_mul(1_000).div_ceil(epoch_ms.max(1))
}

/// A number of epochs as the contracts take it; they refuse one that is far below the end of 32 bits.
fn epochs(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A validator of the first two epochs: its operator owns the stake, too, and appends to the inbox.
fn seed(keys: &NodeKeys, tokens: u64, domain: &SigningDomain) -> eyre::Result<IStakeManager::Seed> {
    let operator = keys.operator.address();
    let possession = keys.validator.prove(domain, operator, U256::ZERO)?;
    Ok(IStakeManager::Seed {
        validator: operator,
        amount: u128::from(tokens) * UNITS_PER_TOKEN,
        registration: Enrolment::Registration {
            consensusKey: keys.validator.consensus.verifying_key().to_bytes().into(),
            attestationKey: keys.validator.attestation.public().to_bytes().into(),
            withdrawal: operator,
            submitter: Address::ZERO,
            feeRecipient: operator,
            nodeAddress: String::new(),
            metadata: String::new(),
        },
        possession: (&possession).into(),
    })
}

/// Transactions of the deployer, each with its nonce. They wait for those before them only where all would not fit into
/// one block: anvil forgets what comes after the one that does not.
struct Queue<'a> {
    l1: &'a DynProvider,
    nonce: u64,
    /// What is not known to be mined, and the gas that it may take.
    sent: Vec<(&'static str, PendingTransactionBuilder<Ethereum>)>,
    gas: u64,
    receipts: Vec<TransactionReceipt>,
}

impl Queue<'_> {
    /// Creates a contract. The gas is what its code costs at most, since what stands before it is not mined yet.
    async fn create(&mut self, name: &'static str, code: Bytes) -> eyre::Result<()> {
        // EIP-170 and EIP-3860: 200 a byte that stays, 16 a byte that is sent, half a one to look at it.
        let bytes = u64::try_from(code.len())?;
        let gas = 500_000 + bytes * (200 + 16 + 1);
        self.send(name, TransactionRequest::default().with_deploy_code(code), gas).await
    }

    /// Mints what the seeds stake, and opens.
    async fn open(
        &mut self,
        deployer: Address,
        contracts: &Contracts,
        seeds: Vec<IStakeManager::Seed>,
    ) -> eyre::Result<()> {
        let total: u128 = seeds.iter().map(|seed| seed.amount).sum();
        let mut left = total;
        while left > 0 {
            // The token mints no more in one call.
            let amount = left.min(1_000_000 * UNITS_PER_TOKEN);
            left -= amount;
            let mint = TestToken::mintCall { to: deployer, amount: U256::from(amount) }.abi_encode();
            self.send("mint", call(contracts.token, mint), GAS_OF_A_CALL).await?;
        }
        let approve = TestToken::approveCall { spender: contracts.stakes, value: U256::from(total) }.abi_encode();
        self.send("approve", call(contracts.token, approve), GAS_OF_A_CALL).await?;
        let gas = 1_000_000 + GAS_PER_SEED * u64::try_from(seeds.len())?;
        let open = StakeManager::openCall { seeds }.abi_encode();
        self.send("the opening of the stakes", call(contracts.stakes, open), gas).await
    }

    /// Pays rewards in, and says how much of them a period has.
    async fn fund(&mut self, deployer: Address, contracts: &Contracts) -> eyre::Result<()> {
        let amount = REWARD_PER_PERIOD * PERIODS_FUNDED;
        let mint = TestToken::mintCall { to: deployer, amount: U256::from(amount) }.abi_encode();
        self.send("mint", call(contracts.token, mint), GAS_OF_A_CALL).await?;
        let approve = TestToken::approveCall { spender: contracts.stakes, value: U256::from(amount) }.abi_encode();
        self.send("approve", call(contracts.token, approve), GAS_OF_A_CALL).await?;
        let fund = StakeManager::fundRewardsCall { amount }.abi_encode();
        self.send("the rewards", call(contracts.stakes, fund), 2 * GAS_OF_A_CALL).await?;
        let rate = Rewards::setRateCall { ratePerPeriod_: U96::saturating_from(REWARD_PER_PERIOD) }.abi_encode();
        self.send("the rate of rewards", call(contracts.rewards, rate), GAS_OF_A_CALL).await
    }

    async fn send(&mut self, name: &'static str, request: TransactionRequest, gas: u64) -> eyre::Result<()> {
        if self.gas + gas > GAS_AT_ONCE {
            self.settle().await?;
        }
        self.gas += gas;
        let request = request.with_nonce(self.nonce).with_gas_limit(gas);
        self.nonce += 1;
        let pending = self.l1.send_transaction(request).await.wrap_err(name)?;
        self.sent.push((name, pending));
        Ok(())
    }

    /// Waits until all are mined.
    async fn settle(&mut self) -> eyre::Result<()> {
        for (name, pending) in std::mem::take(&mut self.sent) {
            let receipt = pending.with_timeout(Some(MINED_WITHIN)).get_receipt().await.wrap_err(name)?;
            ensure!(receipt.status(), "{name} reverted in L1 transaction {}", receipt.transaction_hash);
            self.receipts.push(receipt);
        }
        self.gas = 0;
        Ok(())
    }
}

fn call(to: Address, input: Vec<u8>) -> TransactionRequest {
    TransactionRequest::default().with_to(to).with_input(input)
}
