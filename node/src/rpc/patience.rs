//! A connection whose client must take what it is sent (rules R7 and R9).

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::unwritten::Unwritten;

/// A stream that fails when a write makes no progress for too long, and reads nothing from a client that does not take
/// what it asked for.
#[derive(Debug)]
pub(crate) struct Patient {
    stream: TcpStream,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    unwritten: Arc<Unwritten>,
    /// Who is to read on when enough is written.
    reader: Option<Waker>,
    failed: bool,
}

impl Patient {
    pub(crate) const fn new(stream: TcpStream, stall: Duration, unwritten: Arc<Unwritten>) -> Self {
        Self { stream, stall, stalled: None, unwritten, reader: None, failed: false }
    }

    /// So many bytes were written, or the write failed, or it makes no progress.
    fn wrote(&mut self, progress: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = progress {
            self.unwritten.written(bytes);
        }
        self.judge(progress, context)
    }

    /// Progress ends the wait; its lack begins one, and ends the connection when it is over.
    fn judge<T>(&mut self, progress: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let progress = match progress {
            Poll::Ready(result) => {
                self.stalled = None;
                Poll::Ready(result)
            }
            Poll::Pending => self.wait(context).map(Err),
        };
        self.failed |= matches!(progress, Poll::Ready(Err(_)));
        if !self.holds_back()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        progress
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let deadline = Instant::now() + self.stall;
        let wait = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        wait.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }

    /// Rule R9: whether nothing is read now.
    fn holds_back(&self) -> bool {
        !self.failed && (self.stalled.is_some() || self.unwritten.is_full())
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.failed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.holds_back() {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(progress, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(progress, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(progress, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(progress, cx)
    }
}
