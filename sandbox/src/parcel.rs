//! The HTTP request of a webhook delivery.

/// A signed webhook request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    /// The header with the signature, if there is one.
    pub(crate) signature: Option<(&'static str, String)>,
    pub(crate) body: String,
}
