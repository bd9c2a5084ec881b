//! A stream sealed in pieces. With the key it can be read, and any byte that was changed, removed, moved or truncated
//! is detected.
//!
//! The header has a salt. Each piece has its length and ChaCha20-Poly1305 over at most 64 KiB. The nonce is the piece's
//! number and, in its last byte, whether it is the last piece (the STREAM construction, which age uses as well).

use std::io;

use domain::Secret;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
    rand::{SecureRandom, SystemRandom},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The start of every backup.
const MAGIC: &[u8; 17] = b"paylink backup 1\n";
const SALT: usize = 32;
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

/// Why a backup cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key is not 32 bytes in base64.
    #[error("the backup key is not 32 bytes in base64: `paylink secrets generate` makes one")]
    Key,
    /// The file is not a backup.
    #[error("this is no backup of paylink's")]
    NoBackup,
    /// The key is wrong, or the file is damaged.
    #[error("the backup does not open: the key is another, or the file was changed or is not whole")]
    Closed,
    /// The system provided no randomness.
    #[error("the system has no randomness")]
    NoRandomness,
    /// Reading or writing the file failed.
    #[error("the file failed")]
    Io(#[from] io::Error),
}

/// Seals what is written to it.
pub(super) struct Sealer<W> {
    out: W,
    key: LessSafeKey,
    number: u64,
    piece: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> Sealer<W> {
    pub(super) async fn begin(mut out: W, key: &Secret) -> Result<Self, SealError> {
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).map_err(|_| SealError::NoRandomness)?;
        let key = derive(key, &salt)?;
        out.write_all(MAGIC).await?;
        out.write_all(&salt).await?;
        Ok(Self { out, key, number: 0, piece: Vec::with_capacity(PIECE + TAG) })
    }

    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), SealError> {
        while !bytes.is_empty() {
            if self.piece.len() == PIECE {
                self.flush(false).await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Ends the stream. A stream without an end cannot be opened completely.
    pub(super) async fn end(mut self) -> Result<W, SealError> {
        self.flush(true).await?;
        self.out.flush().await?;
        Ok(self.out)
    }

    async fn flush(&mut self, is_last: bool) -> Result<(), SealError> {
        let nonce = nonce(self.number, is_last);
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut self.piece).map_err(|_| SealError::Closed)?;
        let length = u32::try_from(self.piece.len()).map_err(|_| SealError::Closed)?;
        self.out.write_all(&length.to_be_bytes()).await?;
        self.out.write_all(&self.piece).await?;
        self.piece.clear();
        self.number += 1;
        Ok(())
    }
}

/// Opens a sealed stream.
pub(crate) struct Opener<R> {
    input: R,
    key: LessSafeKey,
    number: u64,
    /// The length of the next piece; `None` after the last.
    next: Option<usize>,
    piece: Vec<u8>,
    read: usize,
}

impl<R: AsyncRead + Unpin> Opener<R> {
    pub(crate) async fn begin(mut input: R, key: &Secret) -> Result<Self, SealError> {
        let (mut magic, mut salt) = ([0; MAGIC.len()], [0; SALT]);
        let begin = async { input.read_exact(&mut magic).await.and(Ok(input.read_exact(&mut salt).await?)) };
        begin.await.map_err(|_| SealError::NoBackup)?;
        if magic != *MAGIC {
            return Err(SealError::NoBackup);
        }
        let key = derive(key, &salt)?;
        let next = length(&mut input).await?;
        Ok(Self { input, key, number: 0, next, piece: Vec::new(), read: 0 })
    }

    /// Fills the buffer. Returns `false` if the stream is at its end, and an error if it ends in between.
    pub(crate) async fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, SealError> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.read == self.piece.len() && !self.open_next().await? {
                return if filled == 0 { Ok(false) } else { Err(SealError::Closed) };
            }
            let count = (buffer.len() - filled).min(self.piece.len() - self.read);
            buffer[filled..filled + count].copy_from_slice(&self.piece[self.read..self.read + count]);
            (filled, self.read) = (filled + count, self.read + count);
        }
        Ok(true)
    }

    async fn open_next(&mut self) -> Result<bool, SealError> {
        let Some(size) = self.next else { return Ok(false) };
        self.piece.resize(size, 0);
        self.input.read_exact(&mut self.piece).await.map_err(|_| SealError::Closed)?;
        self.next = length(&mut self.input).await?;
        let nonce = nonce(self.number, self.next.is_none());
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut self.piece).map_err(|_| SealError::Closed)?;
        let opened = opened.len();
        self.piece.truncate(opened);
        (self.read, self.number) = (0, self.number + 1);
        Ok(opened > 0)
    }
}

async fn length(input: &mut (impl AsyncRead + Unpin)) -> Result<Option<usize>, SealError> {
    let mut length = [0; 4];
    match input.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    usize::try_from(u32::from_be_bytes(length))
        .ok()
        .filter(|length| (TAG..=PIECE + TAG).contains(length))
        .map(Some)
        .ok_or(SealError::Closed)
}

fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(nonce)
}

/// Checks the form of a key.
pub(crate) fn check_key(key: &Secret) -> Result<(), SealError> {
    derive(key, &[0; SALT]).map(drop)
}

fn derive(key: &Secret, salt: &[u8]) -> Result<LessSafeKey, SealError> {
    let key = domain::key_bytes(key).map_err(|_| SealError::Key)?;
    let derived = Salt::new(HKDF_SHA256, salt).extract(&key);
    let okm = derived.expand(&[MAGIC], &CHACHA20_POLY1305).map_err(|_| SealError::Key)?;
    Ok(LessSafeKey::new(UnboundKey::from(okm)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Secret {
        // 43 characters and padding: 32 bytes.
        Secret::new(format!("{}=", char::from(byte).to_string().repeat(42) + "A"))
    }

    async fn sealed(content: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::begin(Vec::new(), &key(b'A')).await.unwrap();
        for part in content.chunks(1_000) {
            sealer.write(part).await.unwrap();
        }
        sealer.end().await.unwrap()
    }

    async fn opened(sealed: &[u8], with: u8, length: usize) -> Result<Vec<u8>, SealError> {
        let mut opener = Opener::begin(sealed, &key(with)).await?;
        let mut content = vec![0; length];
        if length > 0 && !opener.fill(&mut content).await? {
            return Err(SealError::Closed);
        }
        if opener.fill(&mut [0]).await? { Err(SealError::NoBackup) } else { Ok(content) }
    }

    #[tokio::test]
    async fn what_was_sealed_opens_with_the_key_and_no_other() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17] {
            let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let sealed = sealed(&content).await;
            assert_eq!(opened(&sealed, b'A', length).await.unwrap(), content, "{length}");
            assert!(matches!(opened(&sealed, b'B', length).await, Err(SealError::Closed)), "{length}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_was_cut_changed_or_reordered_does_not_open() {
        let (length, whole) = (2 * PIECE + 5, sealed(&vec![7; 2 * PIECE + 5]).await);
        let head = MAGIC.len() + SALT;
        let piece = 4 + PIECE + TAG;
        for cut in [0, head - 1, head, head + piece, head + 2 * piece, whole.len() - 1] {
            assert!(opened(&whole[..cut], b'A', length).await.is_err(), "cut at {cut}");
        }
        for at in [0, MAGIC.len(), head + 4, head + piece + 9, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(opened(&changed, b'A', length).await.is_err(), "changed at {at}");
        }
        let mut swapped = whole.clone();
        swapped[head..head + 2 * piece].rotate_left(piece);
        assert!(opened(&swapped, b'A', length).await.is_err());
        let longer = [whole.clone(), whole[head..].to_vec()].concat();
        assert!(opened(&longer, b'A', length).await.is_err());
    }
}
