//! The table of metrics in `node/README.md` is what the node registers: names, types, labels, meanings.

use std::{fs, path::Path};

use eyre::{OptionExt as _, Result, ensure};

/// Where the node registers metrics, and what their names begin with.
const SOURCES: [(&str, &str); 9] = [
    ("rota", "node/src/driver/metrics.rs"),
    ("rota_l1", "node/src/l1/metrics.rs"),
    ("rota_signer", "node/src/signer/metrics.rs"),
    ("rota_network", "node/src/network/metrics.rs"),
    ("rota_rpc", "node/src/rpc/metrics.rs"),
    ("rota_poster", "node/src/poster/metrics.rs"),
    ("rota_evidence", "node/src/evidence/metrics.rs"),
    ("rota_rewards", "node/src/rewards/metrics.rs"),
    ("rota", "node/src/outlook/metrics.rs"),
];

#[test]
fn table_of_metrics_is_what_the_node_registers() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or_eyre("the workspace has a root")?;
    let mut expected = Vec::new();
    for (prefix, path) in SOURCES {
        let source = fs::read_to_string(root.join(path))?;
        for call in source.split("registry.register").skip(1) {
            expected.push(row(prefix, &source, call).ok_or_eyre(format!("{path} registers {call:.100}"))?);
        }
    }
    ensure!(!expected.is_empty(), "no metric is registered");
    let readme = fs::read_to_string(root.join("node/README.md"))?;
    let found: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `rota_")).collect();
    ensure!(found == expected, "the rows of the table in node/README.md should be\n{}", expected.join("\n"));
    Ok(())
}

/// The row of the metric that a call registers.
fn row(prefix: &str, source: &str, call: &str) -> Option<String> {
    let (call, _) = call.split_once(';')?;
    let mut texts = call.split('"').skip(1).step_by(2);
    let (name, meaning) = (texts.next()?, texts.next()?);
    let field = call.rsplit_once("m.")?.1.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    let (_, fields) = source.split_once("struct Metrics {")?;
    let (kind, _) = fields.split_once(&format!("{field}: "))?.1.split_once('\n')?;
    let labels = match kind.strip_prefix("Family<") {
        Some(family) => labels(source, family.split([',', '<']).next()?)?,
        None => String::new(),
    };
    let kind = ["Histogram", "Gauge", "Counter"].into_iter().find(|known| kind.contains(known))?.to_lowercase();
    let unit = if call.contains("Unit::Seconds") { "_seconds" } else { "" };
    let total = if kind == "counter" { "_total" } else { "" };
    Some(format!("| `{prefix}_{name}{unit}{total}` | {kind} | {labels} | {meaning} |"))
}

/// The fields of a label set.
fn labels(source: &str, set: &str) -> Option<String> {
    let (_, definition) = source.split_once(&format!("struct {set}"))?;
    let (fields, _) = definition.split_once('{')?.1.split_once('}')?;
    let names = fields.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| format!("`{}`", name.trim()));
    Some(names.collect::<Vec<_>>().join(" "))
}
