use std::sync::Mutex;

use domain::{MessageId, PhoneNumber};
use entity::{
    conversation,
    credits::{self, Audit, AuditScope, CreditEntry, CreditError, EntryKind, HoldEnd},
    message::{self, Origin, OutgoingMessage},
};

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{Rows, now, on_both_databases};

/// A message that costs `credits`, with its hold, as a command would write it.
async fn send(rows: &Rows, cost: i64) -> Result<MessageId, CreditError> {
    let phone = PhoneNumber::from_e164("+12025550123").unwrap();
    let tx = rows.db.begin().await?;
    let conversation = conversation::open(&tx, &rows.vault, rows.merchant, &phone, now()).await?;
    let id = MessageId::new(now());
    let new = OutgoingMessage {
        id,
        merchant_id: rows.merchant,
        conversation_id: conversation.id,
        link_id: None,
        body: "text".to_owned(),
        segments: 1,
        credits: cost,
        origin: Origin::Merchant,
        once_key: None,
        scheduled_for: None,
        actor: None,
    };
    message::insert_outgoing(&tx, new, now()).await?;
    credits::hold(&tx, rows.merchant, id, cost, now()).await?;
    tx.commit().await?;
    Ok(id)
}

async fn end_hold(rows: &Rows, message: MessageId, end: HoldEnd) -> bool {
    let tx = rows.db.begin().await.unwrap();
    let ended = credits::end_hold(&tx, rows.merchant, message, end, now()).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

async fn top_up(rows: &Rows, credits: i64) {
    let tx = rows.db.begin().await.unwrap();
    credits::top_up(&tx, rows.merchant, credits, None, now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn assert_balanced(rows: &Rows) {
    assert_eq!(credits::audit(&rows.db, AuditScope::Whole).await.unwrap().discrepancies, []);
}

/// The usual audit.
async fn audited(rows: &Rows) -> Audit {
    credits::audit(&rows.db, AuditScope::SinceCheckpoint).await.unwrap()
}

/// What nobody may do.
async fn alter(rows: &Rows, sql: &str) {
    sea_orm::ConnectionTrait::execute_unprepared(rows.db.pool(), sql).await.unwrap();
}

/// Something that people do to a ledger.
#[derive(Clone, Copy, Debug)]
enum Act {
    TopUp(i64),
    Send(i64),
    /// Of one of the messages so far.
    EndHold(usize, HoldEnd),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (1..5_i64).prop_map(Act::TopUp),
        4 => (1..4_i64).prop_map(Act::Send),
        2 => any::<usize>().prop_map(|which| Act::EndHold(which, HoldEnd::Capture)),
        2 => any::<usize>().prop_map(|which| Act::EndHold(which, HoldEnd::Release)),
    ]
}

/// Does one thing after the other; the messages are everybody's.
async fn follow(rows: &Rows, plan: &[Act], messages: &Mutex<Vec<MessageId>>) {
    for act in plan {
        match *act {
            Act::TopUp(credits) => top_up(rows, credits).await,
            Act::Send(cost) => match send(rows, cost).await {
                Ok(message) => messages.lock().unwrap().push(message),
                Err(CreditError::Insufficient { wanted, available }) => assert!(available < wanted),
                Err(error) => panic!("{error}"),
            },
            Act::EndHold(which, end) => {
                let message = {
                    let messages = messages.lock().unwrap();
                    messages.get(which % messages.len().max(1)).copied()
                };
                if let Some(message) = message {
                    end_hold(rows, message, end).await;
                }
            }
        }
    }
}

on_both_databases! {
    async fn two_hundred_sends_with_credits_for_a_hundred(rows) {
        top_up(&rows, 100).await;
        let outcomes = futures_util::future::join_all((0..200).map(|_| send(&rows, 1))).await;
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(CreditError::Insufficient { .. }))).count();
        let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((accepted, refused), (100, 100));
        let merchant = rows.merchant().await;
        assert_eq!((merchant.available, merchant.held), (0, 100));
        assert_balanced(&rows).await;
    }

    async fn whatever_is_done_at_once_the_ledger_adds_up(rows) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..4 {
            // Eight people at once, each with a plan of their own.
            let plans = vec(vec(any_act(), 1..12), 8).new_tree(&mut runner).unwrap().current();
            let messages = Mutex::new(Vec::new());
            futures_util::future::join_all(plans.iter().map(|plan| follow(&rows, plan, &messages))).await;

            let merchant = rows.merchant().await;
            assert!(merchant.available >= 0 && merchant.held >= 0, "{merchant:?}");
            assert_balanced(&rows).await;
            let entries = credits::statement(rows.db.pool(), rows.merchant, 0, 10_000).await.unwrap();
            assert!(entries.iter().all(|entry| entry.available_after >= 0));
            for message in messages.into_inner().unwrap() {
                let of_message = |kinds: &[EntryKind]| {
                    let fits = |entry: &&CreditEntry| entry.message_id == Some(message) && kinds.contains(&entry.kind);
                    entries.iter().filter(fits).count()
                };
                assert_eq!(of_message(&[EntryKind::Hold]), 1);
                assert!(of_message(&[EntryKind::Capture, EntryKind::Release]) <= 1);
            }
        }
    }

    async fn a_hold_ends_once_however_many_try(rows) {
        top_up(&rows, 10).await;
        let message = send(&rows, 3).await.unwrap();
        let ends = [HoldEnd::Capture, HoldEnd::Release].into_iter().cycle().take(10);
        let attempts = ends.map(|end| end_hold(&rows, message, end));
        let ended = futures_util::future::join_all(attempts).await;
        assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);
        let merchant = rows.merchant().await;
        assert_eq!(merchant.held, 0);
        assert!(merchant.available == 7 || merchant.available == 10);
        assert_balanced(&rows).await;
    }

    async fn the_ledger_is_a_statement(rows) {
        top_up(&rows, 10).await;
        let (sent, refused) = (send(&rows, 2).await.unwrap(), send(&rows, 3).await.unwrap());
        end_hold(&rows, sent, HoldEnd::Capture).await;
        end_hold(&rows, refused, HoldEnd::Release).await;
        let entries = credits::entries(rows.db.pool(), rows.merchant, None, false, 10).await.unwrap();
        let lines: Vec<_> = entries
            .iter()
            .rev()
            .map(|entry| (entry.kind.as_str(), entry.available_delta, entry.held_delta, entry.available_after))
            .collect();
        let expected =
            [("top_up", 10, 0, 10), ("hold", -2, 2, 8), ("hold", -3, 3, 5), ("capture", 0, -2, 5), ("release", 3, -3, 8)];
        assert_eq!(lines, expected);
    }

    async fn the_audit_finds_a_balance_that_is_not_its_ledger(rows) {
        top_up(&rows, 10).await;
        for scope in [AuditScope::Whole, AuditScope::SinceCheckpoint] {
            alter(&rows, "UPDATE merchant SET available = 11").await;
            let found = credits::audit(&rows.db, scope).await.unwrap().discrepancies;
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].on_row, found[0].by_ledger), ((11, 0), (10, 0)));
            alter(&rows, "UPDATE merchant SET available = 10").await;
            assert_eq!(audited(&rows).await.discrepancies, []);
        }
    }

    async fn an_audit_reads_what_came_since_the_last_one(rows) {
        for credits in 1..=9 {
            top_up(&rows, credits).await;
        }
        let refused = send(&rows, 5).await.unwrap();
        assert_eq!(audited(&rows).await, Audit { entries_read: 10, discrepancies: vec![] });
        assert_eq!(audited(&rows).await, Audit { entries_read: 0, discrepancies: vec![] });
        end_hold(&rows, refused, HoldEnd::Release).await;
        send(&rows, 45).await.unwrap();
        assert_eq!(audited(&rows).await, Audit { entries_read: 2, discrepancies: vec![] });
        let whole = credits::audit(&rows.db, AuditScope::Whole).await.unwrap();
        assert_eq!(whole, Audit { entries_read: 12, discrepancies: vec![] });

        // What was altered since, or is gone, is found.
        top_up(&rows, 1).await;
        top_up(&rows, 1).await;
        for altered in [
            "UPDATE credit_entry SET available_after = 2 WHERE number = 13",
            "UPDATE credit_entry SET available_after = 1, number = 15 WHERE number = 13",
        ] {
            alter(&rows, altered).await;
            assert_eq!(audited(&rows).await.discrepancies[0].first_wrong, Some(13), "{altered}");
        }
    }

    async fn what_is_altered_before_the_checkpoint_is_found_by_a_whole_audit(rows) {
        top_up(&rows, 10).await;
        top_up(&rows, 5).await;
        assert_eq!(audited(&rows).await.discrepancies, []);
        alter(&rows, "UPDATE credit_entry SET available_delta = 9 WHERE number = 1").await;
        assert_eq!(audited(&rows).await, Audit { entries_read: 0, discrepancies: vec![] });
        let whole = credits::audit(&rows.db, AuditScope::Whole).await.unwrap();
        assert_eq!(whole.discrepancies.len(), 1);
        assert_eq!(whole.discrepancies[0].first_wrong, Some(1));
        // From then on each audit finds it, until it is put right.
        assert_eq!(audited(&rows).await.discrepancies, whole.discrepancies);
        alter(&rows, "UPDATE credit_entry SET available_delta = 10 WHERE number = 1").await;
        assert_eq!(audited(&rows).await, Audit { entries_read: 2, discrepancies: vec![] });
    }
}
