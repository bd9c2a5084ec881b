//! Descriptions of responses that the framework cannot derive.

use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef};

/// A call that answers 200 with one kind of content.
pub(crate) fn answers_with(
    description: &'static str,
    content_type: &'static str,
    schema: MetaSchemaRef,
) -> MetaResponses {
    answers_with_any(description, vec![MetaMediaType { content_type, schema }])
}

/// A call that answers 200 with one of several kinds of content.
pub(crate) fn answers_with_any(description: &'static str, content: Vec<MetaMediaType>) -> MetaResponses {
    let answer = MetaResponse { description, status: Some(200), status_range: None, content, headers: Vec::new() };
    MetaResponses { responses: vec![answer] }
}
