//! Style that a machine can judge, over the whole repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eyre::Result;

/// Columns of a line.
const COLUMNS_MAX: usize = 120;

/// Lines of a file that is no test: what one reads at a sitting.
const LINES_MAX: usize = 400;

/// Folders with what others wrote or programs made.
const PASSED_OVER: [&str; 7] = [".git", ".run", "cache", "generated", "node_modules", "out", "target"];

/// A file of ours, by its path from the root.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|ending| ending == "rs")
    }

    fn is_contract(&self) -> bool {
        self.path.extension().is_some_and(|ending| ending == "sol")
    }

    fn is_script(&self) -> bool {
        self.text.starts_with("#!/")
    }

    fn is_test(&self) -> bool {
        self.path.components().any(|part| part.as_os_str() == "tests") || self.path.ends_with("tests.rs")
    }

    /// Each line that is wrong, with its place.
    fn lines(&self, is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
        let wrong = self.text.lines().enumerate().filter(|(_, line)| is_wrong(line));
        wrong.map(|(index, line)| format!("{}:{}: {}", self.path.display(), index + 1, line.trim())).collect()
    }
}

/// Rust, Solidity, and scripts, which begin with `#!`.
fn sources() -> Result<Vec<Source>> {
    let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?;
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            let passed_over = PASSED_OVER.iter().any(|name| path.ends_with(name));
            if kind.is_dir() && !passed_over {
                folders.push(path);
            } else if kind.is_file() {
                // What is no text is no source.
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let source = Source { path: path.strip_prefix(&root)?.to_owned(), text };
                if source.is_rust() || source.is_contract() || source.is_script() {
                    found.push(source);
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// No source that is looked at has offenders, and some source is looked at.
#[track_caller]
fn check(what: &str, looked_at: impl Fn(&Source) -> bool, offenders: impl Fn(&Source) -> Vec<String>) -> Result<()> {
    let sources: Vec<_> = sources()?.into_iter().filter(looked_at).collect();
    assert!(!sources.is_empty(), "{what}: no file was looked at");
    let offenders: Vec<_> = sources.iter().flat_map(offenders).collect();
    assert!(offenders.is_empty(), "{what}, of {} files:\n{}", sources.len(), offenders.join("\n"));
    Ok(())
}

#[test]
fn every_kind_of_source_is_looked_at() -> Result<()> {
    let sources = sources()?;
    for kind in [Source::is_rust, Source::is_contract, Source::is_script] {
        assert!(sources.iter().any(kind), "of {} files none is of some kind", sources.len());
    }
    Ok(())
}

#[test]
fn lines_are_at_most_120_columns() -> Result<()> {
    let is_wrong = |line: &str| line.chars().count() > COLUMNS_MAX;
    check("lines over 120 columns", |_| true, |source| source.lines(is_wrong))
}

#[test]
fn files_that_are_no_tests_have_at_most_400_lines() -> Result<()> {
    let offender = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines}", source.path.display())).into_iter().collect()
    };
    check("files over 400 lines", |source| source.is_rust() && !source.is_test(), offender)
}

#[test]
fn no_test_is_ignored() -> Result<()> {
    let is_wrong = |line: &str| line.trim_start().starts_with(concat!("#[", "ignore"));
    check("ignored tests", Source::is_rust, |source| source.lines(is_wrong))
}

#[test]
fn nothing_is_left_to_do() -> Result<()> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let is_wrong = |line: &str| marks.iter().any(|mark| line.contains(mark));
    check("marks of unfinished work", |_| true, |source| source.lines(is_wrong))
}
