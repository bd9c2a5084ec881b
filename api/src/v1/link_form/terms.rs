//! The terms of a link: what the form says, checked, and the rest from its order and its merchant.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    Currency, Money, OwnReminding, PaymentMethods, limits::LONGEST_NUMBER, link::lifetime, sms_event::is_unwanted,
};
use entity::{Merchant, Order};

use super::FilledForm;
use crate::{
    Problem,
    http::{
        characters::REFUSAL,
        fields::Fields,
        typed::{CalendarDay, Metadata},
    },
};

/// The terms of the link.
#[derive(Debug)]
pub(in crate::v1) struct LinkTerms {
    /// The invoice number.
    pub(in crate::v1) invoice_number: String,
    /// The amount.
    pub(in crate::v1) money: Money,
    /// When the link expires.
    pub(in crate::v1) expires_at: DateTime<Utc>,
    /// The metadata.
    pub(in crate::v1) metadata: BTreeMap<String, String>,
    /// The accepted payment methods.
    pub(in crate::v1) payment_methods: PaymentMethods,
    /// The link's own reminder settings.
    pub(in crate::v1) reminding: OwnReminding,
    /// Whether the buyer gets a receipt by text, if that was said.
    pub(in crate::v1) receipt: Option<bool>,
}

impl FilledForm {
    /// The terms, or all errors. Absent fields come from the order.
    pub(in crate::v1) fn check(
        &self,
        order: &Order,
        merchant: &Merchant,
        now: DateTime<Utc>,
    ) -> Result<LinkTerms, Problem> {
        let mut fields = Fields::default();
        let invoice_number =
            fields.text("invoice_number", self.invoice_number.as_deref().unwrap_or(&order.number), LONGEST_NUMBER);
        let money = self.money(order, &mut fields);
        let expires_at = self.expires_at(merchant, now, &mut fields);
        let metadata = self.metadata(&mut fields);
        let payment_methods = match &self.payment_methods {
            Some(text) => fields.take("payment_methods", text.parse::<PaymentMethods>()),
            None => Some(merchant.payment_methods.clone().unwrap_or_default()),
        };
        let reminding = self.reminders.check(&mut fields);
        let receipt =
            self.receipt.as_deref().map(|text| text.trim().parse::<bool>().map_err(|_| "must be `true` or `false`"));
        let receipt = receipt.map(|read| fields.take("receipt", read));
        let terms = || {
            Some(LinkTerms {
                invoice_number: invoice_number?,
                money: money?,
                expires_at: expires_at?,
                metadata: metadata?,
                payment_methods: payment_methods?,
                reminding: reminding?,
                receipt: match receipt {
                    Some(read) => Some(read?),
                    None => None,
                },
            })
        };
        terms().ok_or_else(|| fields.into_problem())
    }

    fn metadata(&self, fields: &mut Fields) -> Option<BTreeMap<String, String>> {
        let Some(text) = &self.metadata else { return Some(BTreeMap::new()) };
        let read = serde_json::from_str::<Metadata>(text).map_err(|_| "must be a JSON object of texts");
        let metadata = fields.take("metadata", read)?.check("metadata", fields)?;
        if metadata.iter().any(|(name, text)| name.contains(is_unwanted) || text.contains(is_unwanted)) {
            fields.refuse("metadata", REFUSAL);
            return None;
        }
        Some(metadata)
    }

    fn money(&self, order: &Order, fields: &mut Fields) -> Option<Money> {
        let currency = match &self.currency {
            Some(code) => fields.take("currency", Currency::parse(code))?,
            None => order.currency,
        };
        let money = match &self.amount {
            Some(amount) => fields.take("amount", Money::parse(amount, currency))?,
            None if currency == order.currency => fields.take("amount", order.money())?,
            None => {
                fields.refuse("amount", "is needed when the currency is not the order's");
                return None;
            }
        };
        fields.take("amount", money.check_chargeable())?;
        Some(money)
    }

    fn expires_at(&self, merchant: &Merchant, now: DateTime<Utc>, fields: &mut Fields) -> Option<DateTime<Utc>> {
        let zone = merchant.zone();
        let Some(text) = &self.expires_on else { return Some(lifetime::usual_expiry(&zone, now)) };
        let day = fields.take("expires_on", CalendarDay::from(text.as_str()).value())?;
        fields.take("expires_on", lifetime::expiry_on(&zone, day, now))
    }
}
