// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev The sets as the slasher sees them: whoever is put in a place holds it in every epoch, unless another is put
/// there for one. Only the first 16 places are ever taken.
contract SetsMock {
    struct Held {
        address validator;
        bytes32 consensusKey;
        bytes attestationKey;
        uint64 power;
    }

    uint8 private constant PLACES = 128;
    uint8 private constant USED = 16;

    uint64 public currentEpoch;
    mapping(uint8 place => Held) private _always;
    mapping(uint64 epoch => mapping(uint8 place => Held)) private _once;
    mapping(uint64 epoch => mapping(uint8 place => bool)) private _isOnce;
    mapping(uint64 epoch => uint64) private _total;
    mapping(uint64 epoch => bool) private _hasTotal;

    function setEpoch(uint64 epoch) external {
        currentEpoch = epoch;
    }

    function put(uint8 place, Held calldata held) external {
        _always[place] = held;
    }

    function putIn(uint64 epoch, uint8 place, Held calldata held) external {
        _once[epoch][place] = held;
        _isOnce[epoch][place] = true;
    }

    function setTotal(uint64 epoch, uint64 total) external {
        _total[epoch] = total;
        _hasTotal[epoch] = true;
    }

    function memberOf(uint64 epoch, uint8 place) external view returns (address, bytes32, bytes memory, uint64) {
        require(epoch <= currentEpoch + 1, "not fixed");
        require(place < PLACES, "no such place");
        Held storage held = _held(epoch, place);
        return (held.validator, held.consensusKey, held.attestationKey, held.power);
    }

    function powerOf(address validator, uint64 epoch) external view returns (uint64) {
        for (uint8 place = 0; place < USED; ++place) {
            Held storage held = _held(epoch, place);
            if (held.validator == validator) return held.power;
        }
        return 0;
    }

    function totalsOf(uint64 epoch) external view returns (uint128 takenPlaces, uint64 totalPower) {
        if (_hasTotal[epoch]) return (0, _total[epoch]);
        for (uint8 place = 0; place < USED; ++place) {
            uint64 power = _held(epoch, place).power;
            if (power != 0) takenPlaces |= uint128(1) << place;
            totalPower += power;
        }
    }

    function _held(uint64 epoch, uint8 place) private view returns (Held storage) {
        return _isOnce[epoch][place] ? _once[epoch][place] : _always[place];
    }
}

/// @dev The stakes as the slasher sees them: writes down what it is told, and can be made to refuse.
contract StakesMock {
    struct Slash {
        address validator;
        uint256 fraction;
        address reporter;
        uint128 reporterCap;
        address caller;
    }

    struct Settlement {
        address validator;
        uint256 fraction;
        address caller;
    }

    error Refused();

    Slash[] public slashes;
    Settlement[] public settlements;
    bool public refuses;

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function slash(address validator, uint256 fraction, address reporter, uint128 reporterCap)
        external
        returns (uint128)
    {
        if (refuses) revert Refused();
        slashes.push(Slash(validator, fraction, reporter, reporterCap, msg.sender));
        return 0;
    }

    function settle(address validator, uint256 fraction) external returns (uint128) {
        if (refuses) revert Refused();
        settlements.push(Settlement(validator, fraction, msg.sender));
        return 0;
    }

    function slashCount() external view returns (uint256) {
        return slashes.length;
    }

    function settlementCount() external view returns (uint256) {
        return settlements.length;
    }
}

/// @dev For what signatures play no part in.
contract YesVerifier {
    function verify(bytes32, bytes32, bytes32, bytes32) external pure returns (bool) {
        return true;
    }
}
