//! The parameters of a payment link.

use std::collections::BTreeMap;

use crate::{
    clock::Moment,
    form::Params,
    ids,
    model::{link::PaymentLink, scope::StripeScope},
    money,
};

use super::{errors::StripeError, params};

const CURRENCY: &str = "line_items[0][price_data][currency]";
const UNIT_AMOUNT: &str = "line_items[0][price_data][unit_amount]";
const PRODUCT_NAME: &str = "line_items[0][price_data][product_data][name]";
const QUANTITY: &str = "line_items[0][quantity]";
const LIMIT: &str = "restrictions[completed_sessions][limit]";
const COMPLETION: &str = "after_completion[type]";
const REDIRECT_URL: &str = "after_completion[redirect][url]";
pub(super) const INTENT_METADATA: &str = "payment_intent_data[metadata]";

/// What is sold and how it can be paid, fixed when the link is created.
#[derive(Debug)]
pub(crate) struct LineItem {
    currency: Option<String>,
    unit_amount: Option<String>,
    product_name: Option<String>,
    quantity: Option<String>,
    methods: Vec<String>,
}

impl LineItem {
    pub(crate) fn take(params: &mut Params) -> Result<Self, StripeError> {
        Ok(Self {
            currency: params.take(CURRENCY)?,
            unit_amount: params.take(UNIT_AMOUNT)?,
            product_name: params.take(PRODUCT_NAME)?,
            quantity: params.take(QUANTITY)?,
            methods: params.take_list("payment_method_types"),
        })
    }

    /// Creates an active link that sells this.
    pub(crate) fn into_link(self, scope: StripeScope, now: Moment) -> Result<PaymentLink, StripeError> {
        if self.currency.is_none() && self.unit_amount.is_none() && self.quantity.is_none() {
            return Err(StripeError::missing("line_items"));
        }
        let currency = params::required(self.currency, CURRENCY)?;
        let quantity = params::required(self.quantity, QUANTITY)?;
        let quantity = params::integer(&quantity, QUANTITY, 1..=999_999)?;
        let unit_amount = params::required(self.unit_amount, UNIT_AMOUNT)?;
        let unit_amount = params::integer(&unit_amount, UNIT_AMOUNT, 0..=i64::MAX)?;
        let product_name = params::required(self.product_name, PRODUCT_NAME)?;
        let product_name = params::text(product_name, PRODUCT_NAME, 250)?;
        check_amount(unit_amount, quantity, &currency)?;
        Ok(PaymentLink {
            id: ids::stripe("plink_", 24),
            slug: ids::stripe(if scope.livemode { "" } else { "test_" }, 18),
            scope,
            active: true,
            currency,
            unit_amount,
            quantity,
            product_name,
            limit: None,
            completed: 0,
            payment_method_types: check_methods(self.methods)?,
            inactive_message: None,
            metadata: BTreeMap::new(),
            intent_metadata: BTreeMap::new(),
            of_session: false,
            redirect_url: None,
            created_at: now,
        })
    }
}

/// The payment methods accepted for links. `bancontact` represents one that the account has not enabled.
const METHODS: &[&str] = &["bancontact", "boleto", "card", "ideal", "link", "paypal", "sepa_debit", "us_bank_account"];

/// Checks payment methods. The sandbox's buyers pay by card, which is also the default.
fn check_methods(methods: Vec<String>) -> Result<Vec<String>, StripeError> {
    for (index, method) in methods.iter().enumerate() {
        let param = format!("payment_method_types[{index}]");
        params::one_of(method, &param, METHODS)?;
        if method == "bancontact" {
            let message = "The payment method type provided: bancontact is invalid. Please ensure the provided type is \
                           activated in your dashboard.";
            return Err(StripeError::param_without_code(&param, message));
        }
    }
    Ok(if methods.is_empty() { vec!["card".to_owned()] } else { methods })
}

fn check_amount(unit_amount: i64, quantity: i64, currency: &str) -> Result<(), StripeError> {
    if !money::is_supported(currency) {
        let message = format!("Invalid currency: {currency}. It must be a three-letter code in lowercase.");
        return Err(StripeError::param_without_code(CURRENCY, message));
    }
    let total = unit_amount.saturating_mul(quantity);
    let people = |amount| money::for_people(amount, currency);
    if total < money::smallest(currency) {
        let message = format!("Amount must be no less than {}", people(money::smallest(currency)));
        return Err(StripeError::param(UNIT_AMOUNT, "amount_too_small", message));
    }
    if total > money::LARGEST {
        let message = format!("Amount must be no more than {}", people(money::LARGEST));
        return Err(StripeError::param(UNIT_AMOUNT, "amount_too_large", message));
    }
    if unit_amount % money::step(currency) != 0 {
        let message = format!("Amounts in {currency} must be a multiple of {}", money::step(currency));
        return Err(StripeError::param_without_code(UNIT_AMOUNT, message));
    }
    Ok(())
}

/// The parameters for creating as well as updating a link.
#[derive(Debug)]
pub(crate) struct LinkChanges {
    limit: Option<String>,
    inactive_message: Option<String>,
    metadata: BTreeMap<String, String>,
    intent_metadata: BTreeMap<String, String>,
    completion: Option<String>,
    redirect_url: Option<String>,
}

impl LinkChanges {
    pub(crate) fn take(params: &mut Params) -> Result<Self, StripeError> {
        Ok(Self {
            limit: params::present(params.take(LIMIT)?, LIMIT)?,
            inactive_message: params.take("inactive_message")?,
            metadata: params::metadata(params, "metadata")?,
            intent_metadata: params::metadata(params, INTENT_METADATA)?,
            completion: params::present(params.take(COMPLETION)?, COMPLETION)?,
            redirect_url: params::present(params.take(REDIRECT_URL)?, REDIRECT_URL)?,
        })
    }

    /// Applies these changes to a link.
    pub(crate) fn apply(self, mut link: PaymentLink) -> Result<PaymentLink, StripeError> {
        if let Some(limit) = self.limit {
            link.limit = Some(params::integer(&limit, LIMIT, 1..=i64::MAX)?);
        }
        if let Some(message) = self.inactive_message {
            let message = params::text(message, "inactive_message", 500)?;
            link.inactive_message = Some(message).filter(|message| !message.is_empty());
        }
        link.metadata = params::merged(&link.metadata, self.metadata, "metadata")?;
        link.intent_metadata = params::merged(&link.intent_metadata, self.intent_metadata, INTENT_METADATA)?;
        match (self.completion.as_deref(), self.redirect_url) {
            (None, None) => {}
            (Some("redirect"), url) => {
                link.redirect_url = Some(params::url(params::required(url, REDIRECT_URL)?, REDIRECT_URL)?);
            }
            (Some("hosted_confirmation"), None) => link.redirect_url = None,
            (Some(kind), _) => {
                params::one_of(kind, COMPLETION, &["hosted_confirmation", "redirect"])?;
                return Err(StripeError::param_without_code(
                    REDIRECT_URL,
                    "`after_completion[redirect]` can only be given with `after_completion[type]=redirect`.",
                ));
            }
            (None, Some(_)) => return Err(StripeError::missing(COMPLETION)),
        }
        Ok(link)
    }
}
