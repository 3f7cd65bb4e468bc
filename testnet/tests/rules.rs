//! Rules have numbers: each rule of each README is cited by a test that proves it, and nobody cites a rule that is not.
//!
//! A citation is an id in a comment (`Rule Q1: why`), at the head of a text (`"Q1: why"`), or of a test's name
//! (`fn q1_..`). It speaks of the README of its own folder; `S3 of consensus` speaks of another. A range (`Q1 to Q3`)
//! says what a file is about and proves nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use eyre::{OptionExt as _, Result, ensure};

/// A README with rules, and where the paths of its code and tests begin.
const BOOKS: [(&str, &[&str]); 18] = [
    ("proto/", &["proto/src/"]),
    ("consensus/", &["consensus/src/"]),
    ("staking/", &["staking/src/"]),
    ("staking/contracts/", &["staking/contracts/src/", "staking/contracts/test/", "staking/contracts/script/"]),
    ("node/mempool/", &["node/mempool/src/"]),
    ("node/execution/", &["node/execution/src/"]),
    ("node/replica/", &["node/replica/src/"]),
    ("node/src/network/", &["node/src/network/"]),
    ("node/src/rpc/", &["node/src/rpc/"]),
    ("node/src/signer/", &SIGNER),
    ("node/src/l1/", &["node/src/l1/", "node/tests/l1/"]),
    ("node/src/evidence/", &["node/src/evidence/", "node/tests/poster/evidence.rs", "node/tests/e2e/evidence.rs"]),
    ("node/src/poster/", &["node/src/poster/", "node/tests/poster/"]),
    ("node/src/rewards/", &["node/src/rewards/", "node/tests/e2e/tour.rs", "node/tests/e2e/attestations.rs"]),
    ("node/src/outlook/", &["node/src/outlook/", "node/tests/stake/outlook.rs", "node/tests/e2e/tour.rs"]),
    ("testnet/src/sim/", &["testnet/src/sim/", "testnet/tests/sim_"]),
    ("testnet/src/model/", &["testnet/src/model/", "testnet/tests/model.rs"]),
    ("testnet/src/load/", &["testnet/src/load/", "testnet/tests/load.rs"]),
];

/// Where the paths of the signer's rules begin.
const SIGNER: [&str; 6] = [
    "node/src/signer/",
    "node/src/cli/",
    "node/src/secret.rs",
    "node/src/instance.rs",
    "node/tests/e2e/second_starts.rs",
    "node/tests/e2e/signers.rs",
];

/// Rules that no test can prove, each with the reason.
const UNPROVEN: [(&str, &str); 1] = [
    // It says what the simulator is made of. That a host decides nothing is seen by reading it, not by running it.
    ("testnet/src/sim/", "D2"),
];

/// A place that cites a rule.
struct Citation {
    line: usize,
    id: String,
    /// Another README, by the last word of its folder.
    of: Option<String>,
    is_range: bool,
}

#[test]
fn every_rule_is_cited_by_a_test_and_every_citation_has_its_rule() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or_eyre("the workspace has a root")?;
    let mut files = BTreeMap::new();
    read(root, root, &mut files)?;
    let readmes = files.iter().filter_map(|(path, text)| Some((path.strip_suffix("README.md")?, rules(text))));
    let rules: BTreeMap<&str, BTreeSet<&str>> = readmes.filter(|(_, rules)| !rules.is_empty()).collect();
    let known: BTreeSet<&str> = rules.values().flatten().copied().collect();
    ensure!(!known.is_empty(), "no README has a rule");
    ensure!(rules.keys().copied().eq(BTreeSet::from(BOOKS.map(|(book, _)| book))), "BOOKS lacks one of {rules:?}");

    let mut unproven: BTreeSet<(&str, &str)> =
        rules.iter().flat_map(|(book, ids)| ids.iter().map(|id| (*book, *id))).collect();
    let mut faults = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !path.ends_with(".md")) {
        let home = BOOKS.iter().find(|(_, roots)| roots.iter().any(|root| path.starts_with(root)));
        let is_test = path.contains("/tests/") || path.contains("/test/");
        for Citation { line, id, of, is_range } in citations(path, text) {
            let other = of.and_then(|name| BOOKS.iter().find(|(book, _)| book.split('/').nth_back(1) == Some(&name)));
            let Some((book, _)) = other.or(home) else { continue };
            let is_own = other.is_some() || rules[book].iter().any(|rule| rule.starts_with(&id[..1]));
            match rules[book].get(&*id) {
                Some(rule) if is_test && !is_range => drop(unproven.remove(&(*book, *rule))),
                None if is_own || !known.contains(&*id) => {
                    faults.push(format!("{path}:{line} cites {id}, which {book}README.md lacks"));
                }
                Some(_) | None => {}
            }
        }
    }
    for exception in UNPROVEN {
        ensure!(unproven.remove(&exception), "{exception:?} is cited by a test, or is no rule: no exception is needed");
    }
    faults.extend(unproven.iter().map(|(book, id)| format!("{id} of {book}README.md is cited by no test of it")));
    println!("{} rules in {} READMEs", rules.values().map(BTreeSet::len).sum::<usize>(), rules.len());
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// All sources and READMEs below a folder, by their paths from the root.
fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type()))?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_eyre("names are UTF-8")?;
        if kind?.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "out", "cache", "generated"].contains(&name) {
                read(root, &path, files)?;
            }
        } else if name == "README.md" || [".rs", ".sol", ".tree"].iter().any(|end| name.ends_with(end)) {
            let place = path.strip_prefix(root)?.to_str().ok_or_eyre("paths are UTF-8")?;
            files.insert(place.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The rules that a README lays down: a paragraph or an item that begins with an id in bold.
fn rules(readme: &str) -> BTreeSet<&str> {
    readme.lines().filter_map(|line| id(line.strip_prefix("- ").unwrap_or(line).strip_prefix("**")?)).collect()
}

/// The id that a text begins with: a capital letter and one to three digits.
fn id(text: &str) -> Option<&str> {
    let length = text.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (word, digits) = (text.get(..length)?, text.get(1..length)?);
    let is_id = word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && (1..=3).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_id.then_some(word)
}

/// Every citation of a file.
fn citations(path: &str, text: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let comment = if path.ends_with(".tree") { text } else { text.split_once("//").map_or("", |(_, after)| after) };
        let comment = comment.trim_start_matches(['/', '!', ' ']);
        let starts = comment.char_indices().map(|(at, _)| comment.split_at(at));
        found.extend(starts.filter_map(|(before, after)| in_comment(line, before, after)));
        let heads = text.split('"').skip(1).filter_map(|text| Some((id(text)?, text)));
        let heads = heads.filter(|(id, text)| text.len() == id.len() || text[id.len()..].starts_with(':'));
        let name = text.trim_start().trim_start_matches("async ").strip_prefix("fn ").unwrap_or_default();
        let name = name.split_once('_').map(|(word, _)| word.to_uppercase()).unwrap_or_default();
        let ids = heads.map(|(id, _)| id).chain(id(&name).filter(|id| *id == name));
        found.extend(ids.map(|id| Citation { line, id: id.to_owned(), of: None, is_range: false }));
    }
    found
}

/// The citation that begins at this place of a comment.
fn in_comment(line: usize, before: &str, after: &str) -> Option<Citation> {
    let id = id(after)?;
    let after = &after[id.len()..];
    let is_code =
        before.ends_with(|last: char| last.is_alphanumeric() || "_:`".contains(last)) || after.starts_with(['_', '`']);
    // L1 is Ethereum, too.
    let is_first = before.is_empty() && after.starts_with(['.', ',', ':']);
    let is_rule = id != "L1" || is_first || ["ule ", "ules "].iter().any(|end| before.ends_with(end));
    let of = after.strip_prefix(" of ").map(|rest| rest.trim_start_matches("the "));
    let of = of.and_then(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).next()).map(str::to_owned);
    let first = before.strip_suffix(" to ").and_then(|rest| rest.split(' ').next_back());
    let is_range = [first, after.strip_prefix(" to ")].into_iter().flatten().any(|end| crate::id(end).is_some());
    (is_rule && !is_code).then(|| Citation { line, id: id.to_owned(), of, is_range })
}
