//! Validates a new order field by field.

use domain::{Currency, Money, PhoneNumber, limits::LONGEST_NUMBER, phone::PhoneNote};
use entity::{
    Merchant, Order,
    order::{Dates, Details, Kept, NewOrder, OrderItem},
};
use poem_openapi::{Object, types::Example};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::order_sum;
use crate::{
    Problem,
    http::{
        fields::Fields,
        typed::{Amount, CalendarDay, CurrencyCode, Language, Line, Metadata, PhoneText, Prose},
    },
};

/// The most characters of all item descriptions together, which bounds the cost of rendering the details page.
const MOST_TEXT: usize = 50_000;

/// The warning about a number that may not get texts.
pub(super) fn landline_warning(phone: &PhoneNumber) -> Option<String> {
    phone.is_landline().then(|| "phone_landline".to_owned())
}

/// A new order.
#[derive(Clone, Debug, Deserialize, Object, Serialize)]
#[oai(rename = "NewOrder", example)]
pub(super) struct Input {
    /// Your own number for the order.
    pub(super) number: Line<LONGEST_NUMBER>,
    /// The buyer.
    pub(super) customer: CustomerInput,
    /// The total as a decimal string: `"129.50"`. It must equal the sum of items, shipping, discount and tax; with
    /// items it may be left out.
    pub(super) amount: Option<Amount>,
    /// ISO 4217, such as `eur`. Absent: the merchant's currency.
    pub(super) currency: Option<CurrencyCode>,
    /// The items.
    #[oai(default, validator(max_items = 500))]
    #[serde(default)]
    pub(super) items: Vec<ItemInput>,
    /// The cost of shipping.
    pub(super) shipping: Option<Amount>,
    /// The discount.
    pub(super) discount: Option<Amount>,
    /// The tax, unless it is included in the items.
    pub(super) tax: Option<Amount>,
    /// The date of your invoice. Absent: the day on which the payment link is created.
    pub(super) invoice_date: Option<CalendarDay>,
    /// The day by which the invoice is to be paid. An unpaid order is overdue after it; the payment link can still be
    /// paid.
    pub(super) due_date: Option<CalendarDay>,
    /// Data for your software.
    #[oai(default)]
    #[serde(default)]
    pub(super) metadata: Metadata,
    /// Notes for your staff. Buyers never see them.
    pub(super) notes: Option<Prose<2000>>,
}

/// The buyer of a new order.
#[derive(Clone, Debug, Deserialize, Object, Serialize)]
#[oai(rename = "NewCustomer")]
pub(super) struct CustomerInput {
    /// The name.
    pub(super) name: Line<120>,
    /// The phone number. Without a country code it is read as one of the merchant's region.
    pub(super) phone: PhoneText,
    /// The language as a BCP 47 tag.
    pub(super) language: Option<Language>,
}

/// An item of a new order.
#[derive(Clone, Debug, Deserialize, Object, Serialize)]
#[oai(rename = "NewItem")]
pub(super) struct ItemInput {
    /// The description.
    pub(super) description: Line<500>,
    /// The quantity.
    #[oai(validator(minimum(value = "1")))]
    pub(super) quantity: u32,
    /// The unit price.
    pub(super) unit_amount: Amount,
}

impl Example for Input {
    fn example() -> Self {
        Self {
            number: "1002".into(),
            customer: CustomerInput {
                name: "Example Buyer".into(),
                phone: "+12025550123".into(),
                language: Some("en".into()),
            },
            amount: Some("129.50".into()),
            currency: Some("usd".into()),
            items: vec![ItemInput { description: "Wedding cake".into(), quantity: 1, unit_amount: "124.00".into() }],
            shipping: Some("5.50".into()),
            discount: None,
            tax: None,
            invoice_date: Some("2026-11-26".into()),
            due_date: Some("2026-12-10".into()),
            metadata: Metadata::default(),
            notes: Some("Deliver to the back door.".into()),
        }
    }
}

/// Warnings about a number that was interpreted differently from what was written, or will hardly get a text.
pub(super) fn phone_warnings(phone: &str, merchant: &Merchant) -> Vec<String> {
    let Ok((phone, note)) = PhoneNumber::parse_noting(phone, merchant.region) else {
        return Vec::new();
    };
    let extension = note.map(|PhoneNote::ExtensionLeftOut| "phone_extension_left_out");
    extension.map(str::to_owned).into_iter().chain(landline_warning(&phone)).collect()
}

impl Input {
    /// The input that would create an existing order.
    pub(super) fn of(order: &Order) -> Result<Self, DbErr> {
        let details = order.details()?;
        let decimal = |minor: i64| {
            let money = Money::from_minor(minor, order.currency).map_err(|error| DbErr::Type(error.to_string()))?;
            Ok::<Amount, DbErr>(money.to_decimal_string().into())
        };
        let item = |item: &OrderItem| {
            let description = item.description.as_str().into();
            Ok::<_, DbErr>(ItemInput { description, quantity: item.quantity, unit_amount: decimal(item.unit_amount)? })
        };
        Ok(Self {
            number: order.number.as_str().into(),
            customer: CustomerInput {
                name: order.customer_name.as_str().into(),
                phone: order.customer_phone.as_ref().map_or("", PhoneNumber::as_e164).into(),
                language: order.language.as_deref().map(Language::from),
            },
            amount: Some(decimal(order.amount)?),
            currency: Some(order.currency.as_str().into()),
            items: details.items.iter().map(item).collect::<Result<_, _>>()?,
            shipping: details.shipping.map(decimal).transpose()?,
            discount: details.discount.map(decimal).transpose()?,
            tax: details.tax.map(decimal).transpose()?,
            invoice_date: order.invoice_date.as_deref().map(CalendarDay::from),
            due_date: order.due_date.as_deref().map(CalendarDay::from),
            metadata: Metadata(order.metadata()?),
            notes: order.notes.as_deref().map(Prose::from),
        })
    }

    /// Warnings about the buyer's number.
    pub(super) fn warnings(&self, merchant: &Merchant) -> Vec<String> {
        phone_warnings(&self.customer.phone, merchant)
    }

    /// The order, or all errors.
    pub(super) fn check(self, merchant: &Merchant) -> Result<NewOrder, Problem> {
        let mut fields = Fields::default();
        let phone = PhoneNumber::parse(&self.customer.phone, merchant.region);
        let customer_phone = fields.take("customer.phone", phone);
        let terms = self.terms(merchant, &mut fields);
        let [invoice, due] = [("invoice_date", &self.invoice_date), ("due_date", &self.due_date)]
            .map(|(field, day)| day.as_ref().and_then(|day| fields.take(field, day.value())));
        let dates = Dates { invoice, due };
        in_order(dates, &mut fields);
        let number = number(&self.number, &mut fields);
        let kept = self.metadata.clone().check("metadata", &mut fields).map(|metadata| Kept {
            metadata,
            notes: self.notes.as_ref().and_then(|notes| noted(notes)),
            language: self.customer.language.as_ref().map(|language| language.to_string()),
        });
        let (Some(number), Some(customer_phone), Some(terms), Some(kept)) = (number, customer_phone, terms, kept)
        else {
            return Err(fields.into_problem());
        };
        fields.none_wrong()?;
        let (money, details) = terms.total()?;
        let customer_name = self.customer.name.trimmed();
        Ok(NewOrder { merchant_id: merchant.id, number, customer_name, customer_phone, money, details, dates, kept })
    }

    /// The order's amounts, all in one currency.
    pub(super) fn terms(&self, merchant: &Merchant, fields: &mut Fields) -> Option<OrderTerms> {
        let currency = match (&self.currency, merchant.currency) {
            (Some(code), _) => fields.take("currency", code.value())?,
            (None, Some(default)) => default,
            (None, None) => {
                fields.refuse("currency", "is missing, and no usual currency is set");
                return None;
            }
        };
        let (given, details) = AmountParser { currency, fields }.check(self)?;
        Some(OrderTerms { currency, given, details })
    }
}

/// The amounts of an order, as sent.
pub(super) struct OrderTerms {
    currency: Currency,
    given: Option<Money>,
    details: Details,
}

impl OrderTerms {
    /// The total and the details, if they add up.
    pub(super) fn total(self) -> Result<(Money, Details), Problem> {
        Ok((order_sum::total(&self.details, self.currency, self.given)?, self.details))
    }
}

/// An order number. People read it aloud and retype it, so invisible characters and directional controls are refused.
pub(super) fn number(sent: &Line<LONGEST_NUMBER>, fields: &mut Fields) -> Option<String> {
    let is_odd = |character: char| {
        matches!(character, '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}')
    };
    if sent.contains(is_odd) {
        fields.refuse("number", "must not contain invisible characters, or ones that change the direction of writing");
        return None;
    }
    Some(sent.trimmed())
}

/// Refuses an invoice that is due before its own date.
pub(super) fn in_order(dates: Dates, fields: &mut Fields) {
    if dates.invoice.zip(dates.due).is_some_and(|(invoice, due)| due < invoice) {
        fields.refuse("due_date", "must not be before the date of the invoice");
    }
}

/// The notes, or `None` if they are blank.
pub(super) fn noted(notes: &str) -> Option<String> {
    Some(notes.trim()).filter(|notes| !notes.is_empty()).map(str::to_owned)
}

/// Parses the amounts of an order in its currency.
struct AmountParser<'a> {
    currency: Currency,
    fields: &'a mut Fields,
}

impl AmountParser<'_> {
    /// The given total, if any, and its parts.
    fn check(mut self, input: &Input) -> Option<(Option<Money>, Details)> {
        let total = input.amount.as_ref().map(|text| self.amount("amount", text));
        if total.flatten().is_some_and(Money::is_zero) {
            self.fields.refuse("amount", "must be more than zero");
            return None;
        }
        let shipping = self.optional("shipping", input.shipping.as_deref())?;
        let discount = self.optional("discount", input.discount.as_deref())?;
        let tax = self.optional("tax", input.tax.as_deref())?;
        let items = self.items(&input.items)?;
        let given = match total {
            Some(read) => Some(read?),
            None => None,
        };
        Some((given, Details { items, shipping, discount, tax }))
    }

    fn amount(&mut self, field: &str, text: &str) -> Option<Money> {
        self.fields.take(field, Money::parse(text, self.currency))
    }

    /// `None` if it is invalid, `Some(None)` if it is absent.
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    fn optional(&mut self, field: &str, text: Option<&str>) -> Option<Option<i64>> {
        let Some(text) = text else { return Some(None) };
        self.amount(field, text).map(|money| Some(money.minor()))
    }

    fn items(&mut self, items: &[ItemInput]) -> Option<Vec<OrderItem>> {
        if items.iter().map(|item| item.description.chars().count()).sum::<usize>() > MOST_TEXT {
            self.fields
                .refuse("items", format!("must not have descriptions of more than {MOST_TEXT} characters together"));
            return None;
        }
        let read: Vec<Option<OrderItem>> =
            items.iter().enumerate().map(|(index, item)| self.item(index, item)).collect();
        read.into_iter().collect()
    }

    fn item(&mut self, index: usize, item: &ItemInput) -> Option<OrderItem> {
        let field = |name: &str| format!("items[{index}].{name}");
        let description = item.description.trimmed();
        let unit = self.amount(&field("unit_amount"), &item.unit_amount)?;
        self.fields.take(&field("unit_amount"), unit.checked_mul(item.quantity))?;
        Some(OrderItem { description, quantity: item.quantity, unit_amount: unit.minor() })
    }
}
