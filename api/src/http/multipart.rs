//! The parts of a multipart form, buffering no more than necessary.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::StreamExt;
use poem::{
    Body, FromRequest, Request, RequestBody,
    web::{Field, Multipart},
};

use crate::Problem;

/// The most bytes between two parts of the form, including headers and read-ahead, since the parser buffers them.
const BETWEEN_PARTS: usize = 512 * 1024;

/// The parts of a form, one at a time.
pub(crate) struct FormParts {
    form: Multipart,
    left: Left,
}

/// The bytes left until the next part must begin.
#[derive(Clone, Default)]
struct Left(Arc<AtomicUsize>);

impl FormParts {
    /// The parts of this body.
    pub(crate) async fn of(request: &Request, body: Body) -> poem::Result<Self> {
        let left = Left::default();
        let counter = left.clone();
        let pieces = body.into_bytes_stream().map(move |piece| piece.and_then(|piece| counter.take(piece)));
        let mut body = RequestBody::new(Body::from_bytes_stream(pieces));
        let form = <Multipart as FromRequest>::from_request(request, &mut body).await;
        Ok(Self { form: form.map_err(|error| unreadable(&error))?, left })
    }

    /// The next part.
    pub(crate) async fn next(&mut self) -> Result<Option<Field>, Problem> {
        self.left.set(BETWEEN_PARTS);
        let field = self.form.next_field().await.map_err(|error| unreadable(&error))?;
        self.left.set(usize::MAX);
        Ok(field)
    }
}

impl Left {
    fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn take(&self, piece: Bytes) -> io::Result<Bytes> {
        let took = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(piece.len()));
        took.map(|_| piece).map_err(|_| io::Error::other("there is too much between its parts"))
    }
}

pub(crate) fn unreadable(error: &dyn std::fmt::Display) -> Problem {
    Problem::malformed(format!("The form ends early or is not a multipart form: {error}"))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// The first part of a form whose header has this length.
    async fn first_part(length: usize) -> Result<Option<Field>, Problem> {
        let head = "--b\r\nContent-Disposition: form-data; name=\"amount\"\r\nX: ";
        let form = format!("{head}{}\r\n\r\n20.00\r\n--b--\r\n", "x".repeat(length)).into_bytes();
        let pieces: Vec<_> = form.chunks(1024).map(Bytes::copy_from_slice).map(Ok::<_, io::Error>).collect();
        let request = Request::builder().content_type("multipart/form-data; boundary=b").finish();
        let parts = FormParts::of(&request, Body::from_bytes_stream(stream::iter(pieces))).await;
        parts.unwrap().next().await
    }

    #[tokio::test]
    async fn a_part_whose_head_does_not_end_is_not_held() {
        assert_eq!(first_part(1024).await.unwrap().unwrap().name(), Some("amount"));
        let problem = first_part(2 * BETWEEN_PARTS).await.err().unwrap();
        assert!(problem.to_string().ends_with("failed to read stream"), "{problem}");
    }
}
