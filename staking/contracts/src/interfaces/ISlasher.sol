// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Judges double signatures, and says what they cost
/// @notice Anyone may report; the first report of an offender counts, and it is the last of its life (C88). The rules
/// C85 to C95 cited here stand in `README.md`. Fractions are in WAD (1e18 = all), epochs are those of L1.
interface ISlasher {
    /// @notice What an offence costs, fixed at deployment (C85).
    /// @param basePenaltyBps What is taken at once, in basis points of all stake that the offender has
    /// @param correlationMultiplierBps How many times the share of power slashed is taken besides, in basis points
    /// @param correlationEpochs How far apart, in epochs, offences are counted together
    /// @param reporterCap Most that a reporter is credited for one offender, in token units
    struct Constants {
        uint16 basePenaltyBps;
        uint32 correlationMultiplierBps;
        uint32 correlationEpochs;
        uint128 reporterCap;
    }

    /// @notice One signed vote of a round.
    /// @param kind 1 notarize, 2 nullify, 3 finalize
    /// @param batch The hash of the batch; zero for nullify, and for nothing else
    /// @param r The first 32 bytes of the ed25519 signature of the vote's digest
    /// @param s Its last 32 bytes
    struct SignedVote {
        uint8 kind;
        bytes32 batch;
        bytes32 r;
        bytes32 s;
    }

    /// @notice Two votes of one member in one round.
    /// @param epoch The epoch of the round
    /// @param view_ Its view, from 1 on
    /// @param place The member's place in the set of that epoch
    /// @param first The vote of the lower kind; of two of one kind, that for the lower hash
    /// @param second The other one
    struct VoteEvidence {
        uint64 epoch;
        uint64 view_;
        uint8 place;
        SignedVote first;
        SignedVote second;
    }

    /// @notice One signed attestation.
    /// @param attestingEpoch The epoch as whose member the validator signed
    /// @param place Its place in the set of that epoch
    /// @param content The hash of what is attested
    /// @param signature The BLS12-381 signature of the attestation's digest, 256 bytes (EIP-2537)
    struct SignedAttestation {
        uint64 attestingEpoch;
        uint8 place;
        bytes32 content;
        bytes signature;
    }

    /// @notice Two attestations of one validator about one thing, as members of one set or of two.
    /// @param kind The kind of both
    /// @param index The index of both
    /// @param first The one of the lower content
    /// @param second The other one
    struct AttestationEvidence {
        uint8 kind;
        uint64 index;
        SignedAttestation first;
        SignedAttestation second;
    }

    /// @notice The one offence that a validator was slashed for.
    /// @param epoch The epoch in which it was committed; of two attestations, the later one's
    /// @param power The power that counts as slashed (C92); 0: the validator was not slashed
    /// @param settled Whether its whole penalty was taken
    struct Offence {
        uint64 epoch;
        uint64 power;
        bool settled;
    }

    /// @notice A validator was slashed for an offence in this epoch, which counts with this power (C92). The evidence
    /// stands in the transaction; what was taken, in the event of the stakes.
    event Slashed(address indexed validator, uint64 indexed epoch, address indexed reporter, uint64 power);
    /// @notice Its whole penalty is this fraction of the stake that it had when it was slashed (C93).
    event Settled(address indexed validator, uint64 indexed epoch, uint256 fraction);

    /// @notice The wiring names another address as the slasher.
    error NotTheSlasher(address wired, address self);
    /// @notice Nothing would be taken at once, or more than all.
    error BasePenaltyOutOfRange(uint16 bps, uint16 least, uint16 most);
    /// @notice Offences in company would cost hardly more than alone, or all and everything.
    error CorrelationMultiplierOutOfRange(uint32 bps, uint32 least, uint32 most);
    /// @notice Offenders of one moment could be counted apart, or settlement would take too long.
    error CorrelationEpochsOutOfRange(uint32 epochs, uint64 least, uint64 most);

    /// @notice The epoch has not begun.
    error FutureEpoch(uint64 epoch, uint64 currentEpoch);
    /// @notice Evidence of an offence in this epoch was taken up to another one that is over.
    error EvidenceExpired(uint64 epoch, uint64 currentEpoch, uint64 lastEpoch);
    /// @notice Nobody held this place in the set of this epoch.
    error NoMember(uint64 epoch, uint8 place);
    /// @notice The validator has been slashed already, for an offence in this epoch.
    error AlreadySlashed(address validator, uint64 offenceEpoch);
    /// @notice Views begin with 1.
    error ZeroView();
    /// @notice There is no vote of this kind.
    error UnknownKind(uint8 kind);
    /// @notice A nullify vote names no batch.
    error NullifyNamesBatch(bytes32 batch);
    /// @notice A vote of this kind names a batch.
    error NoBatch(uint8 kind);
    /// @notice Both votes are the same, whatever their signatures.
    error SameVote(uint8 kind, bytes32 batch);
    /// @notice The pair stands in the other order.
    error WrongOrder();
    /// @notice Who follows the rules may cast these two votes in one view.
    error NotSlashable(uint8 firstKind, uint8 secondKind);
    /// @notice The places were held by two validators.
    error DifferentValidators(address first, address second);
    /// @notice Both attestations say the same, whatever their epochs and signatures.
    error SameContent(bytes32 content);
    /// @notice The member's key of that epoch did not sign this digest like that; `number` is 1 or 2.
    error InvalidSignature(uint8 number, bytes32 digest);

    /// @notice The validator has not been slashed.
    error NotSlashed(address validator);
    /// @notice The whole penalty was taken before.
    error AlreadySettled(address validator);
    /// @notice Offences that count together with this one can still be reported.
    error NotSettleable(address validator, uint64 currentEpoch, uint64 settleableEpoch);

    /// @notice Slashes a member that cast two conflicting votes in one round; anyone may report, the reporter is the
    /// caller (C86 to C91).
    function slashVotes(VoteEvidence calldata evidence) external;

    /// @notice Slashes a validator that attested two different things as one and the same (C86 to C88, C91, C95).
    function slashAttestations(AttestationEvidence calldata evidence) external;

    /// @notice Takes the rest of the penalty, once no offence that counts together with it can be reported any more;
    /// anyone may call (C93, C94).
    function settle(address validator) external;

    /// @notice The offence for which a validator was slashed; power 0 if it was not.
    function offenceOf(address validator) external view returns (Offence memory);

    /// @notice The first epoch in which a slashed validator can be settled.
    function settleableEpoch(address validator) external view returns (uint64);

    /// @notice What a slashed validator loses in all if nothing more is reported, as a fraction of the stake that it
    /// had; final from the settleable epoch on (C93).
    function penaltyOf(address validator) external view returns (uint256 fraction);

    /// @notice The power slashed so far for offences in an epoch.
    function slashedPower(uint64 epoch) external view returns (uint128);

    /// @notice What is taken at once, as a fraction.
    function basePenalty() external view returns (uint256);

    /// @notice How many times the share of power slashed is taken besides, in basis points.
    function correlationMultiplierBps() external view returns (uint256);

    /// @notice How far apart, in epochs, offences are counted together.
    function correlationEpochs() external view returns (uint64);

    /// @notice Most that a reporter is credited for one offender, in token units.
    function reporterCap() external view returns (uint128);
}
