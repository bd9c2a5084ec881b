//! The filters of the lists, each with what it means of an order and of one of its links.

use chrono::{DateTime, Utc};
use domain::{
    Currency, LinkState, Zone,
    link::{Dispute, Review},
};
use entity::{
    Order,
    link::{self, LinkSearch},
    list::{PaidPeriod, Period},
    order::{OrderSearch, Tag},
};

use super::shop::made;

type IsMeant<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;
type Say<T> = Box<dyn Fn(&mut T) + Send + Sync>;

pub(super) struct Filter {
    pub(super) name: &'static str,
    /// Of which kind; two of one kind cannot be said together.
    pub(super) of: &'static str,
    /// Whether it means links, of which an order has one.
    pub(super) is_of_links: bool,
    pub(super) order: IsMeant<Order>,
    pub(super) link: IsMeant<link::Model>,
    pub(super) orders: Option<Say<OrderSearch>>,
    pub(super) links: Option<Say<LinkSearch>>,
}

impl Filter {
    fn of_orders(of: &'static str, name: &'static str, order: impl Fn(&Order) -> bool + Send + Sync + 'static) -> Self {
        Self {
            name,
            of,
            is_of_links: false,
            order: Box::new(order),
            link: Box::new(|_| true),
            orders: None,
            links: None,
        }
    }

    fn of_links(
        of: &'static str,
        name: &'static str,
        link: impl Fn(&link::Model) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { name, of, is_of_links: true, order: Box::new(|_| true), link: Box::new(link), orders: None, links: None }
    }

    fn said(
        self,
        orders: impl Fn(&mut OrderSearch) + Send + Sync + 'static,
        links: impl Fn(&mut LinkSearch) + Send + Sync + 'static,
    ) -> Self {
        Self { orders: Some(Box::new(orders)), links: Some(Box::new(links)), ..self }
    }

    fn of_orders_said(self, orders: impl Fn(&mut OrderSearch) + Send + Sync + 'static) -> Self {
        Self { orders: Some(Box::new(orders)), ..self }
    }

    fn of_links_said(self, links: impl Fn(&mut LinkSearch) + Send + Sync + 'static) -> Self {
        Self { links: Some(Box::new(links)), ..self }
    }
}

/// All filters, with values that many have, few have, and nobody has.
pub(super) fn all() -> Vec<Filter> {
    use LinkState::{Expired, Failed, Paid, Processing, Unpaid, Voided};
    let mut all = Vec::new();
    for (name, states) in [
        ("unpaid", vec![Unpaid]),
        ("failed", vec![Failed]),
        ("voided", vec![Voided]),
        ("creating", vec![LinkState::Creating]),
        ("processing or expired", vec![Processing, Expired]),
        ("paid or failed", vec![Paid, Failed]),
    ] {
        let (one, other, meant) = (states.clone(), states.clone(), states);
        let filter = Filter::of_links("status", name, move |link| meant.contains(&link.state));
        all.push(filter.said(move |all| all.statuses.clone_from(&one), move |all| all.states.clone_from(&other)));
    }
    for (name, tag) in [("tag none", Tag::None), ("tag unpaid", Tag::Unpaid), ("tag paid", Tag::Paid)] {
        let filter = Filter::of_orders("tag", name, move |order| order.tag == tag);
        all.push(filter.said(move |all| all.tag = Some(tag), move |all| all.tag = Some(tag)));
    }
    for (name, text, part) in [
        ("a usual name", "Weber", "anna weber"),
        ("a rare name", "rare n", "rare name"),
        ("two letters", "we", "we"),
        ("nobody", "nobody", "nobody"),
    ] {
        let filter =
            Filter::of_orders("q", name, move |order| order.search.as_ref().is_some_and(|it| it.contains(part)));
        let text = Some(text.to_owned());
        let other = text.clone();
        all.push(filter.said(move |all| all.text.clone_from(&text), move |all| all.text.clone_from(&other)));
    }
    let theirs = |order: &Order| order.customer_phone.as_ref().is_some_and(|phone| phone.as_e164() == "+12025550199");
    let phone = || Some("+1 202 555-0199".to_owned());
    all.push(
        Filter::of_orders("q", "a buyer", theirs).said(move |all| all.text = phone(), move |all| all.text = phone()),
    );
    for (name, from, to) in [
        ("paid lately", Some(made(550)), None),
        ("paid since long ago", Some(made(150)), None),
        ("paid long ago", None, Some(made(100))),
        ("paid on a day", Some(made(300)), Some(made(324))),
    ] {
        let period = PaidPeriod::new(Period { from, to }, &Zone::UTC);
        let filter = Filter::of_links("paid", name, move |link| is_paid_in(link, &period));
        all.push(filter.said(move |all| all.paid = period, move |all| all.paid = period));
    }
    let created = Period { from: Some(made(200)), to: Some(made(450)) };
    let within = move |at: DateTime<Utc>| created.from <= Some(at) && Some(at) <= created.to;
    let filter = Filter::of_orders("created", "created then", move |order| within(order.created_at));
    all.push(filter.of_orders_said(move |all| all.created = created));
    let filter = Filter::of_links("created", "made then", move |link| within(link.created_at));
    all.push(filter.of_links_said(move |all| all.created = created));
    let review = Some(Review::AmountMismatch);
    let filter = Filter::of_links("review", "a review", move |link| link.review == review);
    all.push(filter.said(move |all| all.review = review, move |all| all.review = review));
    let filter = Filter::of_orders("archived", "archived", |order| order.archived_at.is_some());
    all.push(filter.said(|all| all.archived = true, |all| all.archived = Some(true)));
    let filter = Filter::of_orders("archived", "not archived", |order| order.archived_at.is_none());
    all.push(filter.of_links_said(|all| all.archived = Some(false)));
    let day = made(250).date_naive();
    let due = move |order: &Order| order.due_date.as_ref().is_some_and(|due| *due < day.to_string());
    let filter = Filter::of_orders("tag", "overdue", move |order| order.tag == Tag::Unpaid && due(order));
    all.push(filter.of_orders_said(move |all| (all.tag, all.due_before) = (Some(Tag::Unpaid), Some(day))));
    for (name, disputes) in [("a dispute", vec![Dispute::Open]), ("disputes", vec![Dispute::Open, Dispute::Lost])] {
        let meant = disputes.clone();
        let filter = Filter::of_links("dispute", name, move |link| link.dispute.is_some_and(|it| meant.contains(&it)));
        all.push(filter.of_links_said(move |all| all.disputes.clone_from(&disputes)));
    }
    let euros = Currency::parse("eur").unwrap();
    let filter = Filter::of_links("currency", "in euros", move |link| link.currency == euros);
    all.push(filter.of_links_said(move |all| all.currency = Some(euros)));
    all
}

/// At a moment through Stripe, or on a day elsewhere.
fn is_paid_in(link: &link::Model, period: &PaidPeriod) -> bool {
    let Some(at) = link.paid_at else { return false };
    match link.paid_elsewhere_on() {
        Some(day) => period.days.0.is_none_or(|from| from <= day) && period.days.1.is_none_or(|to| day <= to),
        None => period.at.from.is_none_or(|from| from <= at) && period.at.to.is_none_or(|to| at <= to),
    }
}
