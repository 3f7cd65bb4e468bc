//! Fuzz targets beside their table and their corpora: none is missing anywhere, and no corpus has lost its target.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use eyre::{OptionExt as _, Result, ensure};

/// A target: the folder of its crate, and its name.
type Name = (String, String);

/// Bytes of all corpora together: they are read with the tests.
const CORPORA_BYTES_MAX: u64 = 200 * 1024;

#[test]
fn every_target_has_its_row_and_its_corpus() -> Result<()> {
    let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?;
    let mut found = Found::default();
    found.search(&root, &root, "")?;
    ensure!(found.targets.len() > 30, "{} targets", found.targets.len());
    ensure!(found.targets == found.corpora, "targets and corpora differ: {:?}", differing(&found));
    ensure!(found.bytes <= CORPORA_BYTES_MAX, "the corpora have {} bytes", found.bytes);

    let table = fs::read_to_string(root.join("testnet/fuzz/README.md"))?;
    let rows = rows(&table);
    // The table names a crate by its last word.
    let short = |(folder, name): &Name| (folder.rsplit('/').next().unwrap_or_default().to_owned(), name.clone());
    let targets: BTreeSet<Name> = found.targets.iter().map(short).collect();
    ensure!(rows == targets, "rows and targets differ: {:?}", rows.symmetric_difference(&targets).collect::<Vec<_>>());
    Ok(())
}

fn differing(found: &Found) -> Vec<&Name> {
    found.targets.symmetric_difference(&found.corpora).collect()
}

/// What the repository has of fuzzing.
#[derive(Default)]
struct Found {
    targets: BTreeSet<Name>,
    corpora: BTreeSet<Name>,
    bytes: u64,
}

impl Found {
    /// Looks through a folder of the crate that `home` names.
    fn search(&mut self, root: &Path, folder: &Path, home: &str) -> Result<()> {
        let own = folder.join("Cargo.toml").exists();
        let home = if own { folder.strip_prefix(root)?.to_str().ok_or_eyre("UTF-8")?.to_owned() } else { home.into() };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).ok_or_eyre("UTF-8")?;
            if path.is_dir() && name == "corpus" {
                self.take_corpora(&path, &home)?;
            } else if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "fuzz"].contains(&name) {
                self.search(root, &path, &home)?;
            } else if is_test(&path) {
                let names = targets_of(&fs::read_to_string(&path)?);
                self.targets.extend(names.into_iter().map(|name| (home.clone(), name)));
            }
        }
        Ok(())
    }

    /// One folder a target, one file an input.
    fn take_corpora(&mut self, folder: &Path, home: &str) -> Result<()> {
        for corpus in fs::read_dir(folder)? {
            let path: PathBuf = corpus?.path();
            let sizes = fs::read_dir(&path)?.map(|file| Ok(file?.metadata()?.len())).collect::<Result<Vec<_>>>()?;
            ensure!(!sizes.is_empty(), "{} is empty", path.display());
            self.bytes += sizes.iter().sum::<u64>();
            let name = path.file_name().and_then(|name| name.to_str()).ok_or_eyre("UTF-8")?;
            self.corpora.insert((home.to_owned(), name.to_owned()));
        }
        Ok(())
    }
}

fn is_test(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rs") && path.components().any(|part| part.as_os_str() == "tests")
}

/// The names given to targets in a file of tests.
fn targets_of(text: &str) -> Vec<String> {
    let heads = [concat!("target", "(\""), concat!("Target::new(env!(\"CARGO_MANIFEST_DIR\")", ", \"")];
    let after = heads.iter().flat_map(|head| text.split(head).skip(1));
    after.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Crates and targets of the table: the words in backticks of its first two columns.
fn rows(table: &str) -> BTreeSet<Name> {
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut rows = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_start_matches('|').split('|');
        let (homes, names) = (cells.next().map(words), cells.next().map(words));
        for home in homes.into_iter().flatten() {
            rows.extend(names.iter().flatten().map(|name| (home.clone(), name.clone())));
        }
    }
    rows
}
