//! Rare rows are found as if everything were read: by a filter, by waiting events, by a text.

use chrono::TimeDelta;
use domain::{LinkId, LinkState, MessageId, OrderId, PhoneNumber, WebhookEventId, link::LinkEvent};
use entity::{
    Message, conversation,
    link::{self, LinkSearch, StripeFacts},
    list::{Found, Place, Sort},
    message::{self, MessageSearch, ReceivedText},
    order::{self, OrderSearch, Tag},
    webhook_event::{self, Conclusion, EventState, NewEvent, Source, WebhookEventSearch},
};
use queue::{EnqueueOptions, ProcessStripeEvent, enqueue};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::{Rows, now, on_both_databases};

/// The orders with this tag, and the orders of the links of those, by both lists.
async fn tagged(rows: &Rows, tag: Tag) -> (Vec<OrderId>, Vec<OrderId>) {
    let place = Place { limit: 10, ..Place::default() };
    let orders = OrderSearch { tag: Some(tag), place, ..OrderSearch::default() };
    let orders = order::search(rows.db.pool(), rows.merchant, orders).await.unwrap();
    let links = LinkSearch { tag: Some(tag), place: Place { limit: 10, ..Place::default() }, ..LinkSearch::default() };
    let links = link::search(rows.db.pool(), rows.merchant, links).await.unwrap();
    let orders = orders.rows.iter().map(|order| order.id).collect();
    (orders, links.rows.iter().map(|(link, _)| link.order_id).collect())
}

/// The links in these states, oldest first, which are those of the orders with such a link.
async fn in_states(rows: &Rows, states: &[LinkState]) -> Vec<LinkId> {
    let place = Place { limit: 10, ..Place::default() };
    let links = LinkSearch { states: states.to_vec(), place, ..LinkSearch::default() };
    let links = link::search(rows.db.pool(), rows.merchant, links).await.unwrap();
    let place = Place { limit: 10, ..Place::default() };
    let orders = OrderSearch { statuses: states.to_vec(), place, ..OrderSearch::default() };
    let orders = order::search(rows.db.pool(), rows.merchant, orders).await.unwrap();
    let mut of_links: Vec<OrderId> = links.rows.iter().map(|(link, _)| link.order_id).collect();
    of_links.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(orders.rows.iter().map(|order| order.id).collect::<Vec<_>>(), of_links);
    let mut found: Vec<LinkId> = links.rows.iter().map(|(link, _)| link.id).collect();
    assert!(found.is_sorted_by(|one, other| one > other), "{found:?}");
    found.reverse();
    found
}

fn made(name: &str) -> StripeFacts {
    StripeFacts {
        link_id: Some(format!("plink_{name}")),
        url: Some(format!("https://buy.stripe.com/{name}")),
        livemode: Some(false),
        ..StripeFacts::default()
    }
}

async fn becomes(rows: &Rows, link: &link::Model, event: LinkEvent) {
    let link = link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap();
    rows.advance(&link, event, &made("1")).await;
}

/// Events received this many milliseconds from now, applied or not.
async fn events(rows: &Rows, after: std::ops::Range<i64>, state: Option<EventState>) -> Vec<WebhookEventId> {
    let (db, at) = (rows.db.pool(), now());
    let event = |after: i64| NewEvent {
        id: WebhookEventId::new(at + TimeDelta::milliseconds(after)),
        merchant_id: rows.merchant,
        source: Source::Stripe,
        external_id: format!("evt_{after}"),
        kind: "checkout.session.completed".to_owned(),
        payload: "{}".to_owned(),
        traceparent: None,
    };
    let events: Vec<NewEvent> = after.map(event).collect();
    for some in events.chunks(200) {
        webhook_event::store(db, some, at).await.unwrap();
        let Some(state) = state else { continue };
        let conclusion = |event: &NewEvent| Conclusion {
            merchant: rows.merchant,
            event: event.id,
            state,
            link: None,
            error: None,
            is_first: false,
        };
        webhook_event::conclude(db, &some.iter().map(conclusion).collect::<Vec<_>>(), at).await.unwrap().unwrap();
    }
    events.into_iter().map(|event| event.id).collect()
}

async fn waiting(rows: &Rows, before: Option<WebhookEventId>, limit: u64) -> Vec<WebhookEventId> {
    let search =
        WebhookEventSearch { state: Some(EventState::Received), before, limit, ..WebhookEventSearch::default() };
    let found = queue::admin::waiting_events(rows.db.pool(), rows.merchant, &search).await.unwrap();
    found.rows.iter().map(|event| event.id).collect()
}

async fn texts(rows: &Rows, text: &str, after: Option<MessageId>, sort: Sort) -> Found<Message, MessageId> {
    let place = Place { after, sort, limit: 5, ..Place::default() };
    let search = MessageSearch { text: Some(text.to_owned()), place, ..MessageSearch::default() };
    message::search(rows.db.pool(), rows.merchant, search).await.unwrap()
}

on_both_databases! {
    async fn an_order_is_among_those_nobody_is_asked_to_pay_until_its_link_can_be_paid(rows) {
        let (asked, other) = (rows.order().await, rows.order().await);
        let both = [asked.id, other.id];
        let among = |found: &[OrderId]| both.iter().filter(|id| found.contains(id)).count();
        assert_eq!(among(&tagged(&rows, Tag::None).await.0), 2);
        let link = rows.link(&asked).await.unwrap();
        let (orders, of_links) = tagged(&rows, Tag::None).await;
        assert_eq!((among(&orders), of_links), (2, vec![asked.id]), "it is being made");

        becomes(&rows, &link, LinkEvent::Created).await;
        assert_eq!(tagged(&rows, Tag::None).await, (vec![other.id], Vec::new()));
        assert_eq!(tagged(&rows, Tag::Unpaid).await, (vec![asked.id], vec![asked.id]));
        becomes(&rows, &link, LinkEvent::VoidRequested).await;
        becomes(&rows, &link, LinkEvent::CloseConfirmed).await;
        let (orders, of_links) = tagged(&rows, Tag::None).await;
        assert_eq!((among(&orders), of_links), (2, vec![asked.id]), "the request was taken back");
        assert_eq!(tagged(&rows, Tag::Unpaid).await, (Vec::new(), Vec::new()));

        let again = rows.link(&asked).await.unwrap();
        rows.advance(&again, LinkEvent::Created, &made("2")).await;
        let again = link::find(rows.db.pool(), rows.merchant, again.id).await.unwrap().unwrap();
        rows.advance(&again, LinkEvent::PaymentSucceeded, &made("2")).await;
        assert_eq!(tagged(&rows, Tag::None).await, (vec![other.id], Vec::new()));
        assert_eq!(tagged(&rows, Tag::Paid).await.0, [asked.id]);
        assert_eq!(tagged(&rows, Tag::Unpaid).await, (Vec::new(), Vec::new()));
    }

    async fn a_link_is_among_those_closed_as_long_as_it_is_that(rows) {
        use LinkState::{Expired, Voided};
        let mut links = Vec::new();
        for name in ["1", "2", "3"] {
            let link = rows.link(&rows.order().await).await.unwrap();
            rows.advance(&link, LinkEvent::Created, &made(name)).await;
            links.push(link);
        }
        let [voided, expired, paid] = links.as_slice() else { unreachable!("three were made") };
        becomes(&rows, voided, LinkEvent::VoidRequested).await;
        assert!(in_states(&rows, &[Voided]).await.is_empty(), "Stripe has not confirmed it");
        becomes(&rows, voided, LinkEvent::CloseConfirmed).await;
        becomes(&rows, expired, LinkEvent::ExpiryReached).await;
        becomes(&rows, expired, LinkEvent::CloseConfirmed).await;
        becomes(&rows, paid, LinkEvent::PaidElsewhere).await;
        becomes(&rows, paid, LinkEvent::CloseConfirmed).await;
        assert_eq!(in_states(&rows, &[Voided]).await, [voided.id]);
        assert_eq!(in_states(&rows, &[Expired]).await, [expired.id]);
        let mut both = vec![expired.id, voided.id];
        both.sort_unstable();
        assert_eq!(in_states(&rows, &[Expired, Voided]).await, both);

        becomes(&rows, expired, LinkEvent::PaymentSucceeded).await;
        assert!(in_states(&rows, &[Expired]).await.is_empty());
        becomes(&rows, voided, LinkEvent::PaymentSucceeded).await;
        assert!(in_states(&rows, &[Voided]).await.is_empty());
        let mut all = vec![voided.id, expired.id, paid.id];
        all.sort_unstable();
        assert_eq!(in_states(&rows, &[LinkState::Paid]).await, all);
    }

    async fn an_open_link_is_found_by_its_state_whatever_way_it_goes(rows) {
        use LinkState::{Creating, Expiring, Processing, Settling, Unpaid, Voiding};
        let mut links = Vec::new();
        for name in ["1", "2", "3", "4", "5"] {
            let link = rows.link(&rows.order().await).await.unwrap();
            assert_eq!(in_states(&rows, &[Creating]).await, [link.id]);
            rows.advance(&link, LinkEvent::Created, &made(name)).await;
            assert!(in_states(&rows, &[Creating]).await.is_empty());
            links.push(link);
        }
        let all: Vec<LinkId> = links.iter().map(|link| link.id).collect();
        assert_eq!(in_states(&rows, &[Unpaid]).await, all);
        let ways = [
            (LinkEvent::PaymentPending, Processing),
            (LinkEvent::VoidRequested, Voiding),
            (LinkEvent::ExpiryReached, Expiring),
            (LinkEvent::PaidElsewhere, Settling),
        ];
        for (at, (event, state)) in ways.into_iter().enumerate() {
            becomes(&rows, &links[at], event).await;
            assert_eq!(in_states(&rows, &[state]).await, [all[at]]);
            assert_eq!(in_states(&rows, &[Unpaid]).await, all[at + 1..]);
            assert_eq!(in_states(&rows, &[state, Unpaid]).await, all[at..]);
        }
        assert_eq!(in_states(&rows, &[Voiding, Settling, Processing, Expiring]).await, all[..4]);
        assert_eq!(in_states(&rows, &[Unpaid, Processing, LinkState::Paid]).await, [all[0], all[4]]);
        becomes(&rows, &links[0], LinkEvent::PaymentSucceeded).await;
        becomes(&rows, &links[4], LinkEvent::PaymentSucceeded).await;
        assert!(in_states(&rows, &[Unpaid, Processing]).await.is_empty());

        // One after the other, of both states in turn.
        becomes(&rows, &links[1], LinkEvent::CloseConfirmed).await;
        let page = async |after| {
            let place = Place { after, limit: 1, ..Place::default() };
            let search = LinkSearch { states: vec![LinkState::Voided, Settling, Expiring], place, ..LinkSearch::default() };
            let found = link::search(rows.db.pool(), rows.merchant, search).await.unwrap();
            found.rows.first().map(|(link, _)| link.id)
        };
        assert_eq!(page(None).await, Some(all[3]));
        assert_eq!(page(Some(all[3])).await, Some(all[2]));
        assert_eq!(page(Some(all[2])).await, Some(all[1]));
        assert_eq!(page(Some(all[1])).await, None);
    }

    async fn what_waits_is_found_behind_a_thousand_events_that_were_applied(rows) {
        let old = events(&rows, 0..3, None).await;
        for event in &old {
            let job = ProcessStripeEvent { merchant: rows.merchant, event: *event };
            let options = EnqueueOptions::for_merchant(rows.merchant);
            let _unnotified = enqueue(rows.db.pool(), &job, options, now()).await.unwrap();
        }
        assert_eq!(waiting(&rows, None, 10).await, [old[2], old[1], old[0]]);
        events(&rows, 10_000..11_100, Some(EventState::Applied)).await;

        assert_eq!(waiting(&rows, None, 10).await, [old[2], old[1], old[0]]);
        assert_eq!(waiting(&rows, None, 2).await, [old[2], old[1]]);
        assert_eq!(waiting(&rows, Some(old[1]), 10).await, [old[0]]);
    }

    async fn what_meant_nothing_is_found_page_by_page(rows) {
        let ignored = events(&rows, 0..5, Some(EventState::Ignored)).await;
        events(&rows, 10..15, Some(EventState::Applied)).await;
        let page = async |before: Option<WebhookEventId>, kind: Option<&str>| {
            let kind = kind.map(str::to_owned);
            let search = WebhookEventSearch { state: Some(EventState::Ignored), before, kind, limit: 3, ..WebhookEventSearch::default() };
            let found = webhook_event::search(rows.db.pool(), rows.merchant, &search).await.unwrap();
            found.rows.iter().map(|event| event.id).collect::<Vec<_>>()
        };
        for kind in [None, Some("checkout.session.completed")] {
            assert_eq!(page(None, kind).await, [ignored[4], ignored[3], ignored[2]]);
            assert_eq!(page(Some(ignored[2]), kind).await, [ignored[1], ignored[0]]);
        }
        assert!(page(None, Some("charge.refunded")).await.is_empty());
    }

    async fn a_word_of_long_ago_is_looked_for_ten_thousand_texts_at_a_time(rows) {
        let phone = PhoneNumber::from_e164("+12025550123").unwrap();
        let (tx, at) = (rows.db.begin().await.unwrap(), now());
        let conversation = conversation::open(&tx, &rows.vault, rows.merchant, &phone, at).await.unwrap().id;
        let text = ReceivedText { carrier_id: "SM0".to_owned(), body: "A needle".to_owned() };
        let first = message::insert_incoming(&tx, rows.merchant, conversation, text, at);
        let first = first.await.unwrap();
        let hay = |number: i64| Message {
            id: MessageId::new(at + TimeDelta::milliseconds(number)),
            body: Some("Hay".to_owned()),
            carrier_id: Some(format!("SM{number}")),
            ..first.clone()
        };
        let all: Vec<Message> = (1..=10_050).map(hay).collect();
        for some in all.chunks(1_000) {
            let rows = some.iter().map(|row| row.clone().into_active_model().reset_all());
            message::Entity::insert_many(rows).exec(&tx).await.unwrap();
        }
        tx.commit().await.unwrap();

        let found = texts(&rows, "needle", None, Sort::NewestFirst).await;
        assert_eq!(found.rows.len(), 0);
        assert!(found.looked_to.is_some(), "there is more to look through");
        let found = texts(&rows, "NEEDLE", found.looked_to, Sort::NewestFirst).await;
        assert_eq!((found.rows.len(), found.looked_to), (1, None));
        let found = texts(&rows, "needle", None, Sort::OldestFirst).await;
        assert_eq!(found.rows.first().map(|row| row.id), Some(first.id));
        assert_eq!(found.looked_to, Some(all[9_999].id));
        let found = texts(&rows, "hay", None, Sort::NewestFirst).await;
        assert_eq!((found.rows.len(), found.looked_to), (5, None), "a page that is full goes on behind its last one");
    }
}
