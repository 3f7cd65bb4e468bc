// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {WholeDeployment} from "./WholeDeployment.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev What every call about stake costs on a whole deployment, as a transaction, each the first one of an epoch.
/// forge-config: gas.isolate = false
contract DeploymentGasTest is WholeDeployment {
    uint256 private constant TARGET = 1_800_000;
    uint256 private constant KEY = 0xA11CE;
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    uint8 private v;
    bytes32 private r;
    bytes32 private s;

    /// A deployment that is not open yet.
    StakeManager private closed;

    function setUp() public override {
        super.setUp();
        vm.roll(START);
        deployClosed();
        rollTo(13);
    }

    /// forge-config: gas.isolate = true
    function test_Opening() external {
        vm.roll(START);
        stakes = closed;
        IStakeManager.Seed[] memory seeds = new IStakeManager.Seed[](4);
        for (uint256 i = 0; i < seeds.length; ++i) {
            uint256 number = 20_000 + i;
            IValidatorRegistry.Possession memory possession = possessionOf(validatorOf(number), number, 0);
            seeds[i] = IStakeManager.Seed(validatorOf(number), 30 * BOND, registrationOf(number), possession);
        }
        token.mint(address(this), 120 * BOND);
        token.approve(address(stakes), 120 * BOND);
        stakes.open(seeds);
        stakesCall("open, 4 seeds");
    }

    /// forge-config: gas.isolate = true
    function test_Bonding() external {
        assertEq(sets.setOf(12).length, 128);
        assertEq(sets.forming().waiting, WAITING);
        register(20_000, BOND);
        stakesCall("register");
        IValidatorRegistry.Registration memory registration = registrationOf(20_001);
        IValidatorRegistry.Possession memory possession = possessionOf(owner(), 20_001, 0);
        signPermit(owner(), BOND);
        vm.prank(owner());
        stakes.registerWithPermit(registration, possession, BOND, block.timestamp, v, r, s);
        stakesCall("registerWithPermit");
        signPermit(owner(), BOND);
        vm.prank(owner());
        stakes.topUpWithPermit(validatorOf(MEMBER), BOND, block.timestamp, v, r, s);
        stakesCall("topUpWithPermit, a member");
        rollTo(14);
        token.mint(address(this), BOND);
        token.approve(address(stakes), BOND);
        stakes.topUp(validatorOf(MEMBER + 1), BOND);
        stakesCall("topUp, a member");
        stakes.refresh(validatorOf(MEMBER + 2));
        stakesCall("refresh, a member");
    }

    /// @dev C105, C106: by an account without stake before, each the first one of an epoch.
    /// forge-config: gas.isolate = true
    function test_Delegating() external {
        assertLt(delegateTo(SMALLEST, "delegate, a member"), DELEGATION);
        assertEq(sets.seatOf(validatorOf(SMALLEST)).power, 2 * BOND / 1e9, "at once");
        rollTo(14);
        vm.startPrank(owner());
        uint64 id = stakes.undelegate(validatorOf(SMALLEST), BOND);
        assertLt(stakesCall("undelegate, a member"), DELEGATION);
        vm.stopPrank();
        assertEq(sets.seatOf(validatorOf(SMALLEST)).power, BOND / 1e9, "at once");
        rollTo(60);
        stakes.withdraw(id);
        stakesCall("withdraw, a delegator");
    }

    /// @dev C104, C108: what the rewards keep of a position that changes often comes to it.
    /// forge-config: gas.isolate = true
    function test_DelegatingAgain() external {
        delegateTo(SMALLEST, "delegate, a member");
        rollTo(14);
        assertLt(delegateTo(SMALLEST, "delegate more, a member"), DELEGATION);
        rollTo(15);
        vm.startPrank(owner());
        stakes.undelegate(validatorOf(SMALLEST), BOND);
        assertLt(stakesCall("undelegate a part, of a position that was changed before"), DELEGATION);
        rollTo(16);
        uint64 id = stakes.redelegate(validatorOf(SMALLEST), BOND, validatorOf(MEMBER));
        stakesCall("redelegate");
        vm.stopPrank();
        rollTo(70);
        stakes.withdraw(id);
        stakesCall("withdraw, a redelegation to a member");
    }

    /// @dev All that makes it dear at once: stretches of the position are kept, its votes are with another account, and
    /// the validator is on top of its order before and after.
    /// forge-config: gas.isolate = true
    function test_DelegatingAtItsDearest() external {
        delegateThrice(SMALLEST, SHARE);
        undelegateAll(SMALLEST, "undelegate, at its dearest, a member");
    }

    /// @dev After all was undelegated, so that the votes become some again, and a stretch is kept of what there was.
    /// forge-config: gas.isolate = true
    function test_DelegatingAgainAtItsDearest() external {
        address validator = validatorOf(SMALLEST);
        vm.startPrank(owner());
        StakeVotes(wiring.votes).delegate(REPRESENTATIVE);
        token.mint(owner(), 3 * SHARE);
        token.approve(address(stakes), 3 * SHARE);
        rollTo(14);
        stakes.delegate(validator, SHARE);
        rollTo(15);
        stakes.undelegate(validator, SHARE);
        rollTo(16);
        stakes.delegate(validator, SHARE);
        vm.stopPrank();
        assertLt(stakesCall("delegate again, at its dearest, a member"), DELEGATION);
    }

    /// @dev The member's first ticket is made, behind a single one of which the epoch before has left something.
    /// forge-config: gas.isolate = true
    function test_DelegatingAtItsDearestBehindATicket() external {
        delegateThrice(SMALLEST, SHARE);
        address seed = seedOf(1);
        vm.startPrank(registry.withdrawalOf(seed));
        stakes.exit(seed);
        vm.stopPrank();
        assertEq(sets.forming().exitLeft, 0, "it takes more than an epoch");
        assertEq(sets.seatOf(seed).openTickets, 1);
        undelegateAll(SMALLEST, "undelegate, at its dearest, behind a ticket");
        assertEq(sets.seatOf(validatorOf(SMALLEST)).sharedTickets, 1);
    }

    /// @dev From the top of the heap to its bottom.
    /// forge-config: gas.isolate = true
    function test_DelegatingAtItsDearestToOneThatWaits() external {
        uint256 last = 134 + WAITING - 1;
        delegateThrice(last, SHARE);
        undelegateAll(last, "undelegate, at its dearest, one that waits");
    }

    /// @dev From the bottom of the heap of those that wait to its top, and back.
    /// forge-config: gas.isolate = true
    function test_DelegatingToOneThatWaits() external {
        assertLt(delegateTo(134 + WAITING - 1, "delegate, one that waits"), DELEGATION);
        rollTo(14);
        vm.startPrank(owner());
        stakes.undelegate(validatorOf(134 + WAITING - 1), BOND);
        assertLt(stakesCall("undelegate, one that waits"), DELEGATION);
        vm.stopPrank();
    }

    /// forge-config: gas.isolate = true
    function test_DelegatingWithPermit() external {
        signPermit(owner(), BOND);
        vm.prank(owner());
        stakes.delegateWithPermit(validatorOf(MEMBER), BOND, block.timestamp, v, r, s);
        stakesCall("delegateWithPermit, a member");
        token.mint(address(this), BOND);
        token.approve(address(stakes), BOND);
        stakes.fundRewards(BOND);
        stakesCall("fundRewards");
    }

    /// forge-config: gas.isolate = true
    function test_Unbonding() external {
        address seed = seedOf(2);
        vm.startPrank(registry.withdrawalOf(seed));
        uint64 part = stakes.unbond(seed, 5000e18);
        stakesCall("unbond, a member");
        stakes.cancel(part);
        stakesCall("cancel, a member");
        uint64 all = stakes.exit(seed);
        stakesCall("exit, a member");
        vm.stopPrank();
        vm.startPrank(withdrawalOf(9000));
        stakes.exit(validatorOf(9000));
        stakesCall("exit, one that waits");
        vm.stopPrank();
        for (uint64 epoch = 14; epoch < 60; ++epoch) {
            rollTo(epoch);
            sets.advance(100);
            if (epoch == 14) measured("ValidatorSets", "advance: 100, on a whole deployment");
            (uint64 due,) = stakes.dueOf(all);
            if (due <= epoch) break;
        }
        stakes.withdraw(all);
        stakesCall("withdraw");
    }

    /// forge-config: gas.isolate = true
    function test_Slashing() external {
        address offender = seedOf(1);
        report(pair(10, 0, "notarizeA", "notarizeB"));
        assertLt(measured("Slasher", "slashVotes"), TARGET);
        bytes memory late = abi.encodeCall(ISlasher.slashVotes, (pair(10, 0, "finalizeA", "finalizeB")));
        (bool done,) = address(slasher).call(late);
        assertFalse(done);
        measured("Slasher", "slashVotes, refused as AlreadySlashed");
        stakes.collect(REPORTER);
        stakesCall("collect");
        rollTo(29);
        slasher.settle(offender);
        measured("Slasher", "settle");
        rollTo(60);
        stakes.release(offender, registry.withdrawalOf(offender));
        stakesCall("release");
    }

    /// forge-config: gas.isolate = true
    function test_SlashingForAttestations() external {
        ISlasher.AttestationEvidence memory evidence;
        (evidence.kind, evidence.index) = (1, 5);
        (evidence.first, evidence.second) = (attested("A"), attested("B"));
        slasher.slashAttestations(evidence);
        assertLt(measured("Slasher", "slashAttestations"), TARGET);
    }

    /// forge-config: gas.isolate = true
    function test_Registry() external {
        address validator = validatorOf(MEMBER);
        IValidatorRegistry.Possession memory possession = possessionOf(validator, 20_000, 1);
        bytes memory attestationKey = attestationKeyOf(20_000);
        vm.startPrank(validator);
        registry.rotateKeys(validator, consensusKeyOf(20_000), attestationKey, possession);
        registryCall("rotateKeys, both, a member");
        registry.setFeeRecipient(validator, address(0xFEE));
        registryCall("setFeeRecipient, a member");
        registry.setSubmitter(validator, address(0x5B));
        registryCall("setSubmitter");
        registry.setMetadata(validator, string(new bytes(256)), string(new bytes(1024)));
        registryCall("setMetadata, at the limits");
        registry.proposeOperator(validator, address(0x09));
        registryCall("proposeOperator");
        vm.stopPrank();
        vm.prank(address(0x09));
        registry.acceptOperator(validator);
        registryCall("acceptOperator");
        IStakingParameters.Values memory values = parameters.values();
        vm.prank(parameters.governance());
        parameters.set(values);
        measured("StakingParameters", "set");
    }

    function deployClosed() private {
        Wiring memory another = wiring;
        uint64 nonce = vm.getNonce(address(this));
        another.registry = vm.computeCreateAddress(address(this), nonce);
        another.sets = vm.computeCreateAddress(address(this), nonce + 1);
        another.stakes = vm.computeCreateAddress(address(this), nonce + 2);
        another.votes = vm.computeCreateAddress(address(this), nonce + 3);
        new ValidatorRegistry(another);
        new ValidatorSets(another, START, LENGTH);
        closed = new StakeManager(another);
        new StakeVotes(another);
    }

    function owner() private pure returns (address) {
        return vm.addr(KEY);
    }

    function delegateTo(uint256 number, string memory name) private returns (uint256 gas) {
        token.mint(owner(), BOND);
        vm.startPrank(owner());
        token.approve(address(stakes), BOND);
        stakes.delegate(validatorOf(number), BOND);
        gas = stakesCall(name);
        vm.stopPrank();
    }

    /// @dev In three epochs, the third of which keeps a stretch; and once to another, so that no votes become none.
    function delegateThrice(uint256 number, uint128 amount) private {
        vm.startPrank(owner());
        StakeVotes(wiring.votes).delegate(REPRESENTATIVE);
        token.mint(owner(), 4 * amount);
        token.approve(address(stakes), 4 * amount);
        stakes.delegate(validatorOf(MEMBER), amount);
        for (uint64 epoch = 14; epoch < 17; ++epoch) {
            rollTo(epoch);
            stakes.delegate(validatorOf(number), amount);
        }
        vm.stopPrank();
    }

    /// @dev In the fourth epoch, as its first call; a stretch more is kept.
    function undelegateAll(uint256 number, string memory name) private {
        rollTo(17);
        address validator = validatorOf(number);
        uint96 amount = stakes.positionOf(validator, owner()).amount;
        vm.prank(owner());
        stakes.undelegate(validator, amount);
        assertLt(stakesCall(name), DELEGATION);
    }

    function registryCall(string memory name) private {
        measured("ValidatorRegistry", name);
    }

    function signPermit(address payer, uint256 amount) private {
        token.mint(payer, amount);
        bytes32 hash =
            keccak256(abi.encode(PERMIT, payer, address(stakes), amount, token.nonces(payer), block.timestamp));
        (v, r, s) = vm.sign(KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
    }

    function registrationOf(uint256 number) private view returns (IValidatorRegistry.Registration memory) {
        return IValidatorRegistry.Registration({
            consensusKey: consensusKeyOf(number),
            attestationKey: attestationKeyOf(number),
            withdrawal: withdrawalOf(number),
            submitter: address(0),
            feeRecipient: validatorOf(number),
            nodeAddress: "/dns4/rota.example/tcp/26656",
            metadata: "{}"
        });
    }

    function attested(string memory name) private view returns (ISlasher.SignedAttestation memory) {
        string memory path = string.concat(".attestations.", name);
        return ISlasher.SignedAttestation(
            10,
            0,
            vm.parseJsonBytes32(vectors, string.concat(path, ".content")),
            vm.parseJsonBytes(vectors, string.concat(path, ".signature"))
        );
    }
}
