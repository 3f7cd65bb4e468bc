//! How records are put into bytes: parts with their lengths, so that every record has one encoding.

use super::StoreError;

/// Joins parts, each after its length in 4 bytes, big-endian.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        assert!(length < u32::MAX, "no part of a record comes near 4 GiB");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Takes the parts of a record apart.
///
/// # Errors
/// [`StoreError::Damaged`] if the lengths do not add up.
pub(super) fn split<'a>(tree: &'static str, mut bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, StoreError> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| damaged(tree, "a length is cut off"))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (part, rest) = rest.split_at_checked(length).ok_or_else(|| damaged(tree, "a part is cut off"))?;
        parts.push(part);
        bytes = rest;
    }
    Ok(parts)
}

pub(super) fn damaged(tree: &'static str, reason: impl ToString) -> StoreError {
    StoreError::Damaged { tree, reason: reason.to_string() }
}
