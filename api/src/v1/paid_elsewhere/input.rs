//! What is said of a payment received without Stripe.

use chrono::NaiveDate;
use domain::{
    Money,
    limits::{LONGEST_NOTE, LONGEST_NUMBER},
    link::ElsewhereMethod,
};
use entity::{
    Order,
    link::{self, PaidElsewhere},
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::{
    Problem,
    auth::Principal,
    http::{
        fields::Fields,
        typed::{Amount, CalendarDay, Line, Text},
    },
};

/// A payment received without Stripe.
#[derive(Debug, Deserialize, Object, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkPaid {
    /// The payment method.
    method: Text<ElsewhereMethod>,
    /// The day of the payment, such as `2026-11-26`; absent: today in your time zone.
    on: Option<CalendarDay>,
    /// A note for your records, in one line.
    note: Option<String>,
    /// Whether the buyer gets a receipt by text; absent: as the merchant says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) receipt: Option<bool>,
}

/// A payment for an order that was not requested by a link.
#[derive(Debug, Deserialize, Object, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkOrderPaid {
    /// The payment method.
    method: Text<ElsewhereMethod>,
    /// The day of the payment, such as `2026-11-26`; absent: today in your time zone.
    on: Option<CalendarDay>,
    /// A note for your records, in one line.
    note: Option<String>,
    /// Whether the buyer gets a receipt by text; absent: as the merchant says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) receipt: Option<bool>,
    /// The amount in the order's currency; absent: the order's amount.
    amount: Option<Amount>,
    /// The invoice number; absent: the order's number.
    invoice_number: Option<Line<LONGEST_NUMBER>>,
}

impl MarkPaid {
    pub(super) fn check(&self, key: &Principal, today: NaiveDate) -> Result<PaidElsewhere, Problem> {
        let mut fields = Fields::default();
        let on = day(self.on.as_ref(), today, &mut fields);
        let note = note(self.note.as_deref(), &mut fields);
        let (Some(on), false) = (on, fields.any()) else { return Err(fields.into_problem()) };
        Ok(PaidElsewhere { method: self.method.0, on, note, actor: key.key.to_string() })
    }

    /// Whether the link already has everything in the input.
    pub(super) fn is_said_of(&self, link: &link::Model, paid: &PaidElsewhere) -> bool {
        link.elsewhere_method == Some(paid.method)
            && (self.on.is_none() || link.elsewhere_on == Some(paid.on.to_string()))
            && (paid.note.is_none() || link.elsewhere_note == paid.note)
            && (self.receipt.is_none() || link.receipt == self.receipt)
    }
}

/// The day of the payment.
fn day(sent: Option<&CalendarDay>, today: NaiveDate, fields: &mut Fields) -> Option<NaiveDate> {
    let day = sent.map_or(Some(today), |day| fields.take("on", day.value()))?;
    if day > today {
        fields.refuse("on", "must not be in the future");
        return None;
    }
    Some(day)
}

fn note(sent: Option<&str>, fields: &mut Fields) -> Option<String> {
    let note = sent.filter(|note| !note.trim().is_empty())?;
    fields.text("note", note, LONGEST_NOTE)
}

/// The payment of an order as entered.
pub(super) struct Payment {
    pub(super) paid: PaidElsewhere,
    pub(super) money: Money,
    pub(super) invoice_number: String,
}

impl MarkOrderPaid {
    pub(super) fn check(&self, key: &Principal, order: &Order, today: NaiveDate) -> Result<Payment, Problem> {
        let mut fields = Fields::default();
        let on = day(self.on.as_ref(), today, &mut fields);
        let note = note(self.note.as_deref(), &mut fields);
        let money = match self.amount.as_deref() {
            Some(amount) => fields.take("amount", Money::parse(amount, order.currency)),
            None => fields.take("amount", order.money()),
        };
        if money.is_some_and(Money::is_zero) {
            fields.refuse("amount", "must be more than zero");
        }
        let number = self.invoice_number.as_deref().unwrap_or(&order.number);
        let invoice_number = fields.text("invoice_number", number, LONGEST_NUMBER);
        let (Some(on), Some(money), Some(invoice_number), false) = (on, money, invoice_number, fields.any()) else {
            return Err(fields.into_problem());
        };
        let paid = PaidElsewhere { method: self.method.0, on, note, actor: key.key.to_string() };
        Ok(Payment { paid, money, invoice_number })
    }
}
