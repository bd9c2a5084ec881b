//! Sample values for this module's tests.

use chrono::NaiveDate;

use super::Variables;
use crate::money::{Currency, Money};

pub(super) const LINK: &str = "https://pay.example.com/p/3f9KcQ2mZr8TtVw1xYb7Na";

pub(super) fn variables() -> Variables<'static> {
    Variables {
        merchant_name: "Blue Dove Books",
        customer_name: "Ada Lovelace",
        order_number: "A-1001",
        invoice_number: "INV-2026-0042",
        amount: Money::parse("1234.50", Currency::parse("eur").unwrap()).unwrap(),
        link: LINK,
        expires_on: NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
        metadata: None,
    }
}
