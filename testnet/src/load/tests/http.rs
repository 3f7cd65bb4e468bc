use crate::load::http::{BadEndpoint, Endpoint};

#[test]
fn address_of_another_scheme_is_refused_by_name() {
    for scheme in ["https", "ws", "wss"] {
        let refused = format!("{scheme}://localhost:8545").parse::<Endpoint>();
        assert_eq!(refused, Err(BadEndpoint::Scheme { scheme: scheme.to_owned() }));
    }
}

#[test]
fn text_without_a_host_is_refused() {
    for text in ["", "localhost", "localhost:8545", "/path", "http://", "http:// x"] {
        assert_eq!(text.parse::<Endpoint>(), Err(BadEndpoint::NotUrl), "{text:?}");
    }
}

#[test]
fn address_is_shown_as_it_is_used() {
    for (given, shown) in [
        ("http://localhost", "http://localhost:80"),
        ("http://127.0.0.1:8545/", "http://127.0.0.1:8545"),
        ("http://node:1/rpc?key=1", "http://node:1/rpc?key=1"),
        ("http://[::1]:8545", "http://[::1]:8545"),
    ] {
        assert_eq!(given.parse::<Endpoint>().unwrap().to_string(), shown);
    }
}
