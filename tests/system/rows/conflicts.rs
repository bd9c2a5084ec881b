//! Concurrent writers of the same rows.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{MerchantId, PhoneNumber};
use entity::{
    Db, conversation,
    credits::{self, AuditScope, HoldEnd},
    is_conflict, merchant,
    message::{self, Message, Origin, OutgoingMessage, UndeliveredCredits},
    retry_conflicts,
};
use futures_util::{StreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Statement, TransactionTrait};
use tokio::sync::Barrier;

use super::{Rows, now};
use crate::support::new_merchant;

const TEXTS: usize = 200;

/// A text whose credits are held and that is about to leave.
async fn text(rows: &Rows) -> Message {
    let phone = PhoneNumber::from_e164("+12025550123").unwrap();
    let tx = rows.db.begin().await.unwrap();
    let conversation = conversation::open(&tx, &rows.vault, rows.merchant, &phone, now()).await.unwrap();
    let new = OutgoingMessage {
        id: domain::MessageId::new(now()),
        merchant_id: rows.merchant,
        conversation_id: conversation.id,
        link_id: None,
        body: "text".to_owned(),
        segments: 1,
        credits: 1,
        origin: Origin::Merchant,
        once_key: None,
        scheduled_for: None,
        actor: None,
    };
    let message = message::insert_outgoing(&tx, new, now()).await.unwrap();
    credits::hold(&tx, rows.merchant, message.id, 1, now()).await.unwrap();
    tx.commit().await.unwrap();
    message
}

/// The carrier's answer to the handover, as `send_sms` writes it.
async fn answer(db: &Db, message: &Message, carrier_id: &str) -> Result<(), credits::CreditError> {
    let tx = db.begin().await?;
    message::sent(&tx, message, Some(carrier_id.to_owned()), UndeliveredCredits::Captured, now()).await?;
    Ok(tx.commit().await?)
}

/// A report that it was delivered, as `process_sms_event` writes it.
async fn report(db: &Db, message: &Message, carrier_id: &str) -> Result<(), credits::CreditError> {
    let tx = db.begin().await?;
    message::sent(&tx, message, Some(carrier_id.to_owned()), UndeliveredCredits::Captured, now()).await?;
    message::delivered(&tx, message, now()).await?;
    Ok(tx.commit().await?)
}

/// What the scheduler does for a text of which nothing is heard.
async fn settle(db: &Db, message: &Message) -> Result<(), credits::CreditError> {
    let tx = db.begin().await?;
    credits::end_hold(&tx, message.merchant_id, message.id, HoldEnd::Capture, now()).await?;
    Ok(tx.commit().await?)
}

/// A connection tells what it has met some seconds later: all are made to tell it now.
async fn deadlocks(db: &Db) -> i64 {
    let mut connections = Vec::new();
    for _ in 0..db.pool().get_postgres_connection_pool().size() {
        connections.push(db.pool().begin().await.unwrap());
    }
    for connection in connections {
        connection.execute_unprepared("SELECT pg_stat_force_next_flush()").await.unwrap();
        connection.commit().await.unwrap();
    }
    let ask = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let ask = Statement::from_string(db.pool().get_database_backend(), ask);
    db.pool().query_one_raw(ask).await.unwrap().unwrap().try_get("", "deadlocks").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_carriers_answer_its_reports_and_the_ledger_never_wait_for_each_other_in_a_circle() {
    let rows = Rows::on_postgresql().await;
    let tx = rows.db.begin().await.unwrap();
    credits::top_up(&tx, rows.merchant, 10_000, None, now()).await.unwrap();
    tx.commit().await.unwrap();
    let mut texts = Vec::new();
    for _ in 0..TEXTS {
        texts.push(text(&rows).await);
    }
    let ended = stream::iter(texts).enumerate().map(|(number, message)| {
        let db = rows.db.clone();
        tokio::spawn(async move {
            let carrier_id = format!("SM{number}");
            let id = carrier_id.as_str();
            let (message, db) = (&message, &db);
            let ended = tokio::join!(
                report(db, message, id),
                answer(db, message, id),
                report(db, message, id),
                settle(db, message),
                report(db, message, id),
            );
            <[_; 5]>::from(ended)
        })
    });
    // A few at a time: more would only wait for a connection.
    let ended: Vec<_> = ended.buffer_unordered(4).collect().await;
    for result in ended.into_iter().flat_map(|task| task.unwrap()) {
        result.unwrap();
    }
    assert_eq!(deadlocks(&rows.db).await, 0);
    assert_eq!(credits::audit(&rows.db, AuditScope::Whole).await.unwrap().discrepancies, []);
    assert_eq!((rows.merchant().await.held, rows.merchant().await.available), (0, 10_000 - 200));
}

/// Changes two merchants. The first two that come here go on when each has changed one; whoever tries again waits for
/// nobody.
async fn change_both(db: &Db, [one, other]: [MerchantId; 2], meeting: &Meeting) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    merchant::set_low_credit_threshold(&tx, one, 1).await?;
    if meeting.come.fetch_add(1, Ordering::Relaxed) < 2 {
        meeting.both.wait().await;
    }
    merchant::set_low_credit_threshold(&tx, other, 1).await?;
    tx.commit().await
}

/// Where two wait for each other, once.
struct Meeting {
    come: AtomicUsize,
    both: Barrier,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_victim_of_a_deadlock_is_tried_again() {
    let rows = Rows::on_postgresql().await;
    let other = merchant::insert(rows.db.pool(), new_merchant(), now()).await.unwrap().id;
    let (db, one) = (&rows.db, rows.merchant);
    let meeting = Meeting { come: AtomicUsize::new(0), both: Barrier::new(2) };
    let conflict = |error: &DbErr| is_conflict(error);
    let (first, second) = tokio::join!(
        retry_conflicts(|| change_both(db, [one, other], &meeting), conflict),
        retry_conflicts(|| change_both(db, [other, one], &meeting), conflict),
    );
    first.unwrap();
    second.unwrap();
    assert_eq!(deadlocks(db).await, 1);
}

#[tokio::test]
async fn what_could_not_be_serialised_is_a_conflict_on_sqlite_and_nothing_else_is() {
    let rows = Rows::on_sqlite().await;
    let reader = rows.db.pool().begin().await.unwrap();
    merchant::Entity::find().one(&reader).await.unwrap();
    merchant::set_low_credit_threshold(rows.db.writer(), rows.merchant, 1).await.unwrap();
    let late = merchant::set_low_credit_threshold(&reader, rows.merchant, 2).await.unwrap_err();
    assert!(is_conflict(&late), "{late}");
    assert!(is_conflict(&credits::CreditError::Db(late)), "a conflict within another error");
    let refused = rows.db.pool().execute_unprepared("INSERT INTO nowhere VALUES (1)").await.unwrap_err();
    assert!(!is_conflict(&refused), "{refused}");
}
