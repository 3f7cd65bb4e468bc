//! Streams of a libp2p connection, spoken by hand: what intruders share.

use std::task::Poll;

use eyre::{Result, ensure, eyre};
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, future::poll_fn};
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt as _, SubstreamBox};
use tokio::sync::{mpsc, oneshot};

/// The longest line of a negotiation whose length takes one byte.
const LINE_BYTES_MAX: usize = 127;

/// Proposes a protocol by multistream-select.
pub(crate) async fn agree<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, protocol: &str) -> Result<()> {
    for line in ["/multistream/1.0.0", protocol] {
        stream.write_all(&multistream(line)?).await?;
        stream.flush().await?;
        let answer = read_line(stream).await?;
        ensure!(answer == line, "the node answers {answer} to {line}");
    }
    Ok(())
}

/// Lets a connection move until it is closed or nobody wants it. Whatever stream the other opens is agreed to, and then
/// held and never read, or closed.
pub(crate) async fn drive(
    mut muxer: StreamMuxerBox,
    mut wanted: mpsc::Receiver<oneshot::Sender<SubstreamBox>>,
    holds: bool,
) {
    let mut asked: Option<oneshot::Sender<SubstreamBox>> = None;
    poll_fn(|cx| {
        while let Poll::Ready(stream) = muxer.poll_inbound_unpin(cx) {
            let Ok(stream) = stream else { return Poll::Ready(()) };
            tokio::spawn(hold(stream, holds));
        }
        loop {
            if asked.is_none() {
                match wanted.poll_recv(cx) {
                    Poll::Ready(Some(sender)) => asked = Some(sender),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            match muxer.poll_outbound_unpin(cx) {
                // Whoever asked may have gone.
                Poll::Ready(Ok(stream)) => drop(asked.take().map(|asked| asked.send(stream))),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        match muxer.poll_unpin(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

/// Agrees to whatever the node proposes on a stream, and holds the stream without reading it, or closes it.
async fn hold(mut stream: SubstreamBox, holds: bool) -> Result<()> {
    for _ in 0..2 {
        let line = read_line(&mut stream).await?;
        stream.write_all(&multistream(&line)?).await?;
        stream.flush().await?;
    }
    if holds { std::future::pending().await } else { Ok(()) }
}

fn multistream(line: &str) -> Result<Vec<u8>> {
    ensure!(line.len() < LINE_BYTES_MAX, "{line} is too long");
    Ok([&[u8::try_from(line.len() + 1)?], line.as_bytes(), b"\n"].concat())
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut S) -> Result<String> {
    let mut length = [0];
    stream.read_exact(&mut length).await?;
    let mut line = vec![0; length[0].into()];
    stream.read_exact(&mut line).await?;
    Ok(String::from_utf8(line).map_err(|_| eyre!("a line that is no text"))?.trim_end().to_owned())
}
