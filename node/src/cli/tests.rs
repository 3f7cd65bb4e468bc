use std::{io, path::PathBuf};

use alloy_primitives::B256;
use eyre::{Report, WrapErr as _};
use rota_execution::GenesisError;
use rota_proto::{Round, Vote};
use rota_replica::Halt;
use rota_staking::RegistryError;

use super::{code, exit};
use crate::{
    config::ConfigError,
    driver::DriverError,
    executor::ExecutorError,
    instance::InstanceError,
    l1::L1Error,
    signer::{GuardImportError, GuardStorageError, KeystoreError, LinkError, ServeError, SignError},
    store::StoreError,
};

fn guard() -> GuardStorageError {
    GuardStorageError::Io { path: PathBuf::from("guard"), source: io::Error::other("full") }
}

fn store() -> StoreError {
    StoreError::ChangeLog(io::Error::other("full"))
}

#[test]
fn each_error_has_its_exit_code_however_deep_it_lies() {
    let missing = ConfigError::Read { path: PathBuf::from("node.toml"), source: io::Error::other("gone") };
    let driver = |error: DriverError| Err::<(), _>(error).wrap_err("the node stopped itself").unwrap_err();
    let locked = || GuardStorageError::Locked { path: PathBuf::from("guard.lock") };
    let folder = InstanceError::Folder { folder: PathBuf::from("data") };
    let twin = Halt::Doppelganger(Vote::nullify(Round::default()));
    let l1 = Halt::L1(RegistryError::Gap { number: 9, expected: 8 });
    let old = SignError::OldRecord(Box::new(Vote::nullify(Round::default())));
    let cases: [(Report, u8); 28] = [
        (Report::from(store()).wrap_err("the store"), exit::STORE),
        (guard().into(), exit::STORE),
        (SignError::from(guard()).into(), exit::STORE),
        (driver(store().into()), exit::STORE),
        (driver(DriverError::Signer(Box::new(guard().into()))), exit::STORE),
        (driver(DriverError::Executor(Box::new(ExecutorError::Store(store())))), exit::STORE),
        (Report::from(missing).wrap_err("settings"), exit::CONFIG),
        (Report::from(StoreError::Schema { found: 9, expected: 2 }).wrap_err("the store"), exit::CONFIG),
        (ConfigError::OtherGenesis { found: B256::ZERO, expected: B256::ZERO }.into(), exit::CONFIG),
        (GenesisError::Json("no".into()).into(), exit::CONFIG),
        (Report::from(KeystoreError::Passphrase).wrap_err("the key"), exit::CONFIG),
        (L1Error::OtherChain { found: 1, expected: 2 }.into(), exit::CONFIG),
        (RegistryError::Gap { number: 9, expected: 8 }.into(), exit::HALTED),
        (driver(DriverError::Halted(Box::new(twin))), exit::DOPPELGANGER),
        (driver(DriverError::Halted(Box::new(l1))), exit::HALTED),
        (folder.into(), exit::HELD),
        (SignError::from(locked()).into(), exit::HELD),
        (GuardImportError::from(locked()).into(), exit::HELD),
        (GuardImportError::from(guard()).into(), exit::STORE),
        // Y10, Y12 of the signer.
        (ServeError::Taken { path: PathBuf::from("socket") }.into(), exit::HELD),
        (ServeError::NoSocket { path: PathBuf::from("socket") }.into(), exit::CONFIG),
        (LinkError::Busy.into(), exit::HELD),
        (LinkError::OtherProtocol { known: 2 }.into(), exit::CONFIG),
        (driver(DriverError::Signer(Box::new(old))), exit::HALTED),
        (driver(DriverError::Signer(Box::new(LinkError::Gone.into()))), exit::FAILED),
        (L1Error::Missing(7).into(), exit::FAILED),
        (driver(DriverError::ExecutorGone), exit::FAILED),
        (eyre::eyre!("a port is taken"), exit::FAILED),
    ];
    for (report, expected) in cases {
        assert_eq!(code(&report), expected, "{report:#}");
    }
}
