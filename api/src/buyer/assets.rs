//! Static files of the buyer's page. They are the same for every link, so they reveal nothing.

use domain::Colour;
use poem::{Response, handler, http::header, web::Path};

use crate::Problem;

const STYLE: &str = "text/css; charset=utf-8";

fn file(content_type: &str, content: impl Into<poem::Body>) -> Response {
    Response::builder().content_type(content_type).header(header::CACHE_CONTROL, "public, max-age=3600").body(content)
}

/// The style sheet.
#[handler]
pub(crate) fn style() -> Response {
    file(STYLE, include_str!("style.css"))
}

/// The script that reports that a person has seen the page.
#[handler]
pub(crate) fn beacon() -> Response {
    file("text/javascript; charset=utf-8", include_str!("beacon.js"))
}

/// The script that refreshes the page.
#[handler]
pub(crate) fn again() -> Response {
    file("text/javascript; charset=utf-8", include_str!("again.js"))
}

/// The script that refreshes a page restored by the browser's back button.
#[handler]
pub(crate) fn back() -> Response {
    file("text/javascript; charset=utf-8", include_str!("back.js"))
}

/// The name of a colour's style sheet, since the page's policy allows no inline styles.
pub(super) fn colour_name(of: Colour) -> String {
    format!("{}.css", of.to_string().trim_start_matches('#'))
}

/// The style sheet that defines a colour.
#[handler]
pub(crate) fn colour(Path(name): Path<String>) -> Result<Response, Problem> {
    let digits = name.strip_suffix(".css").ok_or_else(Problem::not_found)?;
    let accent = Colour::parse(&format!("#{digits}")).map_err(|_| Problem::not_found())?;
    Ok(file(STYLE, format!(":root {{ --accent: {accent}; }}\n")))
}
