//! Downloads files from a carrier that came with a buyer's text.
//!
//! The account's credentials are sent only to the carrier, and only for the account's own files there. Redirects from
//! there, and files hosted elsewhere, are fetched without credentials and from public addresses only.

use bytes::{Bytes, BytesMut};
use domain::Secret;
use reqwest::{Client, Response, StatusCode, Url, header};

use crate::{
    metrics::Service,
    outbound::{address_guard, clients::Clients, http},
};

/// The largest file: more than a carrier passes on.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// The most redirects to follow.
const REDIRECTS: usize = 3;

/// Downloads files from carriers.
#[derive(Debug, Clone)]
pub(crate) struct MediaClient {
    /// For the carrier itself, which may be at any address the operator has set.
    carrier: Client,
    /// For all other hosts.
    public: Client,
    /// The base URL of the carrier's API.
    base: String,
}

/// Access to the files of an account.
pub(crate) struct Media<'a> {
    pub(crate) client: &'a MediaClient,
    pub(crate) account: &'a str,
    pub(crate) token: &'a Secret,
}

/// A downloaded picture.
pub(crate) struct Fetched {
    pub(crate) bytes: Bytes,
    /// Determined from its bytes, not from the headers.
    pub(crate) content_type: &'static str,
}

/// Why a picture was not fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFetched {
    /// It can never be fetched, for this reason.
    #[error("{0}")]
    Never(String),
    /// The carrier does not have it, or not yet.
    #[error("the carrier does not have the picture")]
    Absent,
    /// A host answered with an error.
    #[error("the carrier answered {0}")]
    Answered(StatusCode),
    /// A host did not answer.
    #[error("the picture could not be fetched")]
    Unreachable(#[from] reqwest::Error),
}

impl NotFetched {
    pub(crate) fn because(why: &str) -> Self {
        Self::Never(why.to_owned())
    }
}

impl MediaClient {
    pub(crate) fn new(clients: &Clients, base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { carrier: clients.of_services(), public: clients.of_merchants(false), base }
    }

    /// Whether a URL is on the carrier's own host.
    fn is_carriers(&self, url: &Url) -> bool {
        Url::parse(&self.base).is_ok_and(|base| base.origin() == url.origin())
    }
}

impl Media<'_> {
    /// Downloads the picture at this URL.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Fetched, NotFetched> {
        let nowhere = |_| NotFetched::because("The carrier did not say where the picture is.");
        let mut url = Url::parse(url).map_err(nowhere)?;
        let mut is_first = true;
        for _ in 0..=REDIRECTS {
            let response = self.ask(&url, is_first).await?;
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
                url = url.join(to.unwrap_or_default()).map_err(nowhere)?;
                is_first = false;
                continue;
            }
            return match status {
                StatusCode::OK => read(response).await,
                StatusCode::NOT_FOUND | StatusCode::GONE => Err(NotFetched::Absent),
                status => Err(NotFetched::Answered(status)),
            };
        }
        Err(NotFetched::because("The carrier points from one place to the next."))
    }

    async fn ask(&self, url: &Url, is_first: bool) -> Result<Response, NotFetched> {
        let request = if self.client.is_carriers(url) {
            let request = self.client.carrier.get(url.clone());
            let is_ours = is_first && self.is_of_account(url);
            if is_ours { request.basic_auth(self.account, Some(self.token.expose())) } else { request }
        } else {
            address_guard::check_literal(url)
                .map_err(|_| NotFetched::because("The picture is not at a public address."))?;
            self.client.public.get(url.clone())
        };
        http::send(Service::Carrier, request).await.map_err(|error| {
            if address_guard::is_not_public(&error) || error.is_builder() {
                NotFetched::because("The picture is not at a public address.")
            } else {
                NotFetched::Unreachable(error.without_url())
            }
        })
    }

    fn is_of_account(&self, url: &Url) -> bool {
        let segments = url.path_segments().into_iter().flatten();
        let mut after = segments.skip_while(|segment| *segment != "Accounts").skip(1);
        after.next() == Some(self.account)
    }
}

async fn read(mut response: Response) -> Result<Fetched, NotFetched> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if bytes.len() + piece.len() > MAX_BYTES {
            return Err(NotFetched::because("The picture is larger than 5 MiB."));
        }
        bytes.extend_from_slice(&piece);
    }
    let content_type = content_type(&bytes).ok_or_else(|| NotFetched::because("The file is not a picture."))?;
    Ok(Fetched { bytes: bytes.freeze(), content_type })
}

/// The picture's type, if it is one that all browsers display.
fn content_type(bytes: &[u8]) -> Option<&'static str> {
    let is_webp = || bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ if is_webp() => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        for (bytes, known) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n\0\0", Some("image/png")),
            (b"GIF89a\x01\0", Some("image/gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(content_type(bytes), known, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn the_credentials_go_to_the_accounts_own_files_only_and_nobody_inside_is_asked() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = MediaClient::new(&Clients::new().unwrap(), "https://api.carrier.example/");
        let token = Secret::new("token");
        let media = Media { client: &client, account: "AC1", token: &token };
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(
            media.is_of_account(&url("https://api.carrier.example/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"))
        );
        assert!(
            !media.is_of_account(&url("https://api.carrier.example/2010-04-01/Accounts/AC2/Messages/MM1/Media/ME1"))
        );
        assert!(client.is_carriers(&url("https://api.carrier.example/a")));
        for other in ["http://api.carrier.example/a", "https://api.carrier.example:8443/a", "https://cdn.example/a"] {
            assert!(!client.is_carriers(&url(other)), "{other}");
        }
        for inside in
            ["http://127.0.0.1:1/a", "https://169.254.169.254/latest", "https://localhost/a", "file:///etc/passwd"]
        {
            assert!(matches!(media.fetch(inside).await, Err(NotFetched::Never(_))), "{inside}");
        }
    }
}
