//! What the disk promises: see the module's own words.

mod fuzz;
mod pending;

use alloy_primitives::{Address, U256};
use rota_execution::StateView as _;

use super::{SledStore, key};

#[test]
fn slot_of_more_than_32_bytes_is_damage_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let (address, slot) = (Address::repeat_byte(1), U256::from(7));
    let name = key(2, &[address.as_slice(), &slot.to_be_bytes::<32>()]);
    store.state.insert(name, vec![1; 33]).unwrap();
    let damaged = store.slot(&address, &slot).unwrap_err().to_string();
    assert!(damaged.contains("a record in state is damaged: a slot of 33 bytes"), "{damaged}");
}
