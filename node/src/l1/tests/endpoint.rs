//! What is remembered of an endpoint: rules Z1, Z6, Z7, Z12.

use std::num::NonZeroUsize;

use super::{super::L1Client, *};

fn settings() -> L1Toml {
    let contracts = rota_staking::Contracts::created_by(alloy_primitives::Address::ZERO, 0);
    L1Toml {
        chain_id: 31_337,
        opening_block: 1,
        start_block: 0,
        epoch_length: 32,
        origin_number: 1,
        origin_hash: alloy_primitives::B256::ZERO,
        confirmations: None,
        contracts,
    }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(0, url, Arc::new(settings())).unwrap()
}

#[test]
fn z1_a_list_has_bounds_and_a_quorum_that_can_be() {
    let of = |count: usize, agree: Option<usize>| {
        let urls = vec!["http://127.0.0.1:1".to_owned(); count];
        L1Client::of(&urls, agree.and_then(NonZeroUsize::new), settings()).map(drop)
    };
    assert!(of(1, None).is_ok() && of(16, None).is_ok() && of(3, Some(3)).is_ok());
    for (count, agree) in [(0, None), (17, None), (3, Some(4))] {
        assert!(matches!(of(count, agree), Err(L1Error::Endpoints(_))), "{count} {agree:?}");
    }
    for address in ["hunter2", "data:hunter2", "http://hunter2@"] {
        let unusable = L1Client::new(address, settings()).unwrap_err();
        assert!(matches!(unusable, L1Error::Address { endpoint: 0, .. }), "{unusable}");
        assert!(!unusable.to_string().contains("hunter2"), "Z12: {unusable}");
    }
}

#[test]
fn z5_two_questions_of_a_kind_are_open_at_most() {
    let endpoint = endpoint("http://127.0.0.1:1");
    let news = Question::News { next: 1, most: 1 };
    assert!(endpoint.begin(news) && endpoint.begin(Question::Blocks { from: 1, to: 1 }));
    assert!(!endpoint.begin(news));
    assert!(endpoint.begin(Question::FinalNumber), "another kind does not wait");
}

#[test]
fn z7_a_liar_is_believed_after_it_told_the_truth_for_long() {
    let liar = endpoint("http://127.0.0.1:1");
    assert_eq!(liar.stand(Standing::Lying, false).1, Standing::Lying);
    // What was not compared proves nothing, nor does silence.
    for _ in 0..2 * PENANCE {
        assert_eq!(liar.stand(Standing::Well, false).1, Standing::Lying);
        assert_eq!(liar.stand(Standing::Silent, false).1, Standing::Lying);
    }
    for _ in 1..PENANCE {
        assert_eq!(liar.stand(Standing::Well, true).1, Standing::Lying);
    }
    // A lie, and it begins again.
    liar.stand(Standing::Lying, true);
    for _ in 1..PENANCE {
        assert_eq!(liar.stand(Standing::Well, true).1, Standing::Lying);
    }
    assert_eq!(liar.stand(Standing::Well, true).1, Standing::Well);
}

#[test]
fn z6_one_of_another_fork_is_used_again_when_its_blocks_are_those_agreed_on() {
    let forked = endpoint("http://127.0.0.1:1");
    forked.stand(Standing::Forked, true);
    assert_eq!(forked.stand(Standing::Well, false).1, Standing::Forked);
    assert!(!forked.standing().is_asked());
    assert_eq!(forked.stand(Standing::Well, true).1, Standing::Well);
    assert!(forked.standing().is_asked());
}

#[tokio::test]
async fn z12_what_is_said_of_an_endpoint_names_its_host_alone() {
    let secret = endpoint("http://user:hunter2@127.0.0.1:1/v2/hunter2?key=hunter2");
    assert_eq!(secret.host, "127.0.0.1:1");
    let error = secret.chain().check_id().await.unwrap_err().to_string();
    assert!(error.starts_with("L1 does not answer"), "{error}");
    let told = format!("{error} {secret:?}");
    assert!(!told.contains("hunter2"), "{told}");
}
