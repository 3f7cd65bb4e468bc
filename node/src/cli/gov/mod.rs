//! `rota gov`: proposals about the staking, made, voted for and carried out with the votes of bonded stake.

mod act;
mod parameters;
mod proposal;
mod propose;
mod show;
mod words;

use alloy_primitives::Address;

use super::l1::{L1Arguments, SenderArguments};

/// What is to be done about proposals and votes.
#[derive(Debug, clap::Subcommand)]
pub(super) enum GovCommand {
    /// Makes a proposal. The sender needs the threshold of votes; voting begins after the voting delay.
    #[command(subcommand)]
    Propose(Box<propose::Subject>),
    /// Votes on a proposal, once, with the votes that the sender had at its snapshot.
    Vote(VoteArguments),
    /// Queues a proposal that has passed, so that it can be executed after the timelock's delay; anyone may.
    Queue(ProposalArguments),
    /// Executes a queued proposal; anyone may.
    Execute(ProposalArguments),
    /// Cancels a proposal for good: as its proposer before voting begins, or as the guardian while it is queued.
    Cancel(CancelArguments),
    /// Lets another account vote with the sender's stake, or the sender again. The stake itself stays where it is.
    Delegate(DelegateArguments),
    /// Drops the votes of an account's stake with a slashed validator; anyone may.
    Sync(SyncArguments),
    /// Lists all proposals.
    List(ListArguments),
    /// Shows a proposal: what it does, how the vote stands, and what comes next.
    Show(ShowArguments),
}

/// A vote.
#[derive(Debug, clap::Args)]
pub(super) struct VoteArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The proposal's number, or the first digits of it that no other one has.
    id: String,
    /// The vote. Who abstains counts for the quorum, and for neither side.
    ballot: Ballot,
    /// Why, for everybody to read.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A proposal that goes on.
#[derive(Debug, clap::Args)]
pub(super) struct ProposalArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The proposal's number, or the first digits of it that no other one has.
    id: String,
}

/// A proposal that does not go on.
#[derive(Debug, clap::Args)]
pub(super) struct CancelArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The proposal's number, or the first digits of it that no other one has.
    id: String,
    /// As the guardian: a queued one that does more than to name a guardian, a bounded number in a period.
    #[arg(long)]
    as_guardian: bool,
}

/// Whose vote it is.
#[derive(Debug, clap::Args)]
pub(super) struct DelegateArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// Who votes with the sender's stake from now on; the sender itself takes its votes back.
    #[arg(value_name = "ADDRESS")]
    voter: Address,
}

/// Votes that a slash took.
#[derive(Debug, clap::Args)]
pub(super) struct SyncArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The validator that was slashed.
    #[arg(long)]
    validator: Address,
    /// Who has stake with it.
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
}

/// A list.
#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    l1: L1Arguments,
    /// Only those that may still come to something.
    #[arg(long)]
    open: bool,
}

/// A proposal.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    l1: L1Arguments,
    /// Its number, or the first digits of it that no other one has.
    id: String,
}

/// A vote, as OpenZeppelin's simple counting numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Ballot {
    /// Against it.
    Against,
    /// For it.
    For,
    /// For neither.
    Abstain,
}

impl Ballot {
    /// All of them, by their numbers.
    const ALL: [Self; 3] = [Self::Against, Self::For, Self::Abstain];

    /// The one with a number.
    pub(super) fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its number.
    const fn number(self) -> u8 {
        self as u8
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Against => "against",
            Self::For => "for",
            Self::Abstain => "abstain",
        }
    }
}

/// Does it.
///
/// # Errors
/// A report that says what a contract refuses, by name, or that no proposal is meant.
pub(super) async fn run(command: GovCommand) -> eyre::Result<()> {
    match command {
        GovCommand::Propose(subject) => propose::run(&subject).await,
        GovCommand::Vote(arguments) => act::vote(arguments).await,
        GovCommand::Queue(arguments) => act::queue(arguments).await,
        GovCommand::Execute(arguments) => act::execute(arguments).await,
        GovCommand::Cancel(arguments) => act::cancel(arguments).await,
        GovCommand::Delegate(arguments) => act::delegate(arguments).await,
        GovCommand::Sync(arguments) => act::sync(arguments).await,
        GovCommand::List(arguments) => show::list(&arguments).await,
        GovCommand::Show(arguments) => show::show(&arguments).await,
    }
}

#[cfg(test)]
mod tests;
