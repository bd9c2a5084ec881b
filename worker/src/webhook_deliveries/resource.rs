//! The resource of a change, as the API shows it.

use std::{fmt, pin::Pin};

use entity::change::NumberedChange;
use serde_json::Value;

/// The future of a rendered resource.
pub type Rendering<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Value>, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// Renders the resource of a change as the API shows it. Implemented by the API, a separate crate, and injected where
/// the workers are created.
pub trait RenderResource: Send + Sync + fmt::Debug {
    /// The current resource; `None` if nothing of it is left.
    fn render<'a>(&'a self, change: &'a NumberedChange) -> Rendering<'a>;
}
