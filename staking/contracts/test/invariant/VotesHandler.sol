// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {StakesWorld} from "./StakesWorld.sol";
import {Digests} from "../../src/Digests.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev Members sign votes and attestations here, honest ones and others, and anyone reports what it likes. Whether a
/// report must be taken is decided from the list of what was signed, by a rule written down a second time.
abstract contract VotesHandler is StakesWorld {
    /// What a key signed as a vote.
    struct Cast {
        bytes32 key;
        uint64 epoch;
        uint8 place;
        uint64 view_;
        uint8 kind;
        bytes32 batch;
    }

    uint256 internal constant ALL = type(uint256).max;
    uint64 private constant ROLLUP = 7682;

    uint256 public joined = 4;
    /// The validator of the last call; all, if time has passed.
    uint256 public touched;
    /// How many calls were about one or all.
    uint256 public turn;
    mapping(string action => uint256) public successes;
    mapping(uint256 index => uint128) public taken;
    mapping(uint256 index => uint64) public offenceEpoch;
    mapping(uint256 index => uint64) public releaseFrom;
    Cast[] private casts;
    uint64 private attestations;

    /// @dev By a member of the next epoch or of one of the ten before; every second time, against a vote before.
    function vote(uint256 random, uint8 kind, bool against) external {
        Cast memory cast;
        if (against && casts.length != 0) {
            cast = lateCast(random);
        } else {
            (cast.epoch, cast.place) = someSeat(random);
            (, cast.key,) = memberAt(cast.epoch, cast.place);
            cast.view_ = 1 + uint64(random >> 128) % 2;
        }
        if (cast.key == 0) return;
        cast.kind = kind % 3 + 1;
        cast.batch = cast.kind == 2 ? bytes32(0) : bytes32(1 + (random >> 160) % 2);
        if (!wasSigned(cast.key, cast)) casts.push(cast);
        verifier.sign(signatureOf(cast.key, cast));
        done("vote");
    }

    /// @dev A vote and another one of its round, as it was cast or made up; now and then in another order, or against
    /// another place.
    function reportVotes(uint256 random, uint256 what) external {
        if (casts.length == 0) return;
        Cast memory first = lateCast(random);
        Cast memory second = what % 4 == 0 ? madeUp(first, what >> 8) : opponentOf(first, random >> 32);
        if (what % 16 < 14 && comesAfter(first, second)) (first, second) = (second, first);
        uint8 place = what % 16 == 15 ? uint8(random >> 64) % 8 : first.place;
        (address accused, bytes32 key,) = memberAt(first.epoch, place);
        bool allowed = mayBeSlashed(first.epoch, accused) && isOffence(first, second) && wasSigned(key, first)
            && wasSigned(key, second);
        ISlasher.VoteEvidence memory evidence =
            ISlasher.VoteEvidence(first.epoch, first.view_, place, signed(key, first), signed(key, second));
        report(abi.encodeCall(ISlasher.slashVotes, (evidence)), accused, first.epoch, allowed, "votes");
    }

    /// @dev Two attestations from two seats or from one, each signed or not, of two contents or of one.
    function reportAttestations(uint256 random) external {
        // Few of them, or nobody would be left in the end.
        if (random % 2 != 0) return;
        ISlasher.AttestationEvidence memory evidence;
        (evidence.kind, evidence.index) = (1, ++attestations);
        (evidence.first.attestingEpoch, evidence.first.place) = someSeat(random);
        (evidence.second.attestingEpoch, evidence.second.place) = someSeat(random >> 32);
        if ((random >> 210) % 4 != 0) evidence.second.place = evidence.first.place;
        evidence.first.content = bytes32(uint256(1));
        evidence.second.content = bytes32(uint256((random >> 200) % 8 == 0 ? 1 : 2));
        bool allowed = attest(evidence, evidence.first, (random >> 202) % 8 != 0);
        allowed = attest(evidence, evidence.second, (random >> 205) % 8 != 0) && allowed;
        uint64 later = uint64(Math.max(evidence.first.attestingEpoch, evidence.second.attestingEpoch));
        (address accused,,) = memberAt(evidence.first.attestingEpoch, evidence.first.place);
        (address other,,) = memberAt(evidence.second.attestingEpoch, evidence.second.place);
        allowed = allowed && accused == other && evidence.second.content == bytes32(uint256(2))
            && mayBeSlashed(later, accused);
        report(abi.encodeCall(ISlasher.slashAttestations, (evidence)), accused, later, allowed, "attestations");
    }

    /// @dev What a slash does, and what it does not: anything bonded, unbonding or due answers, in the same part, and
    /// nobody else does.
    function report(bytes memory call, address accused, uint64 epoch, bool allowed, string memory kind) private {
        uint256 index = touch(accused == address(0) ? 0 : uint160(accused) - 0xA0000);
        IStakeManager.Stake memory before = stakeOf(index);
        bytes32 others = othersThan(index);
        vm.prank(REPORTER);
        (bool success,) = address(slasher).call(call);
        assertEq(success, allowed, "evidence was judged wrongly");
        assertEq(othersThan(index), others, "a slash changes nothing of another");
        IStakeManager.Stake memory stake = stakeOf(index);
        if (!success) {
            assertEq(abi.encode(stake), abi.encode(before), "slashed without accepted evidence");
            done(string.concat(kind, " refused"));
            return;
        }
        uint256 nominal = uint256(before.bonded) + before.unbonding;
        uint128 loss = before.assets - stake.assets;
        assertEq(loss, nominal - nominal * (1e18 - BASE) / 1e18, "all of it answers");
        taken[index] += loss;
        offenceEpoch[index] = epoch;
        releaseFrom[index] = sets.currentEpoch() + 2 + parameters.values().unbondingDelay;
        done(string.concat(kind, " slashed"));
    }

    /// @dev The definition of an offence, a second time: the two have one round, and stand in one order.
    function isOffence(Cast memory first, Cast memory second) private pure returns (bool) {
        if (first.kind == second.kind) return first.kind != 2 && first.batch < second.batch;
        return first.kind == 2 && second.kind == 3;
    }

    /// @dev A member of a begun epoch that evidence is taken for, and that was not slashed.
    function mayBeSlashed(uint64 epoch, address accused) private view returns (bool) {
        uint64 current = sets.currentEpoch();
        bool inTime = epoch <= current && current <= epoch + EVIDENCE_EPOCHS;
        return inTime && accused != address(0) && !stakes.isSlashed(accused);
    }

    function wasSigned(bytes32 key, Cast memory vote_) private view returns (bool) {
        for (uint256 i = 0; i < casts.length; ++i) {
            Cast memory cast = casts[i];
            if (cast.key != key || cast.epoch != vote_.epoch || cast.view_ != vote_.view_) continue;
            if (cast.kind == vote_.kind && cast.batch == vote_.batch) return true;
        }
        return false;
    }

    /// @dev A vote of the same seat and round, the next one in the list from a random one on; if there is one with
    /// which it is an offence, that.
    function opponentOf(Cast memory first, uint256 random) private view returns (Cast memory other) {
        other = first;
        for (uint256 i = 0; i < casts.length; ++i) {
            Cast memory cast = casts[(random % casts.length + i) % casts.length];
            if (cast.epoch != first.epoch || cast.place != first.place || cast.view_ != first.view_) continue;
            if (isOffence(first, cast) || isOffence(cast, first)) return cast;
            if (cast.kind != first.kind || cast.batch != first.batch) other = cast;
        }
    }

    /// @dev One of the last votes: evidence of older ones is mostly expired.
    function lateCast(uint256 random) private view returns (Cast memory) {
        return casts[casts.length - 1 - random % Math.min(casts.length, 8)];
    }

    function madeUp(Cast memory first, uint256 random) private pure returns (Cast memory cast) {
        cast = Cast(first.key, first.epoch, first.place, first.view_, uint8(random % 3) + 1, 0);
        if (cast.kind != 2) cast.batch = bytes32(1 + (random >> 8) % 3);
    }

    function comesAfter(Cast memory first, Cast memory second) private pure returns (bool) {
        return first.kind > second.kind || (first.kind == second.kind && first.batch > second.batch);
    }

    /// @dev Mostly a taken one: the next of 8 from a random one on.
    function someSeat(uint256 random) private view returns (uint64 epoch, uint8 place) {
        uint64 last = sets.currentEpoch() + 1;
        uint64 ago = uint64(random >> 16) % 11;
        epoch = last > ago ? last - ago : 0;
        place = uint8(random >> 24) % 8;
        (uint128 seats,) = sets.totalsOf(epoch);
        if ((random >> 40) % 8 == 0) return (epoch, place);
        for (uint8 i = 0; i < 8 && (seats >> place) & 1 == 0; ++i) {
            place = (place + 1) % 8;
        }
    }

    function memberAt(uint64 epoch, uint8 place)
        private
        view
        returns (address validator, bytes32 key, bytes memory bls)
    {
        (validator, key, bls,) = sets.memberOf(epoch, place);
    }

    function signatureOf(bytes32 key, Cast memory cast) private view returns (bytes32) {
        bytes32 separator = Digests.separator(address(stakes));
        bytes32 digest = Digests.vote(separator, ROLLUP, cast.epoch, cast.view_, cast.kind, cast.batch);
        return keccak256(abi.encode(key, digest));
    }

    function signed(bytes32 key, Cast memory cast) private view returns (ISlasher.SignedVote memory) {
        return ISlasher.SignedVote(cast.kind, cast.batch, signatureOf(key, cast), 0);
    }

    /// @dev Puts a signature there, which stands or does not.
    function attest(ISlasher.AttestationEvidence memory evidence, ISlasher.SignedAttestation memory one, bool stands)
        private
        returns (bool)
    {
        (,, bytes memory key) = memberAt(one.attestingEpoch, one.place);
        bytes32 separator = Digests.separator(address(stakes));
        bytes32 digest =
            Digests.attestation(separator, ROLLUP, one.attestingEpoch, evidence.kind, evidence.index, one.content);
        bytes32 signature = keccak256(abi.encode(key, digest));
        one.signature = abi.encode(signature);
        if (stands) verifier.sign(signature);
        return stands;
    }

    function touch(uint256 index) internal returns (uint256) {
        touched = index;
        ++turn;
        return index;
    }

    function done(string memory action) internal {
        ++successes[action];
    }

    function othersThan(uint256 index) internal view virtual returns (bytes32 hash) {
        for (uint256 i = 0; i < joined; ++i) {
            if (i != index) hash = keccak256(abi.encode(hash, stakeOf(i)));
        }
        uint64 last = stakes.lastUnbonding();
        // All of the last ones: older ones are mostly paid.
        for (uint64 id = last > 24 ? last - 24 : 1; id <= last; ++id) {
            hash = keccak256(abi.encode(hash, stakes.unbondingOf(id)));
        }
    }
}
