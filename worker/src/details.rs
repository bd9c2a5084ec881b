//! The order's details page as a PDF, the invoice of merchants who upload none. Rendering is injected by whoever composes the roles,
//! because workers do not depend on the HTTP front.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use entity::{Merchant, Order};

/// Why a page could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DetailsError {
    /// There is something in it that no font has, for instance; the words are for the merchant.
    #[error("{0}")]
    Undrawable(String),
    /// Something of ours is broken.
    #[error("the order's details page could not be made")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// What is to be drawn.
#[derive(Debug, Clone)]
pub struct Page {
    /// The order, all of which is asked for.
    pub order: Order,
    /// Whose it is.
    pub owner: Merchant,
    /// Until when it is to be paid.
    pub due: DateTime<Utc>,
    /// Since when.
    pub now: DateTime<Utc>,
}

type Drawing = Pin<Box<dyn Future<Output = Result<Bytes, DetailsError>> + Send>>;

/// Draws details pages. Cheap to clone.
#[derive(Clone)]
pub struct DetailsPages(Arc<dyn Fn(Page) -> Drawing + Send + Sync>);

impl DetailsPages {
    /// Pages as this draws them.
    pub fn new<F>(draw: impl Fn(Page) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Bytes, DetailsError>> + Send + 'static,
    {
        Self(Arc::new(move |page| Box::pin(draw(page))))
    }

    pub(crate) async fn render(&self, page: Page) -> Result<Bytes, DetailsError> {
        (self.0)(page).await
    }
}

impl fmt::Debug for DetailsPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DetailsPages")
    }
}
