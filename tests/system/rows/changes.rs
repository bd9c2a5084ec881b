//! Every change is in the feed, once, without gaps, under concurrent writers and numbering.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::OrderId;
use entity::change::{self, Change, ChangeKind};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};

use super::{Rows, now, on_both_databases};

async fn number(rows: &Rows) -> usize {
    let tx = rows.db.begin().await.unwrap();
    let numbered = change::number(&tx, &BTreeSet::from([rows.merchant])).await.unwrap();
    tx.commit().await.unwrap();
    numbered.changes.len()
}

async fn kinds(rows: &Rows) -> Vec<(i64, ChangeKind)> {
    let oldest = change::oldest(rows.db.pool(), rows.merchant).await.unwrap().unwrap_or(1);
    let found = change::after(rows.db.pool(), rows.merchant, oldest - 1, 1_000).await.unwrap();
    found.into_iter().map(|change| (change.seq, change.kind)).collect()
}

on_both_databases! {
    async fn a_change_is_written_with_its_effect_or_not_at_all(rows) {
        let now = now();
        let order = |kind| Change::order(kind, rows.merchant, OrderId::new(now), now);
        let undone = rows.db.begin().await.unwrap();
        undone.changed(order(ChangeKind::OrderCreated));
        undone.rollback().await.unwrap();
        drop({
            let left = rows.db.begin().await.unwrap();
            left.changed(order(ChangeKind::OrderCreated));
            left
        });
        let tx = rows.db.begin().await.unwrap();
        let part = tx.savepoint().await.unwrap();
        part.changed(order(ChangeKind::OrderCreated));
        part.rollback().await.unwrap();
        let part = tx.savepoint().await.unwrap();
        part.changed(Change::credits(ChangeKind::CreditsUpdated, rows.merchant, now));
        part.commit().await.unwrap();
        tx.changed(order(ChangeKind::OrderUpdated));
        tx.commit().await.unwrap();

        assert_eq!(change::unnumbered(rows.db.pool(), 10).await.unwrap(), BTreeSet::from([rows.merchant]));
        assert!(kinds(&rows).await.is_empty(), "what has no number is not shown");
        assert_eq!(number(&rows).await, 2);
        assert_eq!(kinds(&rows).await, [(1, ChangeKind::CreditsUpdated), (2, ChangeKind::OrderUpdated)]);
        assert_eq!(number(&rows).await, 0);
        let feed = change::feed(rows.db.pool(), rows.merchant).await.unwrap();
        assert_eq!((feed.last_seq, feed.has_more), (2, false));
    }

    async fn numbers_have_no_gap_whoever_gives_them(rows) {
        let writes = (0..40).map(|at| {
            let rows = &rows;
            async move {
                let link = rows.link(&rows.order().await).await.unwrap();
                let tx = rows.db.begin().await.unwrap();
                entity::link::note(&tx, &link, now(), entity::link::TimelineEvent::Reminded, None).await.unwrap();
                if at % 4 == 0 {
                    return tx.rollback().await.unwrap();
                }
                tx.commit().await.unwrap();
            }
        });
        let numbers = (0..8).map(|_| async {
            for _ in 0..10 {
                number(&rows).await;
                tokio::task::yield_now().await;
            }
        });
        tokio::join!(join_all(writes), join_all(numbers));
        number(&rows).await;
        let seen = kinds(&rows).await;
        assert_eq!(seen.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=110).collect::<Vec<_>>());
        let count = |wanted| seen.iter().filter(|(_, kind)| *kind == wanted).count();
        assert_eq!(
            [ChangeKind::OrderCreated, ChangeKind::LinkCreated, ChangeKind::LinkUpdated].map(count),
            [40, 40, 30]
        );
    }

    async fn what_a_version_before_writes_is_taken_over(rows) {
        let columns = "merchant_id, at, kind, subject_id, order_id";
        let link = rows.link(&rows.order().await).await.unwrap();
        number(&rows).await;
        let known = kinds(&rows).await.len();
        let write = format!(
            "INSERT INTO change ({columns}) SELECT merchant_id, created_at, 'link.paid', id, order_id FROM payment_link"
        );
        rows.db.pool().execute_unprepared(&write).await.unwrap();
        assert_eq!(number(&rows).await, 1);
        let told = change::after(rows.db.pool(), rows.merchant, i64::try_from(known).unwrap(), 10).await.unwrap();
        assert_eq!(told.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::LinkPaid]);
        assert_eq!((told[0].link(), told[0].order_id, told[0].link_id), (Some(link.id), Some(link.order_id), None));
        let left = Statement::from_string(rows.db.pool().get_database_backend(), "SELECT 1 FROM change");
        assert!(rows.db.pool().query_one_raw(left).await.unwrap().is_none());
    }

    async fn after_a_restoration_every_reader_begins_anew(rows) {
        rows.order().await;
        assert_eq!(number(&rows).await, 1);
        let tx = rows.db.begin().await.unwrap();
        change::begin_anew(&tx).await.unwrap();
        tx.commit().await.unwrap();
        let jumped = change::feed(rows.db.pool(), rows.merchant).await.unwrap().last_seq;
        assert!(jumped > 1_000_000 && kinds(&rows).await.is_empty());
        rows.order().await;
        number(&rows).await;
        assert_eq!(kinds(&rows).await, [(jumped + 1, ChangeKind::OrderCreated)]);
    }

    async fn what_is_old_is_removed_from_the_beginning(rows) {
        let then = now() - TimeDelta::days(31);
        for at in [then, then, now()] {
            let tx = rows.db.begin().await.unwrap();
            tx.changed(Change::credits(ChangeKind::CreditsUpdated, rows.merchant, at));
            tx.commit().await.unwrap();
        }
        let cutoff = now() - TimeDelta::days(30);
        assert_eq!(change::forget_before(rows.db.pool(), cutoff).await.unwrap(), 0, "what has no number stays");
        number(&rows).await;
        assert_eq!(change::forget_before(rows.db.pool(), cutoff).await.unwrap(), 2);
        assert_eq!(kinds(&rows).await, [(3, ChangeKind::CreditsUpdated)]);
        let feed = change::feed(rows.db.pool(), rows.merchant).await.unwrap();
        assert_eq!(feed.last_seq, 3);
    }
}
