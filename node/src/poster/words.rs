//! What a plan goes by, and what it says.

use alloy_primitives::{Address, B256, Bytes};
use rota_staking::bindings::IRotaInbox::Entry;
use serde::{Deserialize, Serialize};

use super::{
    fees::{FeeCap, Fees},
    turn::Member,
};

/// The head of the inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxHead {
    /// The link of the last entry.
    pub link: B256,
    /// The height that comes next, above 0.
    pub next_height: u64,
}

/// L1 at one of its blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1View {
    /// The block's number.
    pub block: u64,
    /// The base fee and the tip of now, in wei per gas.
    pub base_fee: u128,
    /// The tip to offer, in wei per gas.
    pub tip: u128,
    /// The inbox's head, if what it stands on was compared with our chain (rule P15).
    pub head: Option<InboxHead>,
    /// The next height after what waits to be mined, as far as the endpoint knows.
    pub pending_next: u64,
    /// Validators that may have to be slashed.
    pub charges: Vec<Charge>,
    /// Whether an advance would change the set that is being formed.
    pub unformed: bool,
    /// What L1 is to be told of rewards, and of who attested twice.
    pub chores: Vec<ChoreName>,
    /// Transactions of the submitter that are mined.
    pub nonce: u64,
    /// The L1 epoch, of which the members are.
    pub epoch: u64,
    /// Who may post.
    pub members: Vec<Member>,
    /// What became of the transaction in the journal.
    pub fate: Fate,
}

/// A validator against which evidence is kept, as of a block of L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The validator, by its name on L1.
    pub validator: Address,
    /// Whether it is slashed.
    pub slashed: bool,
    /// Whether it will be, once what waits is mined, as far as the endpoint knows.
    pub pending: bool,
}

/// Something that L1 is to be told beside batches and votes, made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chore {
    /// What it is.
    pub name: ChoreName,
    /// The call of the contract that takes it.
    pub call: Bytes,
}

/// What is told. L1 takes each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ChoreName {
    /// The set's word on a period.
    Attest {
        /// Which one.
        period: u64,
    },
    /// A validator's leaf of a period.
    Bring {
        /// Which one.
        period: u64,
        /// Whose.
        validator: Address,
    },
    /// Two attestations of a validator that contradict each other.
    Accuse {
        /// Whose.
        validator: Address,
    },
}

/// What became of the transaction in the journal, or of one that it replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// L1's endpoint does not know it.
    #[default]
    Unknown,
    /// L1's endpoint refused it for its fees.
    Underpriced,
    /// It waits to be mined.
    Waiting,
    /// It is mined and did what it was to do.
    Done,
    /// It is mined and was reverted.
    Reverted,
}

/// Our final batches that L1 does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub batches: u64,
    /// Their bytes before compression, counted as far as is enough to post.
    pub bytes: usize,
    /// The timestamp of the first, in seconds since 1970.
    pub oldest_s: u64,
    /// Whether the first may be too long for one transaction.
    pub is_long: bool,
}

/// What a transaction was sent for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To append an entry.
    Append(PlannedEntry),
    /// To carry a part of an entry that alone is too long.
    Part {
        /// The entry.
        entry: PlannedEntry,
        /// keccak256 of its stream.
        stream: B256,
    },
    /// To have a validator slashed.
    Slash(Address),
    /// To go on with the set that is being formed.
    Advance,
    /// To tell L1 of rewards.
    Chore(ChoreName),
    /// To use up a nonce, so that an append that would be reverted is never mined.
    Cancel,
}

/// The entry of a transaction, as far as a plan goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedEntry {
    /// Its first height.
    pub first_height: u64,
    /// Its last height.
    pub last_height: u64,
    /// The link that it follows.
    pub parent_link: B256,
}

impl From<&Entry> for PlannedEntry {
    fn from(entry: &Entry) -> Self {
        Self { first_height: entry.firstHeight, last_height: entry.lastHeight, parent_link: entry.parentLink }
    }
}

/// The transaction that the journal holds: at most one nonce is in use at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Its nonce.
    pub nonce: u64,
    /// What it is for.
    pub purpose: Purpose,
    /// Its fees.
    pub fees: Fees,
    /// The L1 block after which it was sent.
    pub block: u64,
}

/// Why nothing is done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// L1 has everything.
    NothingToPost,
    /// There is little, and it is young.
    TooLittle,
    /// What L1 has was not compared with our chain: nothing is built on it (rule P15).
    Unknown,
    /// The validator is not in the set of the current L1 epoch.
    NotMember,
    /// Others come first.
    OthersTurn {
        /// Our position in the order.
        position: u64,
    },
    /// We are a backup, and somebody's append waits to be mined.
    SomebodyPends,
    /// Ours waits to be mined.
    AwaitsMining,
    /// The cap does not allow what L1 asks.
    Capped(FeeCap),
}

/// How the transaction in the journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was mined and did what it was to do.
    Done,
    /// It was mined and reverted: somebody else was first, or L1's state changed under it.
    Reverted,
    /// Another transaction took its nonce.
    Overtaken,
    /// L1 went back behind it: a transaction before it is not mined any more.
    Vanished,
}

/// What a transaction is to be sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// To have this validator slashed.
    Slash(Address),
    /// To append the next entry.
    Append,
    /// To go on with the set that is being formed.
    Advance,
    /// To tell L1 of rewards.
    Chore(ChoreName),
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest(Rest),
    /// Send a new transaction with this nonce and these fees.
    Post {
        /// What for.
        errand: Errand,
        /// The nonce.
        nonce: u64,
        /// The fees.
        fees: Fees,
    },
    /// Send the transaction of the journal again as it is.
    Resend,
    /// Send the transaction of the journal again with these fees.
    Raise(Fees),
    /// Use up the nonce of the transaction of the journal.
    Cancel(Fees),
    /// Forget the transaction of the journal: it ended.
    Settle(End),
}
