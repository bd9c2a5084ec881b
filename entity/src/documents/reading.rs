//! Streaming a document from the store.
//!
//! Each piece is requested only after the previous one was consumed. A client on a slow connection therefore holds
//! neither a connection to the store nor an open file, and each request to the store has a timeout however long the
//! client takes.

use std::{fmt, io, ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::{
    Stream,
    stream::{self, StreamExt},
};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, path::Path};
use ring::digest;

use super::{DocumentError, in_time};

/// The size of a piece, one of which each reader holds. Most invoices are one or two pieces; the largest are eighty.
const PIECE: u64 = 128 * 1024;

/// A document being read; see the module.
#[derive(Debug)]
pub struct Reading {
    store: Arc<dyn ObjectStore>,
    path: Path,
    length: u64,
    first: Bytes,
    proof: Option<Proof>,
}

impl Reading {
    /// Starts reading. `sha256` is that of the whole document, if known.
    pub(super) async fn begin(
        store: Arc<dyn ObjectStore>,
        path: Path,
        sha256: Option<Vec<u8>>,
    ) -> Result<Self, DocumentError> {
        let first = in_time(async {
            let options = GetOptions { range: Some(GetRange::Bounded(0..PIECE)), ..GetOptions::default() };
            let found = store.get_opts(&path, options).await?;
            let length = found.meta.size;
            Ok::<_, object_store::Error>((length, found.bytes().await?))
        });
        let (length, first) = first.await?;
        let mut proof = sha256.map(Proof::of);
        if let Some(proof) = &mut proof {
            proof.takes(&first);
            if first.len() as u64 >= length && !proof.holds() {
                return Err(DocumentError::Altered);
            }
        }
        Ok(Self { store, path, length, first, proof })
    }

    /// The length of the document in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The pieces, in order. The stream ends with an error, before the last piece, if the store fails or the document
    /// was deleted or altered.
    pub fn into_pieces(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let Self { store, path, length, first, proof } = self;
        let read = first.len() as u64;
        let rest = stream::try_unfold((read, proof), move |(from, mut proof)| {
            let (store, path) = (Arc::clone(&store), path.clone());
            async move {
                if from >= length {
                    return Ok(None);
                }
                let piece = read_piece(store, path, from..length.min(from + PIECE)).await?;
                let to = from + piece.len() as u64;
                if let Some(proof) = &mut proof {
                    proof.takes(&piece);
                    if to >= length && !proof.holds() {
                        tracing::error!("a document in the store is another than was put there");
                        return Err(io::Error::other(DocumentError::Altered));
                    }
                }
                Ok((to > from).then_some((piece, (to, proof))))
            }
        });
        stream::once(std::future::ready(Ok(first))).chain(rest)
    }
}

/// The expected hash and the hash so far.
struct Proof {
    sha256: Vec<u8>,
    so_far: digest::Context,
}

impl fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proof").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

impl Proof {
    fn of(sha256: Vec<u8>) -> Self {
        Self { sha256, so_far: digest::Context::new(&digest::SHA256) }
    }

    fn takes(&mut self, piece: &[u8]) {
        self.so_far.update(piece);
    }

    fn holds(&self) -> bool {
        self.so_far.clone().finish().as_ref() == self.sha256.as_slice()
    }
}

async fn read_piece(store: Arc<dyn ObjectStore>, path: Path, range: Range<u64>) -> io::Result<Bytes> {
    in_time(store.get_range(&path, range)).await.map_err(|error| {
        tracing::warn!(%error, "a document could not be read to its end");
        io::Error::other(error)
    })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;
    use crate::Documents;

    #[tokio::test]
    async fn a_document_is_read_piece_by_piece_in_a_folder_as_in_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Documents::new(Arc::new(object_store::memory::InMemory::new()));
        for documents in [Documents::in_folder(folder.path()).unwrap(), memory] {
            for length in [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
                let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
                documents.put("invoices/a.pdf", content.clone().into()).await.unwrap();
                let reading = documents.read("invoices/a.pdf").await.unwrap();
                assert_eq!(reading.length(), length);
                let pieces: Vec<Bytes> = reading.into_pieces().try_collect().await.unwrap();
                assert!(pieces.iter().all(|piece| piece.len() as u64 <= PIECE));
                assert_eq!(pieces.concat(), content);
            }
            documents.delete("invoices/a.pdf").await.unwrap();
            assert!(matches!(documents.read("invoices/a.pdf").await, Err(DocumentError::Missing)));
        }
    }

    #[tokio::test]
    async fn nobody_gets_the_end_of_another_document() {
        let documents = Documents::new(Arc::new(object_store::memory::InMemory::new()));
        for length in [1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let right = vec![0x5a; usize::try_from(length).unwrap()];
            let mut wrong = right.clone();
            wrong[0] = 0x5b;
            let sha256 = domain::sha256(&right);
            documents.put("invoices/a.pdf", right.clone().into()).await.unwrap();
            let reading = documents.read_as("invoices/a.pdf", &sha256).await.unwrap();
            assert_eq!(reading.into_pieces().try_collect::<Vec<_>>().await.unwrap().concat(), right);

            documents.put("invoices/a.pdf", wrong.into()).await.unwrap();
            match documents.read_as("invoices/a.pdf", &sha256).await {
                Err(error) => assert!(matches!(error, DocumentError::Altered) && length <= PIECE, "{length}: {error}"),
                Ok(reading) => assert!(reading.into_pieces().try_collect::<Vec<_>>().await.is_err(), "{length}"),
            }
        }
    }

    #[tokio::test]
    async fn what_is_gone_while_it_is_read_is_no_shorter_document() {
        let documents = Documents::new(Arc::new(object_store::memory::InMemory::new()));
        documents.put("invoices/a.pdf", vec![0x5a; 3 * 128 * 1024].into()).await.unwrap();
        let reading = documents.read("invoices/a.pdf").await.unwrap();
        documents.delete("invoices/a.pdf").await.unwrap();
        assert!(reading.into_pieces().try_collect::<Vec<_>>().await.is_err());
    }
}
