//! Locks that outlive a panic: what they guard is replaced whole, so a poisoned lock guards a sound value.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. No caller holds the guard across an await.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
