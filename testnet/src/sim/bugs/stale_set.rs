//! Planted: an epoch is decided by the first set the node ever knew.

use std::{cell::RefCell, sync::Arc};

use rota_consensus::EpochContext;
use rota_proto::ValidatorSet;

use crate::sim::{conduct::Conduct, story::NodeId};

/// Keeps the validators of the first epoch it begins.
#[derive(Clone, Debug, Default)]
pub struct StaleSet {
    first: RefCell<Option<Arc<ValidatorSet>>>,
}

impl Conduct for StaleSet {
    fn name(&self) -> &'static str {
        "stale_set"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn context(&self, _node: NodeId, context: EpochContext) -> EpochContext {
        let first = self.first.borrow_mut().get_or_insert_with(|| context.set.clone()).clone();
        let validators = first.iter().map(|(place, validator)| (place, validator.clone())).collect();
        let set = ValidatorSet::new(context.set.epoch(), validators).expect("it was a set before");
        EpochContext { set: Arc::new(set), ..context }
    }
}
