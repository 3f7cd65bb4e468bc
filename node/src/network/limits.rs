//! Every limit of the network, with where its number comes from.

use std::time::Duration;

use rota_proto::Message;

use super::rate::Rate;

/// What a node lets its peers take. The defaults stand beside their reasons; an operator rarely changes them.
#[derive(Clone, Debug)]
pub struct NetworkLimits {
    /// Established inbound connections of peers that are neither validators nor configured: followers and wallets'
    /// nodes; each may hold one unfinished gossip frame of 4.3 MB, so 64 hold 275 MB at the very worst.
    pub strangers_in_max: usize,
    /// Established inbound connections of strangers from one address (IPv6: one /64): one address cannot take all
    /// the places of strangers.
    pub strangers_per_address_max: usize,
    /// Established connections with one peer: one each way when both dialled at once, and one that died unnoticed.
    pub connections_per_peer_max: u32,
    /// Established connections in all: three with each of two sets' validators and of as many configured peers, and
    /// the strangers'. Honest ones never reach it.
    pub connections_max: u32,
    /// Inbound connections from unexpected addresses that are still shaking hands: each costs a key exchange of about
    /// 0.2 ms, and some 10 kB until the handshake's timeout.
    pub pending_in_max: usize,
    /// Such connections from one address (IPv6: one /64): a few nodes behind one address that start together. By
    /// silence alone, 16 addresses are needed to hold all places.
    pub pending_per_address_max: usize,
    /// Such connections from one site (IPv4: one address; IPv6: one /48): a quarter of the places.
    pub pending_per_site_max: usize,
    /// Inbound connections from one expected address that are still shaking hands: a machine with some nodes. The
    /// addresses are bounded, and so are these.
    pub pending_per_expected_address_max: usize,
    /// Dials under way: all validators of a set may be dialled at once.
    pub pending_out_max: u32,
    /// Connections that one address may open: a restart of several nodes behind one address, then a few a second.
    pub attempts_per_address: Rate,
    /// Connections that one expected address may open: whoever shares a validator's address must not shut it out.
    pub attempts_per_expected_address: Rate,
    /// From the first byte of a connection to the end of its handshake: three round trips around the world.
    pub handshake_timeout: Duration,
    /// Frames waiting for one lane of one peer: 128 validators' votes of eight views.
    pub queue_frames_max: usize,
    /// Bytes waiting for one lane of one peer: three of the longest messages. Broadcasts share their bytes, so that
    /// a hundred slow peers hold little more than one.
    pub queue_bytes_max: usize,
    /// From the first byte of a frame to its last: the longest message at 4 Mbit/s.
    pub frame_timeout: Duration,
    /// Messages of one peer on direct streams: 128 validators' three votes at 10 views a second, with room for
    /// answers. A faster one is read more slowly.
    pub direct_messages: Rate,
    /// Bytes of one peer on direct streams: bodies of the largest size at 8 batches a second.
    pub direct_bytes: Rate,
    /// Gossip messages that one peer brings us: everyone's consensus messages and transactions.
    pub gossip_messages: Rate,
    /// Bytes of gossip that one peer brings us: as on direct streams.
    pub gossip_bytes: Rate,
    /// Questions that one validator or configured peer asks of us.
    pub requests: Rate,
    /// Questions that one stranger asks of us: a follower catches up by 64 batches a question.
    pub requests_per_stranger: Rate,
    /// Questions that all strangers together ask of us: each reads the store for some milliseconds at worst.
    pub requests_of_strangers: Rate,
    /// Questions of one peer that we have not answered.
    pub requests_in_per_peer_max: usize,
    /// Bytes of answers that one peer has not taken: two of the longest.
    pub answers_bytes_per_peer_max: usize,
    /// Bytes of answers that strangers have not taken: half of all, so that validators' questions find room.
    pub answers_bytes_of_strangers_max: usize,
    /// Bytes of answers that all peers have not taken: 24 of the longest, 130 MB.
    pub answers_bytes_max: usize,
    /// Requests to one peer that it has not answered.
    pub requests_out_per_peer_max: usize,
    /// Requests to all peers that are not answered: 16 answers of the longest kind are 86 MB.
    pub requests_out_max: usize,
    /// Of these, what only validators are asked: who else does not answer holds the other half at most.
    pub requests_out_for_validators: usize,
    /// How long an answer may take: the longest one at 4 Mbit/s.
    pub request_timeout: Duration,
    /// Events that the node has not taken yet: urgent ones, and as many others.
    pub events_max: usize,
    /// Bytes of messages that the node has not taken yet: eight of the longest, 43 MB; of urgent ones, and as many of
    /// others.
    pub events_bytes_max: usize,
    /// After a validator's seat went over to another peer, before it may again: a restart under a new node key is
    /// let in at once, and nobody restarts so twice a minute.
    pub seat_pause: Duration,
    /// Commands that the network has not taken yet: a burst of votes of 128 validators.
    pub commands_max: usize,
    /// Points of misbehaviour at which a peer is banned.
    pub ban_points: f64,
    /// Points forgiven each second: a peer may err now and then for ever.
    pub forgiven_per_second: f64,
    /// The first ban; each further one is twice as long, up to [`ban_max`](Self::ban_max).
    pub ban_first: Duration,
    /// The longest ban: an operator who has repaired a node need not wait longer.
    pub ban_max: Duration,
    /// The time between two messages of transactions, collected meanwhile; the first after a pause leaves at once.
    /// Against 100 ms between batches, little; a message costs the whole network about a millisecond by gossip.
    pub transactions_pause: Duration,
    /// Transactions remembered so as not to be published again: 20 seconds of 3,000 a second, 16 bytes each.
    pub transactions_seen_max: usize,
    /// The first pause before a configured peer is dialled again; doubled each time.
    pub redial_first: Duration,
    /// The longest such pause: a validator that was restarted is found again within two views' timeouts.
    pub redial_max: Duration,
    /// How often a silent connection is tried.
    pub ping_interval: Duration,
    /// When a connection that does not answer is given up: longer than a busy machine stalls.
    pub ping_timeout: Duration,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            strangers_in_max: 64,
            strangers_per_address_max: 16,
            connections_per_peer_max: 3,
            connections_max: 3 * 512 + 64,
            pending_in_max: 64,
            pending_per_address_max: 4,
            pending_per_site_max: 16,
            pending_per_expected_address_max: 8,
            pending_out_max: 128,
            attempts_per_address: Rate { burst: 64.0, per_second: 8.0 },
            attempts_per_expected_address: Rate { burst: 256.0, per_second: 32.0 },
            handshake_timeout: Duration::from_secs(5),
            queue_frames_max: 1_024,
            queue_bytes_max: 3 * Message::BYTES_MAX,
            frame_timeout: Duration::from_secs(12),
            direct_messages: Rate { burst: 8_000.0, per_second: 4_000.0 },
            direct_bytes: Rate { burst: 64e6, per_second: 34e6 },
            gossip_messages: Rate { burst: 8_000.0, per_second: 4_000.0 },
            gossip_bytes: Rate { burst: 64e6, per_second: 34e6 },
            requests: Rate { burst: 200.0, per_second: 50.0 },
            requests_per_stranger: Rate { burst: 50.0, per_second: 10.0 },
            requests_of_strangers: Rate { burst: 300.0, per_second: 100.0 },
            requests_in_per_peer_max: 8,
            answers_bytes_per_peer_max: 2 * Message::BYTES_MAX,
            answers_bytes_of_strangers_max: 12 * Message::BYTES_MAX,
            answers_bytes_max: 24 * Message::BYTES_MAX,
            requests_out_per_peer_max: 4,
            requests_out_max: 16,
            requests_out_for_validators: 8,
            request_timeout: Duration::from_secs(12),
            events_max: 1_024,
            events_bytes_max: 8 * Message::BYTES_MAX,
            seat_pause: Duration::from_secs(60),
            commands_max: 4_096,
            ban_points: 100.0,
            forgiven_per_second: 0.5,
            ban_first: Duration::from_secs(60),
            ban_max: Duration::from_secs(3_600),
            transactions_pause: Duration::from_millis(20),
            transactions_seen_max: 65_536,
            redial_first: Duration::from_millis(250),
            redial_max: Duration::from_secs(10),
            ping_interval: Duration::from_secs(10),
            ping_timeout: Duration::from_secs(20),
        }
    }
}

/// Streams of one connection: two lanes each way, two of gossip, the exchange's requests both ways, ping, identify,
/// and as many again while they are replaced.
pub(crate) const STREAMS_PER_CONNECTION_MAX: usize = 64;

/// Bytes that the streams of one connection hold unread: 256 KiB each, which yamux grants every stream at once, and
/// 8 MiB that those share which are filled fast: what is on the way at a peer's rate of 34 MB/s from 200 ms away. All
/// strangers together hold 1.6 GB at the very worst.
pub(crate) const UNREAD_BYTES_PER_CONNECTION_MAX: usize = STREAMS_PER_CONNECTION_MAX * (256 << 10) + (8 << 20);

/// Inbound streams of one connection that are still agreeing on a protocol.
pub(crate) const NEGOTIATING_STREAMS_MAX: usize = 16;

/// Times that a lane of one connection may fail before the connection is given up.
pub(crate) const LANE_FAILURES_MAX: u8 = 3;

/// Times that a peer may replace a lane of one connection.
pub(crate) const LANE_REPLACEMENTS_MAX: u8 = 8;

/// Events that must not be lost and wait for room: each peer comes and goes a few times while the node is busy.
pub(crate) const OWED_EVENTS_MAX: usize = 512;

/// Reports of the connections' tasks that the network has not taken yet; more are only counted.
pub(crate) const REPORTS_MAX: usize = 1_024;

/// Peers whose misbehaviour is remembered, bans included; the least guilty is forgotten first.
pub(crate) const SCORES_MAX: usize = 4_096;

/// Addresses whose attempts are remembered; full buckets are forgotten first.
pub(crate) const ADDRESSES_MAX: usize = 4_096;

/// Addresses of one configured peer that are expected: both families of a machine with two networks.
pub(crate) const ADDRESSES_PER_PEER_MAX: usize = 4;

/// Introductions that wait for their connection to be established: far above what is pending at once.
pub(crate) const INTRODUCTIONS_MAX: usize = 512;

/// Peers that may be configured: a set of validators, and as many again.
pub(crate) const STATIC_PEERS_MAX: usize = 256;

/// Consensus keys that may be set: the sets of two epochs.
pub(crate) const VALIDATORS_MAX: usize = 256;

/// The most bytes of the version in a status, for people.
pub(crate) const VERSION_BYTES_MAX: usize = 64;

/// How long a peer that failed to answer is asked after others: five of its silences.
pub(crate) const FAILED_LATELY: Duration = Duration::from_secs(60);

/// How often at most a peer is punished for sending too much: by the second, not by the message.
pub(crate) const FLOOD_NOTICE: Duration = Duration::from_secs(1);

/// How long open connections are given to close when the node stops.
pub(crate) const GOODBYE: Duration = Duration::from_millis(500);
