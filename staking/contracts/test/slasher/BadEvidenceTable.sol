// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EndToEndFixture} from "./EndToEndFixture.sol";
import {Digests} from "../../src/Digests.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev The kinds of bad evidence, each with the error that names what is wrong with it, judged by a whole deployment
/// in which nothing is a mock. It is epoch 12; evidence is taken from epoch 4 on. Places 0 to 3 are held by the seeds;
/// the one of place 3 is slashed already. Place 4 is held from epoch 6 on by a validator that signs with key 6 up to
/// epoch 8, and with key 7 from epoch 9 on.
abstract contract BadEvidenceTable is EndToEndFixture {
    /// What stands about one validator, in words that can be compared.
    bytes32[] private refusedBefore;
    uint256 internal refused;
    uint8 internal constant NEWCOMER = 4;

    function setUp() public override {
        super.setUp();
        rollTo(4);
        register(6, 10_000e18);
        rollTo(7);
        sets.advance(100);
        rotateTo(7);
        rollTo(12);
        reportSeed(4);
        (address newcomer,,,) = sets.memberOf(12, NEWCOMER);
        assertEq(newcomer, validatorOf(6));
    }

    /// @dev The row of the table: this call is refused with this error, and nothing is another than before; and it is
    /// none that was refused before.
    function bad(string memory kind, bytes memory call, bytes memory reason) internal {
        bytes32 hash = keccak256(call);
        for (uint256 i = 0; i < refusedBefore.length; ++i) {
            assertTrue(refusedBefore[i] != hash, string.concat(kind, ": stands twice"));
        }
        refusedBefore.push(hash);
        bytes32 before = everything();
        vm.prank(REPORTER);
        (bool success, bytes memory answer) = address(slasher).call{gas: 8_000_000}(call);
        assertFalse(success, kind);
        assertEq(answer, reason, kind);
        assertEq(everything(), before, string.concat(kind, ": has an effect"));
        ++refused;
    }

    function badVotes(string memory kind, ISlasher.VoteEvidence memory evidence, bytes memory reason) internal {
        bad(kind, abi.encodeCall(ISlasher.slashVotes, (evidence)), reason);
    }

    /// @dev Form, round and member are in order; the signature of this number does not stand.
    function unsignedVotes(string memory kind, ISlasher.VoteEvidence memory evidence, uint8 number) internal {
        ISlasher.SignedVote memory vote = number == 1 ? evidence.first : evidence.second;
        bytes32 digest = Digests.vote(
            Digests.separator(address(stakes)), ROLLUP, evidence.epoch, evidence.view_, vote.kind, vote.batch
        );
        badVotes(kind, evidence, abi.encodeWithSelector(ISlasher.InvalidSignature.selector, number, digest));
    }

    function badAttestations(string memory kind, ISlasher.AttestationEvidence memory evidence, bytes memory reason)
        internal
    {
        bad(kind, abi.encodeCall(ISlasher.slashAttestations, (evidence)), reason);
    }

    function unsignedAttestations(string memory kind, ISlasher.AttestationEvidence memory evidence, uint8 number)
        internal
    {
        ISlasher.SignedAttestation memory one = number == 1 ? evidence.first : evidence.second;
        bytes32 digest = Digests.attestation(
            Digests.separator(address(stakes)), ROLLUP, one.attestingEpoch, evidence.kind, evidence.index, one.content
        );
        badAttestations(kind, evidence, abi.encodeWithSelector(ISlasher.InvalidSignature.selector, number, digest));
    }

    /// @dev Two votes of epoch 10 against place 0.
    function votes(string memory first, string memory second) internal view returns (ISlasher.VoteEvidence memory) {
        return pair(10, 0, first, second);
    }

    function honest() internal view returns (ISlasher.VoteEvidence memory) {
        return votes("notarizeA", "notarizeB");
    }

    /// @dev Two attestations against place 0, of kind 1 and index 5.
    function attestations(string memory first, string memory second)
        internal
        view
        returns (ISlasher.AttestationEvidence memory)
    {
        return ISlasher.AttestationEvidence(1, 5, attested(first), attested(second));
    }

    /// @dev All that evidence could change: tokens, books, stakes, credits, offences, and the set that is forming.
    function everything() private view returns (bytes32 hash) {
        hash = keccak256(
            abi.encode(
                token.balanceOf(address(stakes)),
                stakes.totalAssets(),
                stakes.totalCredits(),
                stakes.credit(REPORTER),
                stakes.credit(TREASURY),
                sets.forming(),
                sets.changeHashOf(13)
            )
        );
        for (uint8 place = 0; place <= NEWCOMER; ++place) {
            (address validator,,,) = sets.memberOf(12, place);
            IStakeManager.Stake memory stake = stakes.stakeOf(validator);
            hash = keccak256(abi.encode(hash, stake, slasher.offenceOf(validator), sets.seatOf(validator)));
        }
        for (uint64 epoch = 0; epoch <= 13; ++epoch) {
            hash = keccak256(abi.encode(hash, slasher.slashedPower(epoch)));
        }
    }

    function attested(string memory name) private view returns (ISlasher.SignedAttestation memory) {
        string memory path = string.concat(".attestations.", name);
        return ISlasher.SignedAttestation(
            uint64(vm.parseJsonUint(vectors, string.concat(path, ".attestingEpoch"))),
            0,
            vm.parseJsonBytes32(vectors, string.concat(path, ".content")),
            vm.parseJsonBytes(vectors, string.concat(path, ".signature"))
        );
    }

    function rotateTo(uint256 keys) private {
        address validator = validatorOf(6);
        (bytes32 consensusKey, bytes memory attestationKey) = (consensusKeyOf(keys), attestationKeyOf(keys));
        IValidatorRegistry.Possession memory possession = possessionOf(validator, keys, 1);
        vm.prank(validator);
        registry.rotateKeys(validator, consensusKey, attestationKey, possession);
    }
}
