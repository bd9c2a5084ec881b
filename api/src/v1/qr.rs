//! `/v1/payment-links/{id}/qr.svg`: the URL of the buyer's page as a QR code, to show at a counter or to print.

use domain::{LinkId, LinkState};
use entity::link;
use poem::{IntoResponse, Response, http::header, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Path,
    payload::{Payload, PlainText},
    registry::{MetaResponses, Registry},
};
use qrcode::{EcLevel, QrCode, render::svg, types::QrError};

use super::Group;
use crate::{
    Api, Problem,
    auth::Reader,
    http::{described::answers_with, paging::id, typed::TextOf},
};

/// The side of a module in the picture's own units, which scale.
const DOT: u32 = 8;

pub(super) struct QrCodes;

/// An SVG picture.
struct Svg(String);

impl IntoResponse for Svg {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type("image/svg+xml")
            .header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CACHE_CONTROL, "private, no-store")
            .body(self.0)
    }
}

impl ApiResponse for Svg {
    fn meta() -> MetaResponses {
        answers_with("The picture.", "image/svg+xml", <PlainText<String> as Payload>::schema_ref())
    }

    fn register(_: &mut Registry) {}
}

#[OpenApi(tag = "Group::PaymentLinks")]
impl QrCodes {
    /// The buyer's page as a QR code
    #[oai(path = "/payment-links/:id/qr.svg", method = "get")]
    async fn qr(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Svg, Problem> {
        let found = link::find(api.db.pool(), key.0.merchant, id(&link_id)?).await?;
        let link = found.ok_or_else(Problem::not_found)?;
        if !link.has_buyers_page() {
            let detail = if link.state == LinkState::Creating {
                "The link is still being made. Try again in a moment."
            } else {
                "There is no page of this link for a buyer."
            };
            return Err(Problem::conflict("link_not_open", detail));
        }
        draw(&api.buyer_url(link.id)).map(Svg).map_err(Problem::internal)
    }
}

/// Always black on white, since some readers require it.
fn draw(url: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M)?;
    Ok(code.render::<svg::Color<'_>>().module_dimensions(DOT, DOT).quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn a_code_is_a_picture_that_loads_nothing() {
        let svg = draw("https://pay.example.com/p/AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert!(svg.contains("<svg") && svg.contains("http://www.w3.org/2000/svg"));
        assert!(!svg.contains("href") && !svg.contains("<script") && !svg.contains("pay.example.com"));
        assert_ne!(svg, draw("https://pay.example.com/p/BBBBBBBBBBBBBBBBBBBBBB").unwrap());
    }
}
