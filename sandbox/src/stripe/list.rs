//! Stripe's lists: newest first, in pages.

use serde_json::{Value, json};

use crate::{form::Params, model::table::Row};

use super::{errors::StripeError, params};

/// The default page size.
const PAGE: i64 = 10;

/// The requested page of a list.
#[derive(Debug)]
pub(crate) struct ListPage {
    limit: usize,
    starting_after: Option<String>,
}

impl ListPage {
    /// Takes `limit` and `starting_after`.
    pub(crate) fn take(params: &mut Params) -> Result<Self, StripeError> {
        let limit = params::present(params.take("limit")?, "limit")?;
        let limit = limit.map_or(Ok(PAGE), |limit| params::integer(&limit, "limit", 1..=100))?;
        let starting_after = params::present(params.take("starting_after")?, "starting_after")?;
        Ok(Self { limit: usize::try_from(limit).unwrap_or_default(), starting_after })
    }

    /// The page of those `rows` for which `keep` is true. The rows must be unfiltered and newest first, because a page
    /// may start after an object that the filter excludes. `object` names the type in the error about an unknown
    /// `starting_after`.
    pub(crate) fn of<'a, T: Row + 'a>(
        &self,
        mut rows: impl Iterator<Item = &'a T>,
        keep: impl Fn(&T) -> bool,
        (url, object): (&str, &str),
        view: impl Fn(&T) -> Value,
    ) -> Result<Value, StripeError> {
        if let Some(after) = &self.starting_after
            && !rows.by_ref().any(|row| row.id() == after)
        {
            return Err(StripeError::no_such_in_param(object, after, "starting_after"));
        }
        let mut kept = rows.filter(|row| keep(row)).peekable();
        let data: Vec<Value> = kept.by_ref().take(self.limit).map(view).collect();
        let has_more = kept.peek().is_some();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}
