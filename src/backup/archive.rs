//! The entries of a backup: a name and a content each, in sequence.

use std::path::Path;

use domain::Secret;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
};

use super::sealed::{Opener, SealError, Sealer};

/// The longest name of an entry.
const LONGEST_NAME: usize = 1_024;
/// The size of the buffer.
const PIECE: usize = 256 * 1024;

/// Writes a backup.
pub(super) struct Archive<W>(Sealer<W>);

impl<W: AsyncWrite + Unpin> Archive<W> {
    pub(super) async fn begin(out: W, key: &Secret) -> Result<Self, SealError> {
        Ok(Self(Sealer::begin(out, key).await?))
    }

    /// Adds an entry from memory.
    pub(super) async fn add(&mut self, name: &str, content: &[u8]) -> Result<(), SealError> {
        self.head(name, content.len() as u64).await?;
        self.0.write(content).await
    }

    /// Adds an entry from a file.
    pub(super) async fn add_file(&mut self, name: &str, path: &Path) -> Result<(), SealError> {
        let mut file = File::open(path).await?;
        let mut left = file.metadata().await?.len();
        self.head(name, left).await?;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let read = file.read(&mut piece).await?;
            if read == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            self.0.write(&piece[..read]).await?;
            left -= read as u64;
        }
        Ok(())
    }

    pub(super) async fn end(self) -> Result<W, SealError> {
        self.0.end().await
    }

    async fn head(&mut self, name: &str, length: u64) -> Result<(), SealError> {
        let name_length = u32::try_from(name.len()).map_err(|_| SealError::NoBackup)?;
        self.0.write(&name_length.to_be_bytes()).await?;
        self.0.write(name.as_bytes()).await?;
        self.0.write(&length.to_be_bytes()).await
    }
}

pub(crate) struct ArchiveReader<R>(Opener<R>);

/// The header of the next entry.
pub(crate) struct ArchiveEntry {
    pub(crate) name: String,
    pub(crate) length: u64,
}

impl ArchiveReader<BufReader<File>> {
    pub(crate) async fn open(path: &Path, key: &Secret) -> Result<Self, SealError> {
        Ok(Self(Opener::begin(BufReader::new(File::open(path).await?), key).await?))
    }
}

impl<R: AsyncRead + Unpin> ArchiveReader<R> {
    /// The next entry, or `None` at the end. Its content must be read before the next call.
    pub(crate) async fn next(&mut self) -> Result<Option<ArchiveEntry>, SealError> {
        let mut length = [0; 4];
        if !self.0.fill(&mut length).await? {
            return Ok(None);
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LONGEST_NAME {
            return Err(SealError::Closed);
        }
        let (mut name, mut size) = (vec![0; length], [0; 8]);
        self.fill(&mut name).await?;
        self.fill(&mut size).await?;
        let name = String::from_utf8(name).map_err(|_| SealError::Closed)?;
        Ok(Some(ArchiveEntry { name, length: u64::from_be_bytes(size) }))
    }

    /// Reads the content of an entry into memory, up to `most` bytes.
    pub(crate) async fn content(&mut self, entry: &ArchiveEntry, most: u64) -> Result<Vec<u8>, SealError> {
        if entry.length > most {
            return Err(SealError::Closed);
        }
        let mut content = vec![0; usize::try_from(entry.length).map_err(|_| SealError::Closed)?];
        self.fill(&mut content).await?;
        Ok(content)
    }

    /// Writes the content of an entry to a file.
    pub(crate) async fn copy_to(&mut self, entry: &ArchiveEntry, file: &mut File) -> Result<(), SealError> {
        let mut left = entry.length;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            self.fill(&mut piece[..now]).await?;
            file.write_all(&piece[..now]).await?;
            left -= now as u64;
        }
        Ok(())
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> Result<(), SealError> {
        if buffer.is_empty() || self.0.fill(buffer).await? { Ok(()) } else { Err(SealError::Closed) }
    }
}
