//! Files that come with buyers' texts. The carrier serves them to the account, directly or by redirect.

use std::sync::Arc;

use poem::{
    Request, Response, handler,
    http::{StatusCode, header},
    web::{Data, Path},
};

use crate::model::state::Shared;

use super::{API_VERSION, basic};

/// A picture of one dark pixel.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x70, 0x00, 0x00, 0x00, 0x42, 0x00, 0x41, 0x84, 0xbf, 0x8e, 0x62, 0x00, 0x00,
    0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// More than anybody wants.
const LARGE: usize = 6 * 1024 * 1024;

/// The files that there are: a picture, one that is elsewhere, one that is too large, and one that is none.
pub(crate) const NAMES: [&str; 4] = ["picture", "elsewhere", "large", "page"];

/// The address of a file of the account.
pub(crate) fn url(base: &str, account: &str, message: &str, name: &str) -> String {
    format!("{base}/sms/{API_VERSION}/Accounts/{account}/Messages/{message}/Media/{name}")
}

/// What the carrier says that a file is.
pub(crate) fn content_type(name: &str) -> &'static str {
    if name == "page" { "text/html" } else { "image/png" }
}

/// `GET …/Messages/{message}/Media/{name}`: for the account only.
#[handler]
pub(crate) fn of_account(
    request: &Request,
    Path((account, _, name)): Path<(String, String, String)>,
    Data(shared): Data<&Arc<Shared>>,
) -> Response {
    let known = shared.config.sms_account.as_ref().filter(|known| known.sid == account);
    let given = request.header(header::AUTHORIZATION).and_then(basic);
    let is_account = known.is_some_and(|known| given == Some(format!("{}:{}", known.sid, known.auth_token)));
    if !is_account {
        return StatusCode::UNAUTHORIZED.into();
    }
    match name.as_str() {
        "elsewhere" => Response::builder()
            .status(StatusCode::TEMPORARY_REDIRECT)
            .header(header::LOCATION, format!("{}/media/picture", shared.config.base))
            .finish(),
        "large" => Response::builder().content_type("image/png").body(vec![0x89; LARGE]),
        "page" => Response::builder().content_type("text/html").body("<html><script>alert(1)</script></html>"),
        "picture" => Response::builder().content_type("image/png").body(PICTURE),
        _ => StatusCode::NOT_FOUND.into(),
    }
}

/// `GET /media/{name}`: where the carrier points to. Credentials have no business there.
#[handler]
pub(crate) fn elsewhere(request: &Request) -> Response {
    if request.header(header::AUTHORIZATION).is_some() {
        return StatusCode::BAD_REQUEST.into();
    }
    Response::builder().content_type("image/png").body(PICTURE)
}
