//! The order's details page as a PDF, the invoice of merchants who upload none. Rendering is injected by the binary
//! that composes the roles, because workers do not depend on the HTTP front.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use entity::{Merchant, Order};

/// Why a page could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum DetailsError {
    /// The content cannot be rendered, for example because no font has a character. The text is for the merchant.
    #[error("{0}")]
    Undrawable(String),
    /// An internal error.
    #[error("the order's details page could not be made")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// What to render.
#[derive(Debug, Clone)]
pub struct DetailsRequest {
    /// The order, for its full amount.
    pub order: Order,
    /// The merchant that owns the order.
    pub owner: Merchant,
    /// The due date.
    pub due: DateTime<Utc>,
    /// The current time.
    pub now: DateTime<Utc>,
}

type Drawing = Pin<Box<dyn Future<Output = Result<Bytes, DetailsError>> + Send>>;

/// Renders details pages. Cheap to clone.
#[derive(Clone)]
pub struct DetailsPages(Arc<dyn Fn(DetailsRequest) -> Drawing + Send + Sync>);

impl DetailsPages {
    /// Details pages rendered by this function.
    pub fn new<F>(draw: impl Fn(DetailsRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Bytes, DetailsError>> + Send + 'static,
    {
        Self(Arc::new(move |page| Box::pin(draw(page))))
    }

    pub(crate) async fn render(&self, page: DetailsRequest) -> Result<Bytes, DetailsError> {
        (self.0)(page).await
    }
}

impl fmt::Debug for DetailsPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DetailsPages")
    }
}
