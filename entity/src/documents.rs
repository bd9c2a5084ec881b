//! The document store: a local folder by default, or any S3-compatible store by URL.
//!
//! An upload is streamed to `staging/`, where it stays until a job has checked it; accepted files move to `invoices/`.

mod parts;
mod reading;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, buffered::BufWriter, local::LocalFileSystem, path::Path};
use tokio::io::AsyncWriteExt;

pub use reading::Reading;

use domain::{LinkId, MerchantId, MessageId};

/// The largest invoice: 10 MiB.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

/// How much of an upload is held in memory: the smallest part that S3 allows.
const PART: usize = 5 * 1024 * 1024;

/// Timeout of the store for one document, or one part of it; a caller is waiting.
const ANSWER_WITHIN: Duration = Duration::from_secs(9);

/// Why a document could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// There is no such document.
    #[error("there is no such document")]
    Missing,
    /// The store refused or did not answer.
    #[error("the document store failed")]
    Store(#[source] object_store::Error),
    /// The store returned other bytes than it was given.
    #[error("the document store gave back other bytes than it was given")]
    Altered,
    /// The store did not answer in time. The operation may have succeeded.
    #[error("the document store did not answer within {ANSWER_WITHIN:?}")]
    TimedOut,
}

/// Runs an operation of the store with a timeout.
async fn in_time<T, E>(answer: impl Future<Output = Result<T, E>>) -> Result<T, DocumentError>
where
    DocumentError: From<E>,
{
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(DocumentError::TimedOut),
    }
}

impl From<object_store::Error> for DocumentError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) { Self::Missing } else { Self::Store(error) }
    }
}

/// The document store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Documents(Arc<dyn ObjectStore>, Option<Arc<std::path::Path>>);

impl Documents {
    /// Documents in an object store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store, None)
    }

    /// Documents in a local folder.
    ///
    /// # Errors
    /// Returns an error if the path is not a folder.
    pub fn in_folder(folder: &std::path::Path) -> Result<Self, object_store::Error> {
        let store = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true);
        Ok(Self(Arc::new(store), Some(folder.into())))
    }

    /// The staging path of a link's upload, where it waits for its check.
    #[must_use]
    pub fn staging_name(link: LinkId) -> String {
        format!("staging/{link}.pdf")
    }

    /// The path of a link's invoice.
    #[must_use]
    pub fn invoice_name(merchant: MerchantId, link: LinkId) -> String {
        format!("invoices/{merchant}/{link}.pdf")
    }

    /// The path of the image of an invoice's first page.
    #[must_use]
    pub fn picture_name(merchant: MerchantId, link: LinkId) -> String {
        format!("invoices/{merchant}/{link}.png")
    }

    /// The path of a picture that came with a buyer's text.
    #[must_use]
    pub fn received_name(merchant: MerchantId, message: MessageId, position: i64) -> String {
        format!("received/{merchant}/{message}-{position}")
    }

    /// Writes a document atomically: it is stored completely or not at all.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn put(&self, name: &str, content: Bytes) -> Result<(), DocumentError> {
        in_time(self.0.put(&Path::from(name), PutPayload::from_bytes(content))).await?;
        Ok(())
    }

    /// Writes a document and reads it back, so that a store that lost or altered it is noticed while the document can
    /// still be written again.
    ///
    /// # Errors
    /// Returns [`DocumentError::Missing`] or [`DocumentError::Altered`] if the document was not stored as given, or an
    /// error if the store fails.
    pub async fn put_and_prove(&self, name: &str, content: Bytes) -> Result<(), DocumentError> {
        self.put(name, content.clone()).await?;
        if self.get(name).await? == content { Ok(()) } else { Err(DocumentError::Altered) }
    }

    /// Starts writing a document in pieces. It appears in the store only once it is finished.
    #[must_use]
    pub fn upload(&self, name: &str) -> Upload {
        Upload(BufWriter::with_capacity(Arc::clone(&self.0), Path::from(name), PART))
    }

    /// Starts reading a document in pieces, so that a slow client needs the memory of one piece, not of the whole.
    ///
    /// # Errors
    /// Returns [`DocumentError::Missing`] if there is none, or an error if the store fails.
    pub async fn read(&self, name: &str) -> Result<Reading, DocumentError> {
        Reading::begin(Arc::clone(&self.0), Path::from(name), None).await
    }

    /// Starts reading a document that must have this SHA-256: a reader of another document never gets its end.
    ///
    /// # Errors
    /// Returns [`DocumentError::Missing`], [`DocumentError::Altered`] if that is clear at once, or an error if the
    /// store fails.
    pub async fn read_as(&self, name: &str, sha256: &[u8]) -> Result<Reading, DocumentError> {
        Reading::begin(Arc::clone(&self.0), Path::from(name), Some(sha256.to_vec())).await
    }

    /// Reads a whole document.
    ///
    /// # Errors
    /// Returns [`DocumentError::Missing`] if there is none, or an error if the store fails.
    pub async fn get(&self, name: &str) -> Result<Bytes, DocumentError> {
        in_time(async { self.0.get(&Path::from(name)).await?.bytes().await }).await
    }

    /// The names of all documents.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn names(&self) -> Result<Vec<String>, DocumentError> {
        let (mut listed, mut names) = (self.0.list(None), Vec::new());
        while let Some(meta) = in_time(listed.try_next()).await? {
            names.push(meta.location.to_string());
        }
        Ok(names)
    }

    /// Deletes a document, if it exists.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn delete(&self, name: &str) -> Result<(), DocumentError> {
        match in_time(self.0.delete(&Path::from(name))).await {
            Ok(()) | Err(DocumentError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes uploads from before `cutoff` whose command or job never finished. Returns how many.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn clean_staging(&self, cutoff: DateTime<Utc>) -> Result<usize, DocumentError> {
        if let Some(folder) = self.1.clone() {
            let parts = tokio::task::spawn_blocking(move || parts::remove_before(&folder, cutoff.into())).await;
            match parts {
                Ok(Ok(0)) => {}
                Ok(Ok(parts)) => {
                    tracing::info!(
                        parts,
                        "parts of uploads were removed whose process came to its end before they did"
                    );
                }
                Ok(Err(error)) => tracing::warn!(%error, "parts of uploads could not be removed"),
                Err(error) => tracing::warn!(%error, "parts of uploads could not be removed"),
            }
        }
        let prefix = Path::from("staging");
        let (mut listed, mut old) = (self.0.list(Some(&prefix)), Vec::new());
        while let Some(meta) = in_time(listed.try_next()).await? {
            if meta.last_modified < cutoff {
                old.push(Ok(meta.location));
            }
        }
        let count = old.len();
        let mut deleted = self.0.delete_stream(futures_util::stream::iter(old).boxed());
        loop {
            match in_time(deleted.try_next()).await {
                Ok(Some(_)) | Err(DocumentError::Missing) => {}
                Ok(None) => return Ok(count),
                Err(error) => return Err(error),
            }
        }
    }
}

/// A document being written.
#[derive(Debug)]
pub struct Upload(BufWriter);

impl Upload {
    /// Writes the next piece.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), DocumentError> {
        in_time(self.0.put(piece)).await
    }

    /// Finishes the document, which makes it visible.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn finish(mut self) -> Result<(), DocumentError> {
        let failed = |error: std::io::Error| object_store::Error::Generic { store: "upload", source: error.into() };
        in_time(async { self.0.shutdown().await.map_err(failed) }).await
    }

    /// Discards what was written. Anything that remains is deleted when the staging area is cleaned.
    pub async fn abandon(mut self) {
        if let Err(error) = in_time(self.0.abort()).await {
            tracing::debug!(%error, "an upload could not be dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    #[tokio::test]
    async fn a_document_is_read_as_it_was_written_and_gone_after_its_removal() {
        let documents = Documents::new(Arc::new(InMemory::new()));
        documents.put("staging/a.pdf", Bytes::from_static(b"%PDF-")).await.unwrap();
        assert_eq!(documents.get("staging/a.pdf").await.unwrap(), Bytes::from_static(b"%PDF-"));
        documents.delete("staging/a.pdf").await.unwrap();
        documents.delete("staging/a.pdf").await.unwrap();
        assert!(matches!(documents.get("staging/a.pdf").await, Err(DocumentError::Missing)));
    }

    #[tokio::test]
    async fn what_a_process_left_that_was_killed_in_mid_upload_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::in_folder(folder.path()).unwrap();
        documents.put("invoices/m/b.pdf", Bytes::from_static(b"b")).await.unwrap();
        let mut upload = documents.upload("staging/a.pdf");
        for _ in 0..3 {
            upload.write(Bytes::from(vec![0x5a; PART])).await.unwrap();
        }
        // As if the process had died: nothing is cleaned up.
        std::mem::forget(upload);
        let staged = || std::fs::read_dir(folder.path().join("staging")).map_or(0, Iterator::count);
        assert_eq!(staged(), 1);
        documents.clean_staging(Utc::now() - chrono::TimeDelta::hours(1)).await.unwrap();
        assert_eq!(staged(), 1, "it may still be under way");
        documents.clean_staging(Utc::now() + chrono::TimeDelta::hours(1)).await.unwrap();
        assert_eq!(staged(), 0);
        assert!(documents.get("invoices/m/b.pdf").await.is_ok());
    }

    #[tokio::test]
    async fn the_clean_up_takes_old_uploads_and_no_invoices() {
        let documents = Documents::new(Arc::new(InMemory::new()));
        documents.put("staging/a.pdf", Bytes::from_static(b"a")).await.unwrap();
        documents.put("invoices/b.pdf", Bytes::from_static(b"b")).await.unwrap();
        assert_eq!(documents.clean_staging(Utc::now() - chrono::TimeDelta::hours(1)).await.unwrap(), 0);
        assert_eq!(documents.clean_staging(Utc::now() + chrono::TimeDelta::hours(1)).await.unwrap(), 1);
        assert!(documents.get("staging/a.pdf").await.is_err());
        assert!(documents.get("invoices/b.pdf").await.is_ok());
    }
}
