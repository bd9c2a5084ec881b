//! What is read of the shop of a year in `docs/scaling.md`, besides its lists of orders and links: no more of one with
//! ten times as many links.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{PhoneNumber, message::MessageStatus};
use entity::{
    attention::{self, AttentionKind, AttentionSearch},
    audit::{self, AuditFilter},
    buyer,
    conversation::{self, ConversationSearch, Openness},
    job::JobState,
    link::RETENTION,
    list::{Looks, Place, Sort},
    message::{self, MessageSearch},
    order,
    webhook_event::{self, EventState, Source, WebhookEventSearch},
};
use queue::{Kind, admin::JobFilter};
use sea_orm::{ColumnTrait, ConnectionTrait, Database, EntityTrait, QueryFilter, Statement, sea_query::Expr};

use super::{Rows, now};
use crate::support::CountingPostgres;

/// How many links there are in the two shops.
const LINKS: [u64; 2] = [2_000, 20_000];

/// So many rows may be read of any shop: a few are looked through, and others looked up for them.
const MOST: u64 = 1_000;

/// What is read for a page: the product reads hundreds of times as much.
const LOOKS: Looks = Looks { first: 15, most: 60, collected: 9 };

/// The size of a page.
const LIMIT: u64 = 25;

const SHOP: &str = include_str!("../../../benches/lab/years.sql");

/// Buyers who come back: those of old orders are known, and have just got a text.
const BACK: &str = "
    UPDATE conversation SET phone = '+1202' || lpad(number, 7, '0') FROM orders WHERE orders.id = conversation.id AND phone IS NULL;
    UPDATE message SET body = 'Welcome back', purged_at = NULL WHERE body IS NULL AND direction = 'outgoing'";

/// What is done with a shop, by its name, and how many rows each reads.
type Reads = BTreeMap<String, u64>;

async fn open(server: &CountingPostgres, links: u64) -> Rows {
    let url = server.database().await;
    let rows = Rows::open(&url, None).await;
    let statements = SHOP.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let shop = statements
        .replace(":merchant", &format!("'{}'", rows.merchant.uuid()))
        .replace(":links", &links.to_string())
        .replace("VACUUM ANALYZE", "ANALYZE");
    let fill = Database::connect(&url).await.unwrap();
    fill.execute_unprepared(&format!("{shop} {BACK}; ANALYZE")).await.unwrap();
    fill.close().await.unwrap();
    rows
}

async fn lists(server: &CountingPostgres, rows: &Rows, reads: &mut Reads) {
    use MessageStatus::{Cancelled, Delivered, Failed, Received};
    let (db, merchant) = (rows.db.pool(), rows.merchant);
    for statuses in [vec![], vec![Failed], vec![Received], vec![Delivered], vec![Cancelled]] {
        for text in [None, Some("nobody wrote this".to_owned())] {
            for sort in [Sort::NewestFirst, Sort::OldestFirst] {
                let name = format!("messages {statuses:?} {text:?} {sort:?}");
                let place = Place { after: None, sort, limit: LIMIT, looks: LOOKS };
                let search =
                    MessageSearch { statuses: statuses.clone(), text: text.clone(), place, ..MessageSearch::default() };
                let page = async { drop(message::search(db, merchant, search).await.unwrap()) };
                reads.insert(name, server.rows_for(page).await);
            }
        }
    }
    // The first 60 messages are erased.
    let place = Place { after: None, sort: Sort::OldestFirst, limit: LIMIT, looks: LOOKS };
    let search = MessageSearch { text: Some("your invoice".to_owned()), place, ..MessageSearch::default() };
    assert!(!message::search(db, merchant, search).await.unwrap().rows.is_empty());
    for openness in [None, Some(Openness::Open), Some(Openness::Closed)] {
        for text in [None, Some("weber"), Some("famabson"), Some("nobody")] {
            let name = format!("conversations {openness:?} {text:?}");
            let text = text.map(ToOwned::to_owned);
            let search =
                ConversationSearch { openness, text, limit: LIMIT, looks: LOOKS, ..ConversationSearch::default() };
            let page = async { drop(conversation::list(db, merchant, &search).await.unwrap()) };
            reads.insert(name, server.rows_for(page).await);
        }
    }
    let states = [EventState::Received, EventState::Applied, EventState::Ignored, EventState::Failed].map(Some);
    for state in states.into_iter().chain([None]) {
        for source in [None, Some(Source::Sms), Some(Source::Stripe)] {
            for kind in [None, Some("charge.updated"), Some("never.heard.of")] {
                let name = format!("events {state:?} {source:?} {kind:?}");
                let kind = kind.map(ToOwned::to_owned);
                let search = WebhookEventSearch { kind, source, state, before: None, limit: LIMIT, looks: LOOKS };
                let page = async { drop(webhook_event::search(db, merchant, &search).await.unwrap()) };
                reads.insert(name, server.rows_for(page).await);
            }
        }
    }
    for resolved in [false, true] {
        for kind in [None, Some(AttentionKind::Review), Some(AttentionKind::Dispute)] {
            let search = AttentionSearch { resolved, kind, before: None, limit: LIMIT };
            let page = async { drop(attention::search(db, merchant, search).await.unwrap()) };
            reads.insert(format!("attention {resolved} {kind:?}"), server.rows_for(page).await);
        }
    }
    for actor in [None, Some("nobody".to_owned())] {
        let name = format!("audit log {actor:?}");
        let filter = AuditFilter { merchant: Some(merchant), actor, limit: LIMIT, ..AuditFilter::default() };
        let page = async { drop(audit::search(db, filter).await.unwrap()) };
        reads.insert(name, server.rows_for(page).await);
    }
}

async fn jobs(server: &CountingPostgres, rows: &Rows, reads: &mut Reads) {
    for state in [None, Some(JobState::Queued), Some(JobState::Dead), Some(JobState::Done)] {
        for kind in [None, Some(Kind::SendSms), Some(Kind::Remind)] {
            for merchant in [None, Some(rows.merchant)] {
                for error in [None, Some("timeout".to_owned())] {
                    let name = format!("jobs {state:?} {kind:?} {} {error:?}", merchant.is_some());
                    let filter = JobFilter { state, kind, merchant, error, ..JobFilter::default() };
                    let filter = JobFilter { limit: LIMIT, looks: LOOKS, ..filter };
                    let page = async { drop(queue::admin::list(rows.db.pool(), &filter).await.unwrap()) };
                    reads.insert(name, server.rows_for(page).await);
                }
            }
        }
    }
}

/// The buyer who answered last, by whose number the conversation can be found.
async fn newest_buyer(rows: &Rows) -> PhoneNumber {
    let newest = format!(
        "SELECT phone FROM conversation WHERE merchant_id = '{}' AND heard_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        rows.merchant.uuid()
    );
    let db = rows.db.pool();
    let newest = Statement::from_string(db.get_database_backend(), newest);
    let phone: PhoneNumber = db.query_one_raw(newest).await.unwrap().unwrap().try_get("", "phone").unwrap();
    let hash = rows.vault.phone_hash(rows.merchant, &phone.handset());
    let theirs = conversation::Entity::update_many().col_expr(conversation::Column::PhoneHash, Expr::value(hash));
    let changed = theirs.filter(conversation::Column::Phone.eq(phone.clone())).exec(db).await.unwrap();
    assert_eq!(changed.rows_affected, 1);
    phone
}

async fn erasures(server: &CountingPostgres, rows: &Rows, reads: &mut Reads) {
    let (db, merchant, cutoff) = (rows.db.pool(), rows.merchant, now() - RETENTION - TimeDelta::days(1));
    let phone = newest_buyer(rows).await;
    let payloads = "SELECT count(*) AS n FROM webhook_event WHERE payload LIKE '%incoming%'";
    let before = number(rows, payloads).await;
    let erasure = async {
        let found = buyer::find(db, &rows.vault, merchant, &phone).await.unwrap();
        let tx = rows.db.begin().await.unwrap();
        buyer::erase(&tx, &found, merchant, &phone, now()).await.unwrap();
        tx.commit().await.unwrap();
    };
    reads.insert("erasure of a buyer".to_owned(), server.rows_for(erasure).await);
    assert_eq!(number(rows, payloads).await, before - 1, "what the carrier told of them is left");
    let conversations =
        async { assert!(conversation::due_for_forgetting(db, cutoff, None, 100).await.unwrap().is_empty()) };
    reads.insert("conversations to forget".to_owned(), server.rows_for(conversations).await);
    let orders = async { assert!(order::due_for_forgetting(db, cutoff, None, 100).await.unwrap().is_empty()) };
    reads.insert("orders to forget".to_owned(), server.rows_for(orders).await);
}

async fn number(rows: &Rows, query: &str) -> i64 {
    let db = rows.db.pool();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

#[tokio::test]
async fn nothing_reads_more_of_a_larger_shop() {
    let server = CountingPostgres::start();
    let mut all = Vec::new();
    for links in LINKS {
        let (rows, mut reads) = (open(&server, links).await, Reads::new());
        lists(&server, &rows, &mut reads).await;
        jobs(&server, &rows, &mut reads).await;
        erasures(&server, &rows, &mut reads).await;
        all.push(reads);
    }
    let [small, large] = all.try_into().unwrap();
    assert!(large.values().any(|read| *read > 100), "no rows were counted");
    assert_eq!(small.len(), large.len());
    let more = large.iter().filter(|(name, read)| **read > MOST.max(small[*name] * 6 / 5));
    assert_eq!(more.collect::<Vec<_>>(), Vec::new(), "more is read of {} links than of {}", LINKS[1], LINKS[0]);
}
