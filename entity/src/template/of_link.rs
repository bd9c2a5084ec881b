//! The text of a link's message, from the rows.

use sea_orm::DbErr;

use super::{Template, TemplateError, Variables};
use crate::{Merchant, Order, link, sms::Body};

/// Why a link has no text.
#[derive(Debug, thiserror::Error)]
pub enum LinkTextError {
    /// Something is wrong with the template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The link was erased after 90 days.
    #[error("the link was erased after 90 days")]
    Purged,
    /// What is stored of the link is damaged.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl<'a> Variables<'a> {
    /// What a template can say of this link; `url` is its page for the buyer.
    ///
    /// # Errors
    /// [`LinkTextError::Purged`], or the database's.
    pub fn of_link(
        owner: &'a Merchant,
        order: &'a Order,
        link: &'a link::Model,
        url: &'a str,
    ) -> Result<Self, LinkTextError> {
        Ok(Self {
            merchant_name: &owner.name,
            customer_name: &order.customer_name,
            order_number: &order.number,
            invoice_number: link.invoice_number.as_deref().ok_or(LinkTextError::Purged)?,
            amount: link.money()?.ok_or(LinkTextError::Purged)?,
            link: url,
            expires_on: owner.day_of(link.expires_at),
        })
    }
}

/// The text of a link's message, by the template given or by the merchant's.
///
/// # Errors
/// See [`LinkTextError`].
pub fn text_of_link(
    owner: &Merchant,
    order: &Order,
    link: &link::Model,
    url: &str,
    template: Option<&str>,
) -> Result<Body, LinkTextError> {
    Ok(Template::of(owner, template)?.render(&Variables::of_link(owner, order, link, url)?)?)
}
