// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Slashes whoever is reported, so that tests can watch how nodes report
/// @notice It has the calls and errors of the slasher that nodes use, and believes every signature. Anybody says who
/// holds a place, and up to which epoch no evidence is taken any more.
contract ToySlasher {
    struct SignedVote {
        uint8 kind;
        bytes32 batch;
        bytes32 r;
        bytes32 s;
    }

    struct VoteEvidence {
        uint64 epoch;
        uint64 view_;
        uint8 place;
        SignedVote first;
        SignedVote second;
    }

    struct Offence {
        uint64 epoch;
        uint64 power;
        bool settled;
    }

    error NoMember(uint64 epoch, uint8 place);
    error AlreadySlashed(address validator, uint64 offenceEpoch);
    error EvidenceExpired(uint64 epoch, uint64 currentEpoch, uint64 lastEpoch);

    mapping(uint8 place => address validator) public seats;
    mapping(address validator => Offence) private _offences;
    uint64 public closed;
    uint256 public reports;

    function seat(uint8 place, address validator) external {
        seats[place] = validator;
    }

    function close(uint64 upTo) external {
        closed = upTo;
    }

    function slashVotes(VoteEvidence calldata evidence) external {
        if (evidence.epoch < closed) revert EvidenceExpired(evidence.epoch, closed, closed - 1);
        address validator = seats[evidence.place];
        if (validator == address(0)) revert NoMember(evidence.epoch, evidence.place);
        Offence storage offence = _offences[validator];
        if (offence.power > 0) revert AlreadySlashed(validator, offence.epoch);
        _offences[validator] = Offence({epoch: evidence.epoch, power: 1, settled: false});
        ++reports;
    }

    function offenceOf(address validator) external view returns (Offence memory) {
        return _offences[validator];
    }
}
