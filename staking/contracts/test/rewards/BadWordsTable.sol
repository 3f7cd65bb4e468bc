// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QuorumFixture} from "../attestations/QuorumFixture.sol";
import {RegistryForRewards, SetsForRewards, StakesForRewards} from "./Mocks.sol";
import {Rewards} from "../../src/Rewards.sol";
import {TestToken} from "../../src/TestToken.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

/// @dev The kinds of bad attestations and leaves, each with the error that names what is wrong with it. Rewards,
/// verifier, sets and parameters are real, the stakes are a mock. It is epoch 9, periods have 2 epochs, and a set signs
/// about its own epoch and the 4 before.
abstract contract BadWordsTable is QuorumFixture {
    uint96 internal constant MOST = 3000e6;
    /// The most points of place 0 in a period.
    uint96 internal constant MOST_OF_ONE = 20e6;

    Rewards internal rewards;
    IRewards.Leaf internal leaf;
    IRewards.Leaf internal other;
    bytes32 internal root;
    uint96 internal total;
    bytes32[] private seen;
    uint256 internal refused;

    function setUp() public override {
        super.setUp();
        vm.etch(stakes, address(new StakesForRewards()).code);
        Wiring memory wiring = wiringOf(address(sets));
        wiring.registry = address(new RegistryForRewards());
        wiring.attestations = address(verifier);
        wiring.rewards = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        rewards = new Rewards(wiring, IRewards.Constants(2, 1000, 100, 8, 5000, 3, 10, address(this)));
        StakesForRewards mock = StakesForRewards(stakes);
        mock.wire(new TestToken(), SetsForRewards(address(sets)), rewards);
        mock.fund(1e24);
        mock.change(nameOf(0), address(this), 1e18);
        rewards.setRate(1e21);
        leaf = IRewards.Leaf(0, nameOf(0), 0, 15e6, 90, 100);
        other = IRewards.Leaf(0, nameOf(99), 0, 30e6, 90, 100);
        (root, total) = (rootOf(leaf, other), 45e6);
    }

    /// @dev A row of the table: this call is refused with this error, nothing is another than before, and it is none
    /// that was refused before.
    function bad(string memory kind, bytes memory call, bytes memory reason) internal {
        bytes32 hash = keccak256(abi.encode(call, block.chainid, block.number, rewards.nextPeriod()));
        for (uint256 i = 0; i < seen.length; ++i) {
            assertTrue(seen[i] != hash, string.concat(kind, ": stands twice"));
        }
        seen.push(hash);
        bytes32 before = everything();
        (bool success, bytes memory answer) = address(rewards).call{gas: 4_000_000}(call);
        assertFalse(success, kind);
        assertEq(answer, reason, kind);
        assertEq(everything(), before, string.concat(kind, ": has an effect"));
        ++refused;
    }

    function badAttest(
        string memory kind,
        uint64 period,
        bytes32 root_,
        uint96 points_,
        IAttestationVerifier.QuorumSignature memory quorum,
        bytes memory reason
    ) internal {
        bad(kind, abi.encodeCall(IRewards.attest, (period, root_, points_, quorum)), reason);
    }

    /// @dev Form, epoch and power are in order; they did not sign that.
    function unsigned(
        string memory kind,
        uint64 period,
        bytes32 root_,
        uint96 points_,
        IAttestationVerifier.QuorumSignature memory quorum
    ) internal {
        bytes32 digest = verifier.digestOf(quorum.attestingEpoch, 1, period, content(root_, points_));
        bytes memory reason = abi.encodeWithSelector(IAttestationVerifier.WrongSignature.selector, digest);
        badAttest(kind, period, root_, points_, quorum, reason);
    }

    function badLeaf(string memory kind, IRewards.Leaf memory one, bytes32[] memory proof, bytes memory reason)
        internal
    {
        bad(kind, abi.encodeCall(IRewards.bring, (one, proof)), reason);
    }

    function notInRoot(string memory kind, IRewards.Leaf memory one, bytes32[] memory proof) internal {
        bytes32 hash = rewards.leafHash(one);
        badLeaf(kind, one, proof, abi.encodeWithSelector(IRewards.NotInRoot.selector, one.period, hash));
    }

    function wrongPeriod(uint64 period, uint64 next) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IRewards.WrongPeriod.selector, period, next);
    }

    function content(bytes32 root_, uint96 points_) internal pure returns (bytes32) {
        return keccak256(abi.encode(root_, points_));
    }

    /// @dev All sign, as members of epoch 3.
    function signed(uint64 period, bytes32 root_, uint96 points_)
        internal
        view
        returns (IAttestationVerifier.QuorumSignature memory)
    {
        return signedIn(3, period, root_, points_);
    }

    function signedIn(uint64 epoch, uint64 period, bytes32 root_, uint96 points_)
        internal
        view
        returns (IAttestationVerifier.QuorumSignature memory)
    {
        bytes32 digest = verifier.digestOf(epoch, 1, period, content(root_, points_));
        return IAttestationVerifier.QuorumSignature(epoch, ALL, signDigest(ALL, digest));
    }

    /// @dev The true word about period 0, signed by some and claimed for some.
    function by(uint128 signing, uint128 claimed) internal view returns (IAttestationVerifier.QuorumSignature memory) {
        bytes32 digest = verifier.digestOf(3, 1, 0, content(root, total));
        return IAttestationVerifier.QuorumSignature(3, claimed, signDigest(signing, digest));
    }

    function vectorOf(string memory name) internal view returns (bytes memory) {
        QuorumVector[] memory all = vectors(".bad");
        for (uint256 i = 0; i < all.length; ++i) {
            if (keccak256(bytes(all[i].name)) == keccak256(bytes(name))) return all[i].signature;
        }
        revert(name);
    }

    function rootOf(IRewards.Leaf memory a, IRewards.Leaf memory b) internal view returns (bytes32) {
        (bytes32 x, bytes32 y) = (rewards.leafHash(a), rewards.leafHash(b));
        return x < y ? keccak256(abi.encode(x, y)) : keccak256(abi.encode(y, x));
    }

    function proofOf(IRewards.Leaf memory sibling) internal view returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = rewards.leafHash(sibling);
    }

    function everything() private view returns (bytes32 hash) {
        hash = keccak256(
            abi.encode(
                rewards.nextPeriod(),
                rewards.allocated(),
                rewards.free(),
                rewards.standingOf(nameOf(0)),
                rewards.standingOf(nameOf(1)),
                rewards.standingOf(nameOf(99)),
                rewards.standingOf(address(this)),
                rewards.claimable(nameOf(0), address(this)),
                StakesForRewards(stakes).suspensions()
            )
        );
        for (uint64 period = 0; period < 11; ++period) {
            hash = keccak256(abi.encode(hash, rewards.periodOf(period)));
        }
    }
}
