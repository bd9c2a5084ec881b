//! One attempt to deliver a webhook, as sent on the wire.

/// A webhook, ready to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) url: String,
    pub(crate) content_type: &'static str,
    /// The header that carries the signature, if there is one.
    pub(crate) signature: Option<(&'static str, String)>,
    pub(crate) body: String,
}
