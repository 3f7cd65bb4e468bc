//! Refusals read with their numbers.

use alloy_primitives::B256;
use rota_proto::{Epoch, View};

use super::network::{Network, STAKES, place, round};
use crate::{Anchor, Rejected};

#[test]
fn refusals_name_their_numbers() {
    let batch = B256::repeat_byte(0xab);
    let texts = [
        (Rejected::PastEpoch { message: Epoch(6), ours: Epoch(7) }, "a message of epoch 6 came in epoch 7".to_owned()),
        (
            Rejected::FutureEpoch { message: Epoch(8), ours: Epoch(7) },
            "a message of epoch 8 came while we are in epoch 7".to_owned(),
        ),
        (Rejected::Stale { view: View(3), finalized: View(4) }, "view 3 is not above the final view 4".to_owned()),
        (
            Rejected::FarFuture { view: View(40), ours: View(1), limit: 32 },
            "view 40 is more than 32 views ahead of view 1".to_owned(),
        ),
        (Rejected::Known, "already known".to_owned()),
        (
            Rejected::Conflicting { place: place(2), round: round(9) },
            "place 2 already voted otherwise in round 7.9".to_owned(),
        ),
        (
            Rejected::NotLeader { place: place(2), round: round(9), leader: place(0) },
            "place 2 proposes in round 7.9, which place 0 leads".to_owned(),
        ),
        (Rejected::TooManyProposals(round(9)), "two proposals of round 7.9 are known already".to_owned()),
        (Rejected::NotClosing(batch), format!("batch {batch} does not close its epoch and cannot be its own parent")),
        (Rejected::NotWanted(batch), format!("batch {batch} is not wanted")),
        (Rejected::WrongBody(batch), format!("the body does not belong to batch {batch}")),
        (
            Rejected::LateAnswer { answer: round(8), ours: round(9) },
            "an answer about round 7.8 came too late in round 7.9".to_owned(),
        ),
        (Rejected::OldTimer, "an old timer".to_owned()),
        (Rejected::NotHere, "not here".to_owned()),
        (Rejected::EpochClosed(Epoch(7)), "epoch 7 is closed".to_owned()),
        (
            Rejected::WrongEpoch { offered: Epoch(9), expected: Some(Epoch(8)) },
            "epoch 9 was offered where 8 is awaited".to_owned(),
        ),
        (
            Rejected::WrongEpoch { offered: Epoch(9), expected: None },
            "epoch 9 was offered where none is awaited".to_owned(),
        ),
    ];
    for (rejected, text) in texts {
        assert_eq!(rejected.to_string(), text);
    }
}

#[test]
fn anchor_knows_its_height() {
    let opening = Network::new(&STAKES).opening.clone();
    let anchor = Anchor { opening: opening.clone(), head: opening, view: View::ZERO };
    assert_eq!(anchor.height().0, 10);
}
