// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Who may vote, and with how much power, in each epoch of one rollup
/// @notice A validator is named by its operator's address. The rules C1 to C11 cited here stand in `README.md`.
/// @dev Nodes fold `ValidatorChanged` and repeat no rule of selection; `setOf` lets them compare.
interface IRotaStaking {
    /// @notice What is fixed for ever when the contract is deployed.
    /// @param rollupChainId The chain id of the rollup whose validators stake here
    /// @param startBlock The L1 block with which epoch 0 begins
    /// @param epochLength The length of an epoch, in L1 blocks
    /// @param withdrawalDelay How many epochs a stake stays locked after the last epoch it served in
    /// @param minimumStakeGwei What a registration must bring, in gwei
    struct Parameters {
        uint64 rollupChainId;
        uint64 startBlock;
        uint64 epochLength;
        uint64 withdrawalDelay;
        uint64 minimumStakeGwei;
    }

    /// @notice The keys and accounts of a validator beside its operator.
    /// @param consensusKey The ed25519 public key that votes, in its 32-byte encoding (RFC 8032)
    /// @param withdrawal The account that owns the stake and receives every payout
    /// @param submitter The account that appends to the inbox; zero means the operator
    /// @param feeRecipient The account on the rollup that receives priority fees
    struct Registration {
        bytes32 consensusKey;
        address withdrawal;
        address submitter;
        address feeRecipient;
    }

    /// @notice A validator of the sets of epochs 0 and 1, staked by the deployer.
    struct Seed {
        address operator;
        uint64 stakeGwei;
        Registration registration;
    }

    /// @notice A validator as it stands now, whatever the set of an epoch says.
    /// @param consensusKey Zero if the operator never registered
    /// @param withdrawal The account that owns the stake
    /// @param stakeGwei The stake held here, in gwei; zero after the withdrawal
    /// @param place The numbered place it takes, or took until it left
    /// @param feeRecipient The account on the rollup that receives priority fees
    /// @param withdrawableEpoch The first epoch in which the stake can be withdrawn; zero while it has not left
    /// @param submitter The account that appends to the inbox
    struct Validator {
        bytes32 consensusKey;
        address withdrawal;
        uint64 stakeGwei;
        uint8 place;
        address feeRecipient;
        uint64 withdrawableEpoch;
        address submitter;
    }

    /// @notice One taken place in the set of an epoch.
    struct Member {
        uint8 place;
        address validator;
        bytes32 consensusKey;
        uint64 power;
        address feeRecipient;
    }

    /// @notice From `effectiveEpoch` on, `place` holds this validator with this power (C10).
    /// @param effectiveEpoch Two epochs after the change was made; 0 for the seeds
    /// @param place The numbered place, below 128
    /// @param validator The operator's address
    /// @param consensusKey The key that votes
    /// @param power The stake in gwei; 0 means that the validator leaves the place
    /// @param feeRecipient The account on the rollup that receives priority fees
    event ValidatorChanged(
        uint64 indexed effectiveEpoch,
        uint8 indexed place,
        address indexed validator,
        bytes32 consensusKey,
        uint64 power,
        address feeRecipient
    );

    /// @notice A validator has registered; `ValidatorChanged` follows in the same transaction.
    event Registered(address indexed validator, address indexed withdrawal, address submitter);

    /// @notice The account that appends for this validator is now another one.
    event SubmitterChanged(address indexed validator, address submitter);

    /// @notice A validator has begun its exit; `ValidatorChanged` with power 0 follows in the same transaction.
    event Left(address indexed validator, uint64 withdrawableEpoch);

    /// @notice The stake of a validator that left was paid to its withdrawal account.
    event Withdrawn(address indexed validator, address indexed withdrawal, uint256 amountWei);

    /// @notice The epoch length is outside its constant bounds.
    error EpochLengthOutOfRange(uint64 epochLength, uint64 least, uint64 most);
    /// @notice The withdrawal delay is outside its constant bounds.
    error WithdrawalDelayOutOfRange(uint64 withdrawalDelay, uint64 least, uint64 most);
    /// @notice The contract is not being deployed in epoch 0: the block is before its start or past its end.
    error NotInFirstEpoch(uint256 blockNumber, uint64 startBlock, uint64 epochLength);
    /// @notice The rollup chain id is zero.
    error ZeroRollupChainId();
    /// @notice The minimum stake is zero, so places would cost nothing.
    error ZeroMinimumStake();
    /// @notice There is no seed, so epochs 0 and 1 would have an empty set.
    error NoSeeds();
    /// @notice The deployer sent another sum than the seeds' stakes add up to.
    error SeedStakeMismatch(uint256 sentWei, uint256 neededWei);

    /// @notice An account that must be named is zero.
    error ZeroAddress();
    /// @notice The consensus key is zero.
    error ZeroConsensusKey();
    /// @notice The consensus key was registered before, by this validator; it is spent for ever.
    error ConsensusKeyUsed(bytes32 consensusKey, address validator);
    /// @notice The operator has registered before; an exit is for ever.
    error AlreadyRegistered(address validator);
    /// @notice No validator has this operator.
    error NotRegistered(address validator);
    /// @notice The caller is neither the operator nor the withdrawal account of this validator.
    error NotOwner(address validator, address caller);
    /// @notice The stake is not a whole number of gwei.
    error NotWholeGwei(uint256 amountWei);
    /// @notice The stake is below the minimum.
    error StakeBelowMinimum(uint256 stakeGwei, uint64 minimumStakeGwei);
    /// @notice The stake exceeds what one validator may hold, so that all powers together fit 64 bits.
    error StakeAboveMaximum(uint256 stakeGwei, uint64 maximumStakeGwei);
    /// @notice A top-up without value.
    error ZeroAmount();
    /// @notice All places are taken.
    error NoFreePlace(uint256 places);
    /// @notice The last validator cannot leave: a set is never empty.
    error LastValidator(address validator);
    /// @notice The validator has begun its exit.
    error AlreadyLeft(address validator, uint64 withdrawableEpoch);
    /// @notice The validator has not begun its exit.
    error NotLeft(address validator);
    /// @notice The stake is still locked.
    error NotWithdrawable(address validator, uint64 epoch, uint64 withdrawableEpoch);
    /// @notice The stake was paid out before.
    error AlreadyWithdrawn(address validator);
    /// @notice The block lies before epoch 0.
    error BlockBeforeStart(uint256 blockNumber, uint64 startBlock);
    /// @notice The set of this epoch may still change.
    error EpochNotFixed(uint64 epoch, uint64 lastFixedEpoch);

    /// @notice Registers the caller as operator of a validator, staking the value sent (C4, C5, C6).
    /// @return place The place it takes from the epoch after next on
    function register(Registration calldata registration) external payable returns (uint8 place);

    /// @notice Adds the value sent to a validator's stake; anyone may, it then belongs to the withdrawal account.
    function topUp(address validator) external payable;

    /// @notice Begins the exit of a validator; its operator or its withdrawal account may (C7, C8).
    function leave(address validator) external;

    /// @notice Pays the stake of a validator that left to its withdrawal account, once matured; anyone may (C8).
    function withdraw(address validator) external;

    /// @notice Names the account that appends to the inbox for the calling operator, from this moment on (C9).
    /// @param submitter Zero means the operator itself
    function setSubmitter(address submitter) external;

    /// @notice The L1 block of the deployment: its logs and those after it say all there is.
    function deploymentBlock() external view returns (uint64);

    /// @notice The chain id of the rollup whose validators stake here.
    function rollupChainId() external view returns (uint64);

    /// @notice The L1 block with which epoch 0 begins.
    function startBlock() external view returns (uint64);

    /// @notice The length of an epoch, in L1 blocks.
    function epochLength() external view returns (uint64);

    /// @notice How many epochs a stake stays locked after the last epoch it served in.
    function withdrawalDelay() external view returns (uint64);

    /// @notice What a registration must bring, in gwei.
    function minimumStakeGwei() external view returns (uint64);

    /// @notice The epoch of an L1 block (C1).
    function epochOf(uint256 blockNumber) external view returns (uint64);

    /// @notice The epoch of the current L1 block.
    function currentEpoch() external view returns (uint64);

    /// @notice The set of any epoch up to the next one, in order of place (C3).
    function setOf(uint64 epoch) external view returns (Member[] memory members);

    /// @notice The power of a validator in the set of any epoch up to the next one; 0 if it is no member (C3).
    function powerOf(address validator, uint64 epoch) external view returns (uint64 power);

    /// @notice A validator as it stands now.
    function validatorOf(address validator) external view returns (Validator memory);

    /// @notice The validator that registered a consensus key; zero if none ever did.
    function validatorOfKey(bytes32 consensusKey) external view returns (address validator);

    /// @notice The account that appends to the inbox for a validator; zero if it never registered.
    function submitterOf(address validator) external view returns (address submitter);
}
