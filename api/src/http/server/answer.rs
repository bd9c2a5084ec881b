//! The body of a response. Its request counts as in flight until the body is sent. It is handed out in small pieces, so
//! that a request does not look finished while most of a document sits in a buffer for a slow client, and so that
//! stalled clients are noticed.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::{BUFFER, connections::InFlight};

/// A response's body; see the module.
pub(super) struct ResponseBody<B> {
    body: B,
    /// Received from the body and not handed out yet.
    rest: Bytes,
    request: InFlight,
}

impl<B> ResponseBody<B> {
    pub(super) fn new(body: B, request: InFlight) -> Self {
        request.waits_for_them(true);
        Self { body, rest: Bytes::new(), request }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let answer = self.get_mut();
        if answer.rest.is_empty() {
            // With nothing to hand out, the client waits for us.
            answer.request.waits_for_them(false);
            match ready!(Pin::new(&mut answer.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => answer.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        answer.request.waits_for_them(true);
        let piece = answer.rest.split_to(answer.rest.len().min(BUFFER));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
