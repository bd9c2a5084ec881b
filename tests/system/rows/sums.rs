//! The sums behind a summary always equal those of its links.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    LinkId,
    link::{ElsewhereMethod, LinkEvent},
};
use entity::{
    Db, Merchant,
    link::{self, FactKind, FactReport, PaidElsewhere, PaidOrder, StripeFacts, sums},
    order,
    summary::{self, Summary},
};
use sea_orm::{ConnectionTrait, Statement};

use super::{Rows, euros, link_by_link::looked_through, now, on_both_databases};

/// The same from the sums.
pub(crate) async fn summed(db: &Db, owner: &Merchant, first: NaiveDate, last: NaiveDate) -> Vec<Summary> {
    let from = owner.end_of(first.pred_opt().unwrap()).unwrap() + TimeDelta::milliseconds(1);
    let period = (from, owner.end_of(last).unwrap());
    summary::read(db.pool(), owner, period, owner.day_of(now())).await.unwrap()
}

async fn add_changes(rows: &Rows) -> u64 {
    let tx = rows.db.begin_group().await.unwrap();
    let added = sums::add_changes(&tx).await.unwrap();
    tx.commit().await.unwrap();
    added
}

/// Sums and links agree on today, on the days before, and on all of them.
async fn agree(rows: &Rows, what: &str) {
    let owner = rows.merchant().await;
    let today = owner.day_of(now());
    let long_ago = today - TimeDelta::days(200);
    for (first, last) in
        [(today, today), (long_ago, today - TimeDelta::days(1)), (today - TimeDelta::days(3), today), (long_ago, today)]
    {
        let (summed, links) =
            (summed(&rows.db, &owner, first, last).await, looked_through(&rows.db, &owner, first, last).await);
        let is_any = |sum: &&Summary| sum.asked + sum.outstanding_links + sum.paid_links > 0;
        // Here links may be paid before they are made, so that how long that took says nothing.
        let without_median = |sum: &Summary| Summary { median_seconds_to_pay: None, ..sum.clone() };
        let any = |sums: &[Summary]| sums.iter().filter(is_any).map(without_median).collect::<Vec<_>>();
        assert_eq!(any(&summed), any(&links), "{what}: {first} to {last}");
    }
}

/// The same, before and after changes are added to the sums, and with the days that are kept from then on.
async fn agree_however_it_is_read(rows: &Rows, what: &str) {
    agree(rows, what).await;
    add_changes(rows).await;
    agree(rows, what).await;
    assert_eq!(add_changes(rows).await, 0, "{what}");
    keep_days(rows).await;
    agree(rows, what).await;
}

/// Has days kept in the merchant's time zone, over all changes of its clocks. Returns for how many more shifts.
async fn keep_days(rows: &Rows) -> u64 {
    let owner = rows.merchant().await;
    let owner = Merchant { created_at: owner.created_at - TimeDelta::days(400), ..owner };
    let tx = rows.db.begin_group().await.unwrap();
    let kept = sums::keep_days(&tx, &owner, owner.day_of(now())).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

/// The days of a period with a payment.
async fn paid_days(rows: &Rows, owner: &Merchant, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    let summed = summed(&rows.db, owner, first, last).await;
    summed.iter().flat_map(|sum| sum.days.keys().copied()).collect()
}

async fn count(rows: &Rows, of: &str) -> i64 {
    let count =
        Statement::from_string(rows.db.pool().get_database_backend(), format!("SELECT count(*) AS n FROM {of}"));
    rows.db.pool().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

fn of_stripe(name: &str) -> StripeFacts {
    StripeFacts {
        link_id: Some(format!("plink_{name}")),
        url: Some(format!("https://buy.stripe.com/{name}")),
        session: Some(format!("cs_{name}")),
        payment_intent: Some(format!("pi_{name}")),
        livemode: Some(false),
        ..StripeFacts::default()
    }
}

async fn link(rows: &Rows, name: &str) -> link::Model {
    let link = rows.link(&rows.order().await).await.unwrap();
    let facts = StripeFacts { session: None, payment_intent: None, ..of_stripe(name) };
    rows.advance(&link, LinkEvent::Created, &facts).await;
    reread(rows, &link).await
}

async fn reread(rows: &Rows, link: &link::Model) -> link::Model {
    link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap()
}

async fn becomes(rows: &Rows, link: &link::Model, event: LinkEvent, name: &str) {
    rows.advance(&reread(rows, link).await, event, &of_stripe(name)).await;
}

async fn is_told(rows: &Rows, link: &link::Model, kind: FactKind, status: &str, name: &str) {
    let report = FactReport {
        kind,
        id: format!("told_{name}"),
        payment_intent: format!("pi_{name}"),
        money: Some(euros("4.00")),
        status: status.to_owned(),
        reason: None,
        made_at: now(),
        told_at: now(),
        respond_by: None,
    };
    let tx = rows.db.begin().await.unwrap();
    link::note_fact(&tx, rows.merchant, Some(link.id), report, now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// The link was made, and paid if it was, so much earlier; written by hand, as a version before might have.
async fn was_earlier(rows: &Rows, link: &link::Model, by: TimeDelta) {
    let earlier = |at: DateTime<Utc>| sea_orm::Value::from(at - by);
    let link = reread(rows, link).await;
    let update = "UPDATE payment_link SET paid_at = $1 WHERE id = $2";
    let values = [link.paid_at.map_or_else(|| Option::<DateTime<Utc>>::None.into(), earlier), link.id.into()];
    let backend = rows.db.pool().get_database_backend();
    rows.db.pool().execute_raw(Statement::from_sql_and_values(backend, update, values)).await.unwrap();
}

on_both_databases! {
    async fn sums_are_what_the_links_come_to(rows) {
        agree_however_it_is_read(&rows, "nothing").await;
        let [paid, back, lost, elsewhere, voided, open] =
            [link(&rows, "1").await, link(&rows, "2").await, link(&rows, "3").await, link(&rows, "4").await,
             link(&rows, "5").await, link(&rows, "6").await];
        let failed = rows.link(&rows.order().await).await.unwrap();
        agree_however_it_is_read(&rows, "made").await;
        let facts = StripeFacts { failure: Some("refused".to_owned()), ..StripeFacts::default() };
        rows.advance(&failed, LinkEvent::CreationFailed, &facts).await;
        agree_however_it_is_read(&rows, "failed").await;

        for seen in [&paid, &open, &failed] {
            let tx = rows.db.begin().await.unwrap();
            link::note_viewed(&tx, seen, now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        becomes(&rows, &paid, LinkEvent::PaymentPending, "1").await;
        agree_however_it_is_read(&rows, "seen and processing").await;
        for (link, name) in [(&paid, "1"), (&back, "2"), (&lost, "3")] {
            becomes(&rows, link, LinkEvent::PaymentSucceeded, name).await;
        }
        agree(&rows, "paid").await;
        was_earlier(&rows, &paid, TimeDelta::days(2)).await;
        agree_however_it_is_read(&rows, "paid two days ago").await;

        is_told(&rows, &back, FactKind::Refund, "succeeded", "2").await;
        is_told(&rows, &lost, FactKind::Dispute, "needs_response", "3").await;
        agree(&rows, "refunded, and a dispute").await;
        is_told(&rows, &lost, FactKind::Dispute, "lost", "3").await;
        agree_however_it_is_read(&rows, "a dispute is lost").await;

        let days = [now() - TimeDelta::days(5), now()].map(|at| at.date_naive());
        for (link, name, day) in [(&elsewhere, "4", days[0]), (&voided, "5", days[1])] {
            let cash = PaidElsewhere { method: ElsewhereMethod::Cash, on: day, note: None, actor: "k".to_owned() };
            let tx = rows.db.begin().await.unwrap();
            let link = link::set_paid_elsewhere(&tx, &reread(&rows, link).await, &cash).await.unwrap();
            let facts = StripeFacts { session: None, payment_intent: None, ..of_stripe(name) };
            link::advance(&tx, &link, LinkEvent::PaidElsewhere, &facts, now()).await.unwrap();
            tx.commit().await.unwrap();
            agree_however_it_is_read(&rows, "marked as paid").await;
            rows.advance(&reread(&rows, &link).await, LinkEvent::CloseConfirmed, &facts).await;
            agree_however_it_is_read(&rows, "paid elsewhere").await;
        }
        let facts = StripeFacts::default();
        rows.advance(&reread(&rows, &voided).await, LinkEvent::PaidElsewhereTakenBack, &facts).await;
        agree_however_it_is_read(&rows, "taken back").await;
        // Stripe's report takes the place of the merchant's.
        becomes(&rows, &elsewhere, LinkEvent::PaymentSucceeded, "4").await;
        agree_however_it_is_read(&rows, "paid by Stripe as well").await;

        let order = rows.order().await;
        let cash = PaidElsewhere { method: ElsewhereMethod::Cash, on: days[0], note: None, actor: "k".to_owned() };
        let id = LinkId::new(now());
        let unasked = PaidOrder {
            id, merchant_id: rows.merchant, order_id: order.id, token: rows.vault.link_token(id),
            invoice_number: "7".to_owned(), money: euros("3.00"), paid: cash,
        };
        let tx = rows.db.begin().await.unwrap();
        let (unasked, _) = link::insert_paid_elsewhere(&tx, unasked, now()).await.unwrap();
        link::advance(&tx, &unasked, LinkEvent::CloseConfirmed, &facts, now()).await.unwrap();
        tx.commit().await.unwrap();
        agree_however_it_is_read(&rows, "paid without a link").await;

        for link in [&paid, &back, &open, &unasked] {
            let tx = rows.db.begin().await.unwrap();
            link::purge(&tx, &reread(&rows, link).await, now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        agree_however_it_is_read(&rows, "purged").await;
        for wrong in [
            "unpaid_order WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = order_id AND tag = 'unpaid')",
            "orders WHERE tag = 'unpaid' AND NOT EXISTS (SELECT 1 FROM unpaid_order WHERE order_id = orders.id)",
        ] {
            assert_eq!(count(&rows, wrong).await, 0, "{wrong}");
        }
    }

    async fn overdue_orders_are_added_up_from_the_one_that_was_due_first(rows) {
        for (day, tag) in [(3, "unpaid"), (1, "unpaid"), (2, "paid"), (9, "unpaid")] {
            let number = rows.order().await.number;
            let due = format!("due_date = '2026-01-0{day}', tag = '{tag}', amount = {day}");
            let update = format!("UPDATE orders SET {due} WHERE number = '{number}'");
            rows.db.pool().execute_unprepared(&update).await.unwrap();
        }
        let ninth = NaiveDate::from_ymd_opt(2026, 1, 9).unwrap();
        for (most, days, more) in [(1, vec![1], true), (2, vec![1, 3], false), (3, vec![1, 3], false)] {
            let found = order::overdue(rows.db.pool(), rows.merchant, ninth, most).await.unwrap();
            let amounts: Vec<i64> = found.orders.iter().map(|(_, amount)| *amount).collect();
            assert_eq!((amounts, found.more), (days, more), "at most {most}");
        }
    }

    async fn days_are_those_of_the_merchant(rows) {
        let zones = ["America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Europe/Berlin"];
        let paid = link(&rows, "1").await;
        becomes(&rows, &paid, LinkEvent::PaymentSucceeded, "1").await;
        for (zone, is_kept) in zones.into_iter().flat_map(|zone| [(zone, false), (zone, true)]) {
            let update = format!("UPDATE merchant SET time_zone = '{zone}'");
            rows.db.pool().execute_unprepared(&update).await.unwrap();
            if is_kept {
                assert!(keep_days(&rows).await > 0, "{zone}");
                assert_eq!(keep_days(&rows).await, 0, "{zone}");
            }
            // The ends of days, and the hour that is there twice when clocks are set back.
            for at in ["2026-03-29T00:59:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-10-25T22:59:59Z",
                       "2026-10-25T23:00:00Z", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z", "2026-11-02T04:59:59Z",
                       "2026-11-02T05:00:00Z", "2026-11-02T18:15:00Z", "2026-11-02T18:14:59Z", "2026-11-02T10:59:59Z"] {
                let owner = rows.merchant().await;
                let at: DateTime<Utc> = at.parse().unwrap();
                let by = reread(&rows, &paid).await.paid_at.unwrap() - at;
                was_earlier(&rows, &paid, by).await;
                let day = owner.day_of(at);
                let days = |before: i64, after: i64| (day - TimeDelta::days(before), day + TimeDelta::days(after));
                if is_kept {
                    add_changes(&rows).await;
                }
                for (first, last) in [days(0, 0), days(1, 0), days(0, 1), days(40, 40), days(2, -1), days(-1, 2)] {
                    let found = paid_days(&rows, &owner, first, last).await;
                    let is_in = (first..=last).contains(&day);
                    assert_eq!(found, Vec::from_iter(is_in.then_some(day)), "{zone} {at}: {first} to {last}");
                }
            }
            add_changes(&rows).await;
        }
    }
}
