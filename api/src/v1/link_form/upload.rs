//! Streaming the invoice of a form to the store.

use bytes::{Bytes, BytesMut};
use domain::LinkId;
use entity::documents::{Documents, MAX_BYTES};
use poem::web::Field;
use ring::digest;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::{
    Problem,
    http::{bodies::invoice_too_large, multipart::unreadable},
};

/// How much of an upload is read at once.
const CHUNK: usize = 64 * 1024;

/// How many bytes may come before a PDF's header, as viewers allow.
const HEAD: usize = 1024;

/// An invoice in staging.
#[derive(Debug)]
pub(in super::super) struct Invoice {
    /// Its SHA-256.
    pub(in super::super) sha256: Vec<u8>,
    /// Its length.
    pub(in super::super) bytes: u64,
}

/// Streams the invoice to staging.
pub(super) async fn stage(field: Field, documents: &Documents, link: LinkId) -> Result<Invoice, Problem> {
    let mut upload = documents.upload(&Documents::staging_name(link));
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut start: Vec<u8> = Vec::with_capacity(HEAD);
    let mut length = 0;
    let mut reader = field.into_async_read();
    loop {
        let chunk = match next_chunk(&mut reader).await {
            Ok(chunk) if chunk.is_empty() => break,
            Ok(chunk) => chunk,
            Err(problem) => {
                upload.abandon().await;
                return Err(problem);
            }
        };
        length += chunk.len();
        start.extend(chunk.iter().take(HEAD - start.len()));
        let not_a_pdf = start.len() == HEAD && !names_pdf(&start);
        if length > MAX_BYTES || not_a_pdf {
            upload.abandon().await;
            return Err(if not_a_pdf { refuse_no_pdf() } else { invoice_too_large() });
        }
        hash.update(&chunk);
        upload.write(chunk).await?;
    }
    if !names_pdf(&start) {
        upload.abandon().await;
        return Err(if length == 0 {
            Problem::field("invoice", "is empty").coded("empty_file")
        } else {
            refuse_no_pdf()
        });
    }
    upload.finish().await?;
    Ok(Invoice { sha256: hash.finish().as_ref().to_vec(), bytes: length as u64 })
}

fn names_pdf(start: &[u8]) -> bool {
    start.windows(5).any(|bytes| bytes == b"%PDF-")
}

fn refuse_no_pdf() -> Problem {
    Problem::field("invoice", "is not a PDF: there is no %PDF- at its beginning").coded("not_a_pdf")
}

async fn next_chunk(reader: &mut (impl AsyncRead + Unpin)) -> Result<Bytes, Problem> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    reader.read_buf(&mut chunk).await.map_err(|error| unreadable(&error))?;
    Ok(chunk.freeze())
}
