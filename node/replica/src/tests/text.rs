//! Effects as tests read them.

use rota_proto::{Message, VoteKind};

use crate::Effect;

/// The name of an effect.
pub(super) const fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Verify { .. } => "verify",
        Effect::PersistCandidate { .. } => "persist candidate",
        Effect::PersistCertificate(_) => "persist certificate",
        Effect::PersistRegistry(_) => "persist registry",
        Effect::Sign { .. } => "sign",
        Effect::RaiseFloor(_) => "raise floor",
        Effect::HoldBack { .. } => "hold back",
        Effect::OldRecord(_) => "old record",
        Effect::Broadcast(_) => "broadcast",
        Effect::Send { .. } => "send",
        Effect::Fetch(_) => "fetch",
        Effect::Serve { .. } => "serve",
        Effect::CatchUp(_) => "catch up",
        Effect::SetTimer { .. } => "timer",
        Effect::CancelViewTimer => "cancel view timer",
        Effect::Build(_) => "build",
        Effect::Execute(_) => "execute",
        Effect::Commit { .. } => "commit",
        Effect::Forget(_) => "forget",
        Effect::ShareTransactions(_) => "share",
        Effect::Recover(_) => "recover",
        Effect::Readmit(_) => "readmit",
        Effect::Journal(_) => "journal",
        Effect::Dropped(_) => "dropped",
        Effect::Submitted { .. } => "submitted",
        Effect::Evidence { .. } => "evidence",
        Effect::EvidenceRefused(_) => "evidence refused",
        Effect::EpochBegan(_) => "epoch began",
        Effect::Halt(_) => "halt",
    }
}

/// An effect in a line.
pub(super) fn text(effect: &Effect) -> String {
    let kind_of = |kind| match kind {
        VoteKind::Notarize => "notarize",
        VoteKind::Nullify => "nullify",
        VoteKind::Finalize => "finalize",
    };
    let name = name(effect);
    if let Effect::Sign { vote, .. } = effect {
        return format!("sign {} {}", kind_of(vote.kind), vote.round.view);
    }
    if let Effect::Halt(why) = effect {
        return format!("halt: {why}");
    }
    if let Effect::EvidenceRefused(refusal) = effect {
        return format!("{name}: {refusal}");
    }
    if let Effect::CatchUp(from) = effect {
        return format!("catch up from {from}");
    }
    if let Effect::Broadcast(message) | Effect::Send { message, .. } = effect {
        if let Message::Vote(vote) = message {
            return format!("{name} {} {}", kind_of(vote.vote.kind), vote.vote.round.view);
        }
        let proposes =
            [(matches!(message, Message::Body(_)), " body"), (matches!(message, Message::Proposal(_)), " proposal")];
        return proposes.iter().filter(|(is, _)| *is).fold(name.to_owned(), |text, (_, what)| text + what);
    }
    name.to_owned()
}
