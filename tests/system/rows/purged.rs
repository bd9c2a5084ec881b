//! What remains of a link forever: its history, in a narrow row, measured by PostgreSQL.

use chrono::TimeDelta;
use domain::link::LinkEvent;
use entity::link::{self, StripeFacts};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Rows, now, on_both_databases};

/// The largest permanent size of a link's row, and of its history.
const NARROW: i64 = 300;

/// As long as Stripe's are.
fn facts(number: usize) -> StripeFacts {
    StripeFacts {
        link_id: Some(format!("plink_1SXxXxXxXxXxXxXxXxXx{number:04}")),
        url: Some(format!("https://buy.stripe.com/8x2bJ1aXxXxXxXxXxXxXx{number:04}")),
        session: Some(format!("cs_live_a1{number:056}")),
        payment_intent: Some(format!("pi_3SXxXxXxXxXxXxXxXxXx{number:04}")),
        livemode: Some(true),
        ..StripeFacts::default()
    }
}

/// A link that was made, seen, paid and refused a void, long ago.
async fn paid_link(rows: &Rows, number: usize) -> link::Model {
    let link = rows.link(&rows.order().await).await.unwrap();
    let reread = async || link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap();
    let made = StripeFacts { session: None, payment_intent: None, ..facts(number) };
    rows.advance(&link, LinkEvent::Created, &made).await;
    let tx = rows.db.begin().await.unwrap();
    for event in [link::TimelineEvent::Sent, link::TimelineEvent::Reminded, link::TimelineEvent::Viewed] {
        link::note(&tx, &link, now(), event, Some("to +12025550123".to_owned())).await.unwrap();
    }
    tx.commit().await.unwrap();
    rows.advance(&reread().await, LinkEvent::PaymentSucceeded, &facts(number)).await;
    reread().await
}

async fn purge(rows: &Rows, link: &link::Model, after: TimeDelta) {
    let tx = rows.db.begin().await.unwrap();
    link::purge(&tx, link, now() + after).await.unwrap();
    tx.commit().await.unwrap();
}

on_both_databases! {
    async fn a_purged_link_still_says_what_happened_when(rows) {
        let link = paid_link(&rows, 1).await;
        let says = async || {
            let entries = link::timeline(rows.db.pool(), link.id).await.unwrap();
            entries.into_iter().map(|entry| (entry.event, entry.at.timestamp_millis())).collect::<Vec<_>>()
        };
        let before = says().await;
        assert!(before.len() > 5, "{before:?}");

        purge(&rows, &link, TimeDelta::days(91)).await;

        let (mut after, purged) = (says().await, link::timeline(rows.db.pool(), link.id).await.unwrap());
        assert!(purged.iter().all(|entry| entry.detail.is_none()), "{purged:?}");
        assert_eq!(after.pop().unwrap().0, "purged");
        assert_eq!(after, before);
        let count = Statement::from_string(rows.db.pool().get_database_backend(), "SELECT count(*) AS n FROM link_event");
        let count = rows.db.pool().query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(count.try_get::<i64>("", "n").unwrap(), 1);
    }

    async fn a_purged_link_is_narrow_and_knows_its_session_while_stripe_may_tell_of_it(rows) {
        let (first, second) = (paid_link(&rows, 1).await, paid_link(&rows, 2).await);
        purge(&rows, &first, TimeDelta::days(91)).await;
        purge(&rows, &second, TimeDelta::days(1)).await;

        let read = async |link: &link::Model| link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap();
        let (narrow, young) = (read(&first).await, read(&second).await);
        assert_eq!((narrow.state, narrow.stripe_url.as_deref(), narrow.document_pages), (first.state, None, None));
        assert_eq!((narrow.stripe_link_id, narrow.paid_at), (first.stripe_link_id.clone(), first.paid_at));
        assert_eq!(narrow.stripe_payment_intent, first.stripe_payment_intent);
        assert_eq!((narrow.stripe_session_id, young.stripe_session_id), (None, second.stripe_session_id));
        if rows.db.pool().get_database_backend() == DbBackend::Postgres {
            assert!(size(&rows, "payment_link", "id", &first).await <= NARROW, "a link");
            assert!(size(&rows, "link_event", "link_id", &first).await <= NARROW, "its history");
        }
    }
}

/// How many bytes the rows of a link in a table have.
async fn size(rows: &Rows, table: &str, key: &str, link: &link::Model) -> i64 {
    let ask =
        format!("SELECT sum(pg_column_size({table}.*))::bigint AS n FROM {table} WHERE {key} = '{}'", link.id.uuid());
    let statement = Statement::from_string(DbBackend::Postgres, ask);
    let row = rows.db.pool().query_one_raw(statement).await.unwrap().unwrap();
    let bytes = row.try_get("", "n").unwrap();
    println!("{table}: {bytes} bytes");
    bytes
}
