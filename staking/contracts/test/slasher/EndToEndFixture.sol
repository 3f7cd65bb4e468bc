// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {DeployStaking} from "../../script/DeployStaking.s.sol";
import {Signer} from "../Signer.sol";
import {Digests} from "../../src/Digests.sol";
import {Slasher} from "../../src/Slasher.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {TestToken} from "../../src/TestToken.sol";
import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev Everything is real: the example is deployed by the script, and `vectors/evidence.json` is signed by its seeds.
/// Four members with 30, 27, 23 and 20 thousand tokens, epochs of 32 blocks from block 100 on.
abstract contract EndToEndFixture is Test, Signer {
    uint64 internal constant ROLLUP = 7682;
    uint64 internal constant START = 100;
    uint64 internal constant LENGTH = 32;
    address internal constant REPORTER = address(0x4E9);
    address internal constant TREASURY = address(0xdead);

    Wiring internal wiring;
    StakingParameters internal parameters;
    ValidatorRegistry internal registry;
    ValidatorSets internal sets;
    StakeManager internal stakes;
    Slasher internal slasher;
    TestToken internal token;
    string internal vectors;

    function setUp() public virtual {
        vm.chainId(31_337);
        vm.roll(START);
        DeployStaking script = new DeployStaking();
        string memory example = "script/deploy-staking.example.json";
        script.run(example, "out/end-to-end.json");
        wiring = script.plan(script.readConfig(vm.readFile(example), true)).wiring;
        parameters = StakingParameters(wiring.parameters);
        registry = ValidatorRegistry(wiring.registry);
        sets = ValidatorSets(wiring.sets);
        stakes = StakeManager(wiring.stakes);
        slasher = Slasher(wiring.slasher);
        token = TestToken(wiring.token);
        vectors = vm.readFile("vectors/evidence.json");
    }

    function rollTo(uint64 epoch) internal {
        vm.roll(START + uint256(epoch) * LENGTH);
    }

    /// @dev The seed of a number, from 1 on.
    function seedOf(uint256 number) internal view returns (address) {
        (address validator,,,) = sets.memberOf(0, uint8(number - 1));
        return validator;
    }

    function signed(string memory name) internal view returns (ISlasher.SignedVote memory) {
        string memory path = string.concat(".votes.", name);
        return ISlasher.SignedVote(
            uint8(vm.parseJsonUint(vectors, string.concat(path, ".kind"))),
            vm.parseJsonBytes32(vectors, string.concat(path, ".batch")),
            vm.parseJsonBytes32(vectors, string.concat(path, ".r")),
            vm.parseJsonBytes32(vectors, string.concat(path, ".s"))
        );
    }

    /// @dev Evidence of two votes of the vectors in view 3 against a place.
    function pair(uint64 epoch, uint8 place, string memory first, string memory second)
        internal
        view
        returns (ISlasher.VoteEvidence memory)
    {
        return ISlasher.VoteEvidence(epoch, 3, place, signed(first), signed(second));
    }

    function report(ISlasher.VoteEvidence memory evidence) internal {
        vm.prank(REPORTER);
        slasher.slashVotes(evidence);
    }

    /// @dev Two notarizations in epoch 10 by the seed of a number.
    function reportSeed(uint256 number) internal {
        string memory suffix = number == 1 ? "" : string.concat("ByKey", vm.toString(number));
        report(pair(10, uint8(number - 1), string.concat("notarizeA", suffix), string.concat("notarizeB", suffix)));
    }

    /// @dev Two notarizations in one round by a key of `Signer`, against a place.
    function notarizeTwice(uint256 keys, uint64 epoch, uint8 place)
        internal
        view
        returns (ISlasher.VoteEvidence memory evidence)
    {
        evidence.epoch = epoch;
        evidence.view_ = 1;
        evidence.place = place;
        evidence.first = notarize(keys, epoch, bytes32(uint256(1)));
        evidence.second = notarize(keys, epoch, bytes32(uint256(2)));
    }

    function notarize(uint256 keys, uint64 epoch, bytes32 batch) internal view returns (ISlasher.SignedVote memory) {
        bytes32 digest = Digests.vote(Digests.separator(address(stakes)), ROLLUP, epoch, 1, 1, batch);
        (bytes32 r, bytes32 s) = signConsensus(keys, digest);
        return ISlasher.SignedVote(1, batch, r, s);
    }

    /// @dev Operator, name and withdrawal account of one that registers later.
    function validatorOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xA0000 + number));
    }

    function withdrawalOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xB0000 + number));
    }

    /// @dev Registers one with the keys of `Signer` of its number.
    function register(uint256 number, uint128 amount) internal {
        registerWith(number, amount, possessionOf(validatorOf(number), number, 0));
    }

    function registerWith(uint256 number, uint128 amount, IValidatorRegistry.Possession memory possession) internal {
        address validator = validatorOf(number);
        token.mint(validator, amount);
        IValidatorRegistry.Registration memory registration = IValidatorRegistry.Registration({
            consensusKey: consensusKeyOf(number),
            attestationKey: attestationKeyOf(number),
            withdrawal: withdrawalOf(number),
            submitter: address(0),
            feeRecipient: validator,
            nodeAddress: "",
            metadata: ""
        });
        vm.startPrank(validator);
        token.approve(address(stakes), amount);
        stakes.register(registration, possession, amount);
        vm.stopPrank();
    }

    function possessionOf(address operator, uint256 keys, uint256 nonce)
        internal
        view
        returns (IValidatorRegistry.Possession memory possession)
    {
        bytes32 digest = Digests.keyRegistration(
            Digests.separator(address(stakes)), ROLLUP, operator, consensusKeyOf(keys), attestationKeyOf(keys), nonce
        );
        (possession.r, possession.s) = signConsensus(keys, digest);
        possession.attestationSignature = signPossession(keys, digest);
    }
}
