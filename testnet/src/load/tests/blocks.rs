use core::time::Duration;

use alloy_primitives::B256;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::load::blocks::{Follower, News};
use crate::load::http::Endpoint;

/// Block `number`, whose hash ends in `hash`, on the one whose hash ends in `parent`.
fn block(number: u64, hash: u8, parent: u8) -> Value {
    let [hash, parent] = [hash, parent].map(B256::with_last_byte);
    let transactions = [B256::repeat_byte(hash[31])];
    json!({ "number": format!("0x{number:x}"), "hash": hash, "parentHash": parent, "transactions": transactions })
}

/// Answers requests for these blocks over one connection, and null to those for later ones.
async fn answer(mut stream: TcpStream, blocks: &[Value]) {
    let mut heard = Vec::new();
    while stream.read_buf(&mut heard).await.unwrap_or(0) > 0 {
        let text = String::from_utf8_lossy(&heard);
        // The body is the only thing in braces, and ends with the request.
        let Some(body) = text.find('{').and_then(|start| serde_json::from_str::<Value>(&text[start..]).ok()) else {
            continue;
        };
        let block = blocks.iter().find(|block| block["number"] == body["params"][0]);
        let answer = json!({ "jsonrpc": "2.0", "id": body["id"], "result": block }).to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
        heard.clear();
    }
}

/// A node that has these blocks.
async fn node(blocks: Vec<Value>) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer(stream, &blocks).await;
        }
    });
    format!("http://{address}").parse().unwrap()
}

/// A node that does not answer.
async fn nobody() -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
}

/// L5: another node is asked when one does not answer, blocks come in order with their transactions, and one that does
/// not follow on the block before it is told.
#[tokio::test]
async fn blocks_are_followed_and_a_broken_promise_is_seen() {
    let nodes = [nobody().await, node(vec![block(5, 5, 4), block(6, 6, 5), block(7, 17, 16)]).await];
    let (news, mut heard) = mpsc::channel(10);
    let follower = tokio::spawn(Follower::new(&nodes, 5, news).run(Duration::from_millis(1)));
    let mut told = Vec::new();
    while told.len() < 5 {
        told.push(match heard.recv().await.unwrap() {
            News::Trouble(error) => error.to_string(),
            News::Block(block, _) => format!("{} with {}", block.number, block.transactions[0]),
            News::Reorganised { height } => format!("{height} is on another branch"),
        });
    }
    let with = |number: u8, byte: u8| format!("{number} with {}", B256::repeat_byte(byte));
    let refused = "cannot connect: connection refused".to_owned();
    let expected = [refused, with(5, 5), with(6, 6), "7 is on another branch".to_owned(), with(7, 17)];
    assert_eq!(told, expected);
    drop(heard);
    follower.await.unwrap();
}
