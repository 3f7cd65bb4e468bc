//! One chain at all nodes.

use eyre::{Result, ensure};
use rota_proto::BatchHeader;

use super::{Node, node::START};

/// All these nodes have the same headers, and so the same state roots, at every height from genesis to `to`. Returns
/// them.
pub(crate) async fn agree(nodes: &[&Node], to: u64) -> Result<Vec<BatchHeader>> {
    let mut agreed: Option<Vec<BatchHeader>> = None;
    for node in nodes {
        node.reaches(to, START).await?;
        let headers = node.headers(0, to).await?;
        for (parent, child) in headers.iter().zip(headers.iter().skip(1)) {
            ensure!(child.parent() == parent.hash(), "node {}: {} has another parent", node.index, child.height());
        }
        let Some(first) = &agreed else {
            agreed = Some(headers);
            continue;
        };
        for (a, b) in first.iter().zip(&headers) {
            ensure!(a == b, "height {}: node {} has {}, another {}", a.height(), node.index, b.hash(), a.hash());
        }
    }
    Ok(agreed.unwrap_or_default())
}
