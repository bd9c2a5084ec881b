//! PDF responses. Browsers show a PDF in a viewer of their own, isolated from our origin. A policy with `sandbox`, or
//! one that forbids plug-ins as `default-src 'none'` does, makes `WebKit` show an empty box instead.

use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::{Binary, Payload},
    registry::{MetaResponses, Registry},
};

use super::{content::BinaryBody, described::answers_with};

/// Only the browser's own viewer may frame it.
const POLICY: &str = "frame-ancestors 'none'";

#[derive(Debug)]
pub(crate) struct Pdf {
    content: BinaryBody,
    name: String,
    disposition: &'static str,
}

impl Pdf {
    /// A PDF to display, with a file name for saving.
    pub(crate) fn inline(content: impl Into<BinaryBody>, name: &str) -> Self {
        Self { content: content.into(), name: sanitised(name), disposition: "inline" }
    }

    /// The same PDF as a download.
    pub(crate) fn for_saving(self) -> Self {
        Self { disposition: "attachment", ..self }
    }
}

/// The name without characters that are special in headers or file systems.
fn sanitised(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() || "-_.".contains(character) { character } else { '-' })
        .take(80)
        .collect();
    name.trim_matches(['-', '.']).to_owned()
}

impl IntoResponse for Pdf {
    fn into_response(self) -> Response {
        let response = Response::builder()
            .content_type("application/pdf")
            .header(header::CONTENT_DISPOSITION, format!("{}; filename=\"{}.pdf\"", self.disposition, self.name))
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CACHE_CONTROL, "private, no-store");
        self.content.answered_with(response)
    }
}

impl ApiResponse for Pdf {
    fn meta() -> MetaResponses {
        answers_with("The PDF.", "application/pdf", <Binary<Vec<u8>> as Payload>::schema_ref())
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::sanitised;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        assert_eq!(sanitised("INV 2026/14"), "INV-2026-14");
        assert_eq!(sanitised("a\"\r\nSet-Cookie: x"), "a---Set-Cookie--x");
        assert_eq!(sanitised("../../etc/passwd"), "etc-passwd");
    }
}
