//! What a link's page says, by the state of the link.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Money, link::lifetime};
use entity::{
    Merchant, Order,
    link::{self, ExpectedState},
    logo,
};

use super::{Again, InvoicePart, LogoPart, MerchantPart, PayLaterPart};
use crate::{
    Problem,
    buyer::{
        assets::colour_name,
        contact::Contact,
        of_payment::{AfterPayment, PaidMoney},
        page_state::PageState,
        words::Words,
    },
    http::{hex::hex, language::favourite},
    v1::has_receipt,
};

/// The factor for pages without scripts, where a reload interrupts the reader.
const SLOWLY: u32 = 5;

/// How long Stripe may stay silent before buyers can say that they have not paid.
const UNHEARD: TimeDelta = TimeDelta::minutes(1);

/// The most items that are listed; the invoice has the rest.
const MOST_ITEMS: usize = 10;

/// The data of a link's page.
pub(in crate::buyer) struct PageSubject<'a> {
    pub(in crate::buyer) link: &'a link::Model,
    pub(in crate::buyer) owner: &'a Merchant,
    pub(in crate::buyer) logo: Option<logo::LogoInfo>,
    pub(in crate::buyer) order: Option<&'a Order>,
    /// What became of its payments.
    pub(in crate::buyer) after_payment: AfterPayment,
    pub(in crate::buyer) token: &'a str,
    pub(in crate::buyer) page_state: PageState,
    /// Whether the buyer has pressed the button for not recognising the request, without confirming yet.
    pub(in crate::buyer) is_unsure: bool,
    /// Whether another link of the order can be paid, if this one is closed.
    pub(in crate::buyer) has_newer_link: bool,
    /// Whether the visitor is the merchant.
    pub(in crate::buyer) is_merchants_own: bool,
    pub(in crate::buyer) now: DateTime<Utc>,
    /// The buyer's `Accept-Language`.
    pub(in crate::buyer) language: &'a str,
    /// The texts in that language.
    pub(in crate::buyer) words: &'static Words,
}

impl PageSubject<'_> {
    /// The day of the payment.
    fn paid_on(&self) -> Option<String> {
        let noted = self.link.paid_at?;
        Some(self.link.paid_elsewhere_on().map_or_else(|| self.day(noted), |day| self.words.day(day)))
    }

    fn day(&self, at: DateTime<Utc>) -> String {
        self.words.day(self.owner.day_of(at))
    }

    pub(super) fn merchant(&self) -> MerchantPart {
        MerchantPart {
            name: self.owner.name.clone(),
            contact: self.owner.contact.clone(),
            reach: self
                .owner
                .contact
                .as_deref()
                .map(|text| Contact::of(text, self.owner.region))
                .filter(|it| !it.is_none()),
            logo: self.logo.as_ref().map(|logo| LogoPart { width: logo.width, height: logo.height }),
            colour: self.owner.colour.map(colour_name),
        }
    }

    /// An amount as the buyer writes it.
    fn written(&self, amount: Money) -> String {
        self.words.isolated(amount.in_language(favourite(self.language).unwrap_or_default()))
    }

    fn customer(&self) -> Option<String> {
        let order = self.order?;
        let first_name = order.customer_name.split_whitespace().next()?;
        let phone = order.customer_phone.as_ref()?.as_e164();
        Some(self.words.customer(first_name, phone.get(phone.len().checked_sub(3)?..)?))
    }

    /// Whether the buyer is asked whether they have paid, because Stripe does not tell.
    fn can_say_unpaid(&self) -> bool {
        let unheard = self.link.last_at_stripe().is_none_or(|seen| self.now - seen >= UNHEARD);
        self.page_state.is_uncertain() && self.link.can_be_paid(self.now) && unheard
    }

    /// Refreshes a page whose buyer never pressed Pay here only if the URL says that they come from Stripe.
    pub(super) fn again(&self) -> Option<Again> {
        let seconds = self.page_state.looks_again_after()?;
        let only_by_address = self.page_state == PageState::Confirming && self.link.pay_pressed_at.is_none();
        let page = format!("/p/{}{}", self.token, if only_by_address { "?returned=1" } else { "" });
        Some(Again { seconds, slowly: seconds.max(SLOWLY), page })
    }

    /// What is told of the money of a paid link, where that is not simply paid.
    pub(super) fn of_money(&self) -> Option<String> {
        let (link, after, merchant) = (self.link, self.after_payment, self.owner.name.as_str());
        let money = PaidMoney { link, after, merchant, written: &|amount| self.written(amount) };
        let simply = self.words.sentence(PageState::Paid);
        self.words.of_money(&money, Some(simply)).filter(|_| self.page_state == PageState::Paid)
    }

    /// The first sentence of the page, where the money of a paid link has none of its own.
    pub(super) fn sentence(&self) -> String {
        let words = self.words;
        match self.page_state {
            PageState::Open if self.link.failed_sessions.is_some() => words.of_payment().open_again.clone(),
            // It does not name the other link, since this one may have been sent to another number.
            state if state.is_closed() && self.has_newer_link => words.newer_link(&self.owner.name),
            state if state.is_closed() && self.link.new_link_wanted_at.is_none() => words.closed(state),
            state => words.sentence(state).to_owned(),
        }
    }

    /// The items of the order, short enough for a phone.
    fn items(&self) -> Result<Vec<String>, Problem> {
        let Some(order) = self.order else { return Ok(Vec::new()) };
        let details = order.details()?;
        let items = details.items.iter().take(MOST_ITEMS);
        let mut lines: Vec<String> = items
            .map(|item| match item.quantity {
                1 => item.description.clone(),
                quantity => format!("{quantity} × {}", item.description),
            })
            .collect();
        if details.items.len() > MOST_ITEMS {
            lines.push("…".to_owned());
        }
        Ok(lines)
    }

    fn pay_later(&self) -> Option<PayLaterPart> {
        let (first, last) = (self.owner.day_of(self.now), self.owner.day_of(self.link.expires_at));
        let may_say = self.page_state == PageState::Open && self.link.expected_on.is_none() && first < last;
        may_say.then(|| PayLaterPart { first: first.to_string(), last: last.to_string() })
    }

    fn expected(&self) -> Option<String> {
        let day = self.link.expected_on.as_deref()?.parse().ok()?;
        (self.link.expected_state(self.now)? == ExpectedState::Pending)
            .then(|| self.words.expected(&self.words.day(day)))
    }

    pub(super) fn invoice(&self) -> Result<Option<InvoicePart>, Problem> {
        let (Some(number), Some(money)) = (&self.link.invoice_number, self.link.money()?) else { return Ok(None) };
        if !self.page_state.shows_invoice() {
            return Ok(None);
        }
        let payable = self.page_state == PageState::Open;
        let denied = self.link.unrecognised_at.is_some();
        let (words, merchant) = (self.words, self.owner.name.as_str());
        let amount = self.written(money);
        let refunded = self.after_payment.refunded(self.link)?;
        Ok(Some(InvoicePart {
            customer: self.customer(),
            number: number.clone(),
            pay: words.pay(&amount),
            secured: words.secured(merchant),
            amount,
            paid_on: self.paid_on(),
            due_on: self.order.and_then(|order| order.dates().due).filter(|_| payable).map(|day| words.day(day)),
            expires_on: self.words.day(lifetime::last_day(
                &self.owner.zone(),
                self.link.created_at,
                self.link.expires_at,
            )),
            fingerprint: self.link.document_sha256.as_deref().map(hex),
            payable,
            can_say_unpaid: self.can_say_unpaid(),
            has_picture: self.link.document_picture.is_some(),
            can_deny: payable && !denied && !self.is_unsure,
            sure: (payable && !denied && self.is_unsure).then(|| words.sure(merchant)),
            denied: (payable && denied).then(|| words.denied(merchant)),
            refunded: refunded.map(|back| self.written(back)),
            items: self.items()?,
            has_receipt: has_receipt(self.link),
            pay_later: self.pay_later(),
            expected: self.expected().filter(|_| payable),
        }))
    }
}
