//! Who holds an idempotency key, and for how long.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{KeyHolderId, sha256};
use entity::idempotency::{self, HeldKey, KeptAnswer, KeyClaim, KeyHold};

use super::{Rows, on_both_databases};

on_both_databases! {
    async fn a_key_is_held_for_as_long_as_its_process_says_that_it_is_alive(rows) {
        let (first, second) = (KeyHolderId::new(at(0)), KeyHolderId::new(at(0)));
        let held = is_claimed(&rows, first, 0).await;
        let unknown = is_running(&rows, second, 4).await;

        idempotency::holder::renew(rows.db.pool(), first, at(4)).await.unwrap();
        let alive = is_running(&rows, second, 5).await;
        assert_ne!(alive, unknown, "it has said that it is alive");
        assert_eq!(is_running(&rows, second, 8).await, alive, "it has not said so again");

        let taken_over = is_claimed(&rows, second, 9).await;
        assert!(!finishes(&rows, &held).await, "the first stood still");
        assert!(finishes(&rows, &taken_over).await);
    }

    async fn a_key_is_left_over_after_half_a_minute_whoever_is_alive(rows) {
        let (first, second) = (KeyHolderId::new(at(0)), KeyHolderId::new(at(0)));
        is_claimed(&rows, first, 0).await;
        idempotency::holder::renew(rows.db.pool(), first, at(28)).await.unwrap();
        is_running(&rows, second, 29).await;
        is_claimed(&rows, second, 30).await;
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

async fn claim(rows: &Rows, holder: KeyHolderId, seconds: i64) -> KeyClaim {
    let (key, fingerprint) = ((rows.merchant, "key"), sha256(b"command"));
    idempotency::claim(rows.db.pool(), holder, key, fingerprint, at(seconds)).await.unwrap()
}

async fn is_claimed(rows: &Rows, holder: KeyHolderId, seconds: i64) -> HeldKey {
    match claim(rows, holder, seconds).await {
        KeyClaim::Ours(held) => held,
        other => panic!("{other:?} after {seconds} s"),
    }
}

async fn is_running(rows: &Rows, holder: KeyHolderId, seconds: i64) -> Option<KeyHold> {
    match claim(rows, holder, seconds).await {
        KeyClaim::Running(hold) => hold,
        other => panic!("{other:?} after {seconds} s"),
    }
}

async fn finishes(rows: &Rows, held: &HeldKey) -> bool {
    let answer = KeptAnswer { status: 201, location: String::new(), body: b"{}".to_vec() };
    idempotency::finish(rows.db.pool(), held, &answer).await.unwrap()
}
