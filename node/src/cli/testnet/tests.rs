use clap::Parser;
use libp2p::Multiaddr;
use rota_staking::Contracts;

use super::*;
use crate::config::NodeToml;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: TestnetArguments,
}

fn arguments(line: &[&str]) -> TestnetArguments {
    Line::parse_from(["testnet", "--out", "out"].iter().chain(line)).arguments
}

fn keys(count: u8) -> Vec<NodeKeys> {
    (0..count).map(|_| NodeKeys::generate()).collect()
}

/// The settings of each node.
fn nodes(line: &[&str]) -> Vec<NodeToml> {
    let arguments = arguments(line);
    let hosts = hosts(&arguments).unwrap();
    let keys = keys(arguments.validators + arguments.followers);
    let plan = Plan { arguments: &arguments, hosts: &hosts, keys: &keys };
    (0u8..).zip(&keys).map(|(index, _)| plan.node(index).unwrap()).collect()
}

/// Addresses without the peer ids, which are drawn.
fn texts(addresses: &[Multiaddr]) -> Vec<String> {
    addresses.iter().map(|address| address.to_string().split("/p2p/").next().unwrap().to_owned()).collect()
}

#[test]
fn hosts_are_refused_unless_there_is_one_a_node() {
    for (given, count) in [("10.0.0.1,10.0.0.2", 2), ("10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6", 6)] {
        let refused = hosts(&arguments(&["--followers", "1", "--hosts", given])).unwrap_err();
        assert_eq!(refused.to_string(), format!("--hosts names {count} hosts for 5 nodes"));
    }
}

#[test]
fn without_hosts_everything_is_on_this_machine() {
    let nodes = nodes(&["--validators", "2"]);
    let second = &nodes[1];
    assert_eq!(second.rpc.to_string(), "127.0.0.1:8555");
    assert_eq!(second.operator.to_string(), "127.0.0.1:7310");
    assert_eq!(texts(&second.listen), ["/ip4/127.0.0.1/tcp/26666"]);
    assert_eq!(texts(&second.peers), ["/ip4/127.0.0.1/tcp/26656"]);
}

#[test]
fn with_hosts_peers_are_reached_there_and_users_are_still_served_at_home_alone() {
    let nodes = nodes(&["--validators", "2", "--followers", "1", "--hosts", "10.0.0.1,10.0.0.2,2001:db8::3"]);
    assert_eq!(texts(&nodes[0].peers), ["/ip4/10.0.0.2/tcp/26666", "/ip6/2001:db8::3/tcp/26676"]);
    assert_eq!(texts(&nodes[2].peers), ["/ip4/10.0.0.1/tcp/26656", "/ip4/10.0.0.2/tcp/26666"]);
    assert_eq!(texts(&nodes[0].listen), ["/ip4/0.0.0.0/tcp/26656"]);
    assert_eq!(texts(&nodes[2].listen), ["/ip6/::/tcp/26676"]);
    for node in &nodes {
        assert!(node.rpc.ip().is_loopback() && node.operator.ip().is_loopback(), "{node:?}");
        assert!(node.peers.iter().all(|peer| peer.to_string().contains("/p2p/")), "{node:?}");
    }
}

#[test]
fn epochs_that_the_contracts_would_not_take_are_refused() {
    let parsed = |length: &str| Line::try_parse_from(["testnet", "--out", "out", "--epoch-length", length]);
    for length in ["0", "31", "7201"] {
        assert!(parsed(length).is_err(), "{length}");
    }
    assert!(parsed("32").is_ok() && parsed("7200").is_ok());
}

#[test]
fn users_are_served_where_it_was_asked_for() {
    let nodes = nodes(&["--rpc-host", "0.0.0.0", "--operator-host", "10.0.0.9"]);
    assert_eq!(nodes[3].rpc.to_string(), "0.0.0.0:8575");
    assert_eq!(nodes[3].operator.to_string(), "10.0.0.9:7330");
    assert_eq!(texts(&nodes[3].listen), ["/ip4/127.0.0.1/tcp/26686"]);
}

#[test]
fn the_summary_names_each_node_and_the_first_accounts() {
    let arguments = arguments(&["--validators", "2", "--followers", "1", "--accounts", "1000"]);
    let (hosts, keys) = (hosts(&arguments).unwrap(), keys(3));
    let plan = Plan { arguments: &arguments, hosts: &hosts, keys: &keys };
    let deployed = Deployed {
        chain_id: 31_337,
        contracts: Contracts::created_by(Address::repeat_byte(1), 0),
        start_block: 0,
        block: 1,
        block_hash: B256::repeat_byte(3),
        prevrandao: B256::ZERO,
        timestamp: 0,
    };
    let network = network(&arguments, &deployed, B256::repeat_byte(4));
    let summary = summary::summary(&plan, &[30, 27], &network).unwrap();
    assert_eq!(summary["l1Origin"], json!(deployed.block_hash));
    assert_eq!(summary["contracts"]["stakes"], json!(deployed.contracts.stakes));
    assert_eq!(summary["accounts"].as_array().unwrap().len(), 10);
    // What the README and the load tool have as the first account.
    let first = "0xd1c95f3966a668f989425eb50cc7baa80367f458e1b29ce1dc0441d2a58212c5";
    assert_eq!(summary["accounts"][0]["key"], first);
    assert_eq!(summary["nodes"].as_array().unwrap().len(), 3);
    let second = &summary["nodes"][1];
    assert_eq!(
        (&second["rpc"], &second["operator"]),
        (&json!("http://127.0.0.1:8555"), &json!("http://127.0.0.1:7310"))
    );
    assert_eq!(second["p2p"], format!("/ip4/127.0.0.1/tcp/26666/p2p/{}", keys[1].node.public().to_peer_id()));
    assert_eq!(
        second["validator"],
        format!("0x{}", hex::encode(keys[1].validator.consensus.verifying_key().to_bytes()))
    );
    assert_eq!(second["stakeGwei"], 27_000_000_000_u64);
    assert_eq!((&summary["nodes"][2]["validator"], &summary["nodes"][2]["stakeGwei"]), (&json!(null), &json!(null)));
}
