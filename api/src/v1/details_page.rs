//! Drawing an order's details page, which serves as the invoice of a link without one.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use entity::{
    Db, Merchant, Order,
    logo::{self, Logo},
};

use super::order_view::{Request, details_page};
use crate::{
    Problem,
    details_pdf::{self, DetailsPage, DetailsPdfError},
};

/// The details page of an order as the invoice of a link for the whole order.
///
/// # Errors
/// Returns an error if it cannot be rendered, or if the database query fails.
pub async fn details_page_of(
    db: &Db,
    order: &Order,
    owner: &Merchant,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Bytes, Problem> {
    let logo = logo::find(db.pool(), owner.id).await?;
    let request = Request { number: &order.number, money: order.money()?, due, now };
    render_details(order, owner, logo, Some(&request)).await.map(|(page, _)| page)
}

/// Renders the details page that serves as the invoice. Also returns how long it took.
pub(super) async fn render_details(
    order: &Order,
    owner: &Merchant,
    logo: Option<Logo>,
    request: Option<&Request<'_>>,
) -> Result<(Bytes, Duration), Problem> {
    draw(details_page(order, owner, logo, request)?).await
}

/// Renders a page as a PDF. Also returns how long it took.
pub(super) async fn draw(page: DetailsPage) -> Result<(Bytes, Duration), Problem> {
    let rendering = tokio::task::spawn_blocking(move || {
        let since = Instant::now();
        (details_pdf::render(&page), since.elapsed())
    });
    let (rendered, busy) = rendering.await.map_err(Problem::internal)?;
    let page = rendered.map_err(|error| match error {
        DetailsPdfError::Undrawable(_) => {
            let detail = format!("The invoice cannot be drawn: {error}. Upload it as a PDF, or write it otherwise.");
            Problem::cannot_be_drawn(detail)
        }
        DetailsPdfError::Font(_) | DetailsPdfError::Write(_) => Problem::internal(error),
    })?;
    Ok((Bytes::from(page), busy))
}
