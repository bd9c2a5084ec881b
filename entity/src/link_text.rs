//! The text of a link's message, made from the rows.

use std::collections::BTreeMap;

use sea_orm::DbErr;

use crate::{Merchant, Order, link};
use domain::link::lifetime;
use domain::sms::Body;
use domain::template::{Language, Template, TemplateError, Variables};

/// Why a link has no text.
#[derive(Debug, thiserror::Error)]
pub enum LinkTextError {
    /// The template is invalid.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The link was erased.
    #[error("the link was erased")]
    Purged,
    /// The stored link is damaged.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// The values of a template's variables for this link. `url` is the buyer's page.
///
/// # Errors
/// Returns [`LinkTextError::Purged`], or an error if the stored data is damaged.
pub fn variables<'a>(
    owner: &'a Merchant,
    order: &'a Order,
    link: &'a link::Model,
    url: &'a str,
    metadata: &'a BTreeMap<String, String>,
) -> Result<Variables<'a>, LinkTextError> {
    Ok(Variables {
        merchant_name: &owner.name,
        customer_name: &order.customer_name,
        order_number: &order.number,
        invoice_number: link.invoice_number.as_deref().ok_or(LinkTextError::Purged)?,
        amount: link.money()?.ok_or(LinkTextError::Purged)?,
        link: url,
        expires_on: lifetime::last_day(&owner.zone(), link.created_at, link.expires_at),
        metadata: Some(metadata),
    })
}

/// The merchant's metadata of a link. Keys that the link does not set come from its order.
///
/// # Errors
/// Returns an error if the stored value is damaged.
pub fn metadata(order: &Order, link: &link::Model) -> Result<BTreeMap<String, String>, DbErr> {
    let mut metadata = order.metadata()?;
    metadata.extend(link.metadata()?);
    Ok(metadata)
}

/// The template for a merchant's link: the given one, the merchant's, or the default, in the merchant's typography.
///
/// # Errors
/// Returns an error if the given template is invalid.
pub fn template(owner: &Merchant, given: Option<&str>) -> Result<Template, TemplateError> {
    let template = match given.or(owner.message_template.as_deref()) {
        Some(text) => {
            let language = owner.language.as_deref().and_then(Language::of).unwrap_or(Language::En);
            Template::parse(text)?.in_language(language)
        }
        None => Template::default(),
    };
    Ok(template.set(owner.typography()))
}

/// Renders the text of a link's message.
///
/// # Errors
/// See [`LinkTextError`].
pub fn text_of_link(
    owner: &Merchant,
    order: &Order,
    link: &link::Model,
    url: &str,
    template: &Template,
) -> Result<Body, LinkTextError> {
    let metadata = metadata(order, link)?;
    Ok(template.render(&variables(owner, order, link, url, &metadata)?)?)
}
