//! The skipper: a leader that passes over the notarized batch it should build on.

use rota_consensus::{BuildRequest, Output};

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Builds on the parent of its parent, though no nullification lets it.
#[derive(Clone, Copy, Debug)]
pub struct Skipper;

impl Conduct for Skipper {
    fn name(&self) -> &'static str {
        "skipper"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Output, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Output::Build(request) = effect else { return vec![Deed::effect(effect)] };
        vec![Deed::effect(Output::Build(skip(request, hands)))]
    }
}

/// The request for a batch one height lower; the same where nothing is left to pass over.
fn skip(request: BuildRequest, hands: &Hands<'_>) -> BuildRequest {
    let Some(passed) = hands.core.header(request.parent) else { return request };
    if hands.core.header(passed.parent()).is_none() {
        return request;
    }
    let extra = passed.extra();
    BuildRequest {
        round: request.round,
        parent: passed.parent(),
        parent_view: extra.parent_view,
        parent_signers: extra.parent_signers,
    }
}
