//! `rota keys` on a real folder: Y1 to Y5 of the signer.

use std::os::unix::fs::PermissionsExt as _;

use clap::Parser;
use eyre::Result;
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
#[command(name = "keys")]
struct Line {
    #[command(subcommand)]
    command: KeysCommand,
}

const SEED: &str = "0101010101010101010101010101010101010101010101010101010101010101";

/// A folder with two passphrases and a seed.
struct World(TempDir);

impl World {
    fn new() -> Result<Self> {
        let world = Self(crate::secret::tests::folder()?);
        for (name, text) in [("first", "one\n"), ("second", "two"), ("seed", SEED)] {
            secret::create(&world.path(name), text.as_bytes())?;
        }
        Ok(world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a line; words that begin with `@` are files of the folder.
    fn run(&self, line: &str) -> Result<()> {
        let word = |word: &str| word.strip_prefix('@').map_or(word.into(), |name| self.path(name).into_os_string());
        let words = ["keys".into()].into_iter().chain(line.split(' ').map(word));
        run(&Line::try_parse_from(words)?.command)
    }

    fn refusal(&self, line: &str) -> String {
        self.run(line).map_or_else(|refused| format!("{refused:#}"), |()| panic!("{line} was done"))
    }

    fn key(&self, name: &str, passphrase: &str) -> Result<[u8; 32]> {
        Ok(Keystore::read(&self.path(name))?.decrypt(passphrase)?.to_bytes())
    }
}

#[test]
fn new_key_is_drawn_each_time_and_opens_with_its_passphrase_alone() -> Result<()> {
    let world = World::new()?;
    world.run("new --out @a/one.json --passphrase-file @first --devnet-scrypt")?;
    world.run("new --out @a/two.json --passphrase-file @first --devnet-scrypt --json")?;
    assert_ne!(world.key("a/one.json", "one")?, world.key("a/two.json", "one")?);
    assert!(world.key("a/one.json", "two").is_err());
    world.run("show @a/one.json --passphrase-file @first")?;
    let refused = world.refusal("show @a/one.json --passphrase-file @second");
    assert!(refused.ends_with("the passphrase is wrong"), "{refused}");
    Ok(())
}

/// Y3: what a registration needs beside the consensus key, and is not taken for one.
#[test]
fn new_attestation_key_is_one_and_no_consensus_key() -> Result<()> {
    let world = World::new()?;
    world.run("new --attestation --out @attestation.json --passphrase-file @first --devnet-scrypt")?;
    world.run("show @attestation.json --passphrase-file @first")?;
    let refused = world.refusal("show @attestation.json --passphrase-file @second");
    assert!(refused.ends_with("the passphrase is wrong"), "{refused}");
    let keystore = Keystore::read(&world.path("attestation.json"))?;
    crate::signer::AttestationSecret::decrypt(&keystore, "one")?;
    assert!(world.key("attestation.json", "one").is_err());
    Ok(())
}

#[test]
fn imported_seed_is_the_key_and_is_exported_as_it_came() -> Result<()> {
    let world = World::new()?;
    world.run("import --out @key.json --seed @seed --passphrase-file @first --devnet-scrypt")?;
    assert_eq!(world.key("key.json", "one")?, [1; 32]);
    world.run("export @key.json --passphrase-file @first --raw --reveal-secret --out @raw")?;
    assert_eq!(*secret::read_line(&world.path("raw"))?, SEED);
    Ok(())
}

#[test]
fn key_goes_from_keystore_to_keystore_and_from_passphrase_to_passphrase() -> Result<()> {
    let world = World::new()?;
    world.run("import --out @a.json --seed @seed --passphrase-file @first --devnet-scrypt")?;
    world.run("export @a.json --passphrase-file @first --out @b.json --new-passphrase-file @second --devnet-scrypt")?;
    let line = "--keystore @b.json --keystore-passphrase-file @second --passphrase-file @first --devnet-scrypt";
    world.run(&format!("import --out @c.json {line}"))?;
    assert_eq!(world.key("b.json", "two")?, [1; 32]);
    assert_eq!(world.key("c.json", "one")?, [1; 32]);
    Ok(())
}

/// Y3: a key that is to hold stake takes a second and 256 MiB a guess, unless it is said otherwise.
#[test]
fn passphrase_is_hard_to_guess_unless_it_is_a_devnets() -> Result<()> {
    let world = World::new()?;
    world.run("import --out @strong.json --seed @seed --passphrase-file @first")?;
    world.run("import --out @quick.json --seed @seed --passphrase-file @first --devnet-scrypt")?;
    assert_eq!(Keystore::read(&world.path("strong.json"))?.scrypt_n(), 1 << 18);
    assert_eq!(Keystore::read(&world.path("quick.json"))?.scrypt_n(), 1 << 12);
    assert_eq!(world.key("strong.json", "one")?, [1; 32]);
    Ok(())
}

#[test]
fn y2_no_command_writes_over_a_file() -> Result<()> {
    let world = World::new()?;
    world.run("import --out @key.json --seed @seed --passphrase-file @first --devnet-scrypt")?;
    let before = std::fs::read(world.path("key.json"))?;
    for line in [
        "new --out @key.json --passphrase-file @first --devnet-scrypt",
        "import --out @key.json --seed @seed --passphrase-file @first --devnet-scrypt",
        "export @key.json --passphrase-file @first --out @key.json --new-passphrase-file @second --devnet-scrypt",
        "export @key.json --passphrase-file @first --raw --reveal-secret --out @key.json",
    ] {
        let refused = world.refusal(line);
        assert!(refused.contains("is there already and stays as it is"), "{line}: {refused}");
    }
    assert_eq!(std::fs::read(world.path("key.json"))?, before);
    Ok(())
}

#[test]
fn y5_bare_seed_is_given_only_to_who_says_that_they_mean_it() -> Result<()> {
    let world = World::new()?;
    world.run("import --out @key.json --seed @seed --passphrase-file @first --devnet-scrypt")?;
    let refused = world.refusal("export @key.json --passphrase-file @first --raw --out @raw");
    assert!(refused.contains("--reveal-secret"), "{refused}");
    assert!(!world.path("raw").exists());
    Ok(())
}

/// Y1: and what is no seed is not shown in the refusal.
#[test]
fn files_of_others_and_what_is_no_seed_are_refused() -> Result<()> {
    let world = World::new()?;
    for (name, text) in [("short", &SEED[2..]), ("letters", &SEED.replace('1', "g")), ("empty", "")] {
        secret::create(&world.path(name), text.as_bytes())?;
        let refused = world.refusal(&format!("import --out @key.json --seed @{name} --passphrase-file @first"));
        assert_eq!(refused, "the seed is not 32 bytes in hex");
    }
    std::fs::set_permissions(world.path("seed"), std::fs::Permissions::from_mode(0o644))?;
    let refused = world.refusal("import --out @key.json --seed @seed --passphrase-file @first");
    assert!(refused.contains("chmod 600"), "{refused}");
    assert!(!world.path("key.json").exists());
    Ok(())
}

#[test]
fn line_names_one_source_and_a_target() {
    for line in ["new", "import --out a", "import --out a --seed b --keystore c", "export a", "show"] {
        let words = ["keys"].into_iter().chain(line.split(' '));
        assert!(Line::try_parse_from(words).is_err(), "{line}");
    }
    assert!(Line::try_parse_from(["keys", "import", "--out", "a", "--seed", "-"]).is_ok());
}
