use chrono::TimeDelta;
use domain::{
    LinkId, LinkState,
    link::{Dispute, LinkEvent, Refusal, Review},
};
use entity::{
    link::{self, Advanced, FactKind, FactReport, StripeFacts},
    order::{self, Tag},
};
use sea_orm::{ConnectionTrait, Statement};

use super::{Rows, now, on_both_databases};

fn made_at_stripe() -> StripeFacts {
    StripeFacts {
        link_id: Some("plink_1".to_owned()),
        url: Some("https://buy.stripe.com/1".to_owned()),
        livemode: Some(false),
        ..StripeFacts::default()
    }
}

async fn advance(rows: &Rows, link: &link::Model, event: LinkEvent) -> Advanced {
    rows.advance(link, event, &made_at_stripe()).await
}

/// The events one after the other, each judged by where the link is then.
async fn live(rows: &Rows, link: &link::Model, events: &[LinkEvent]) {
    for event in events {
        advance(rows, &reread(rows, link).await, *event).await;
    }
}

async fn reread(rows: &Rows, link: &link::Model) -> link::Model {
    link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap()
}

/// A report about the payment `pi_1`.
fn report(kind: FactKind, id: &str, status: &str) -> FactReport {
    FactReport {
        kind,
        id: id.to_owned(),
        payment_intent: "pi_1".to_owned(),
        money: None,
        status: status.to_owned(),
        reason: None,
        respond_by: None,
        made_at: now(),
        told_at: now(),
    }
}

async fn tell(rows: &Rows, known: Option<LinkId>, report: FactReport) {
    let tx = rows.db.begin().await.unwrap();
    link::note_fact(&tx, rows.merchant, known, report, now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn count(rows: &Rows, what: &str) -> i64 {
    let count = format!("SELECT count(*) AS n FROM {what}");
    let count = Statement::from_string(rows.db.pool().get_database_backend(), count);
    rows.db.pool().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

on_both_databases! {
    async fn of_endless_reports_about_a_payment_the_first_are_kept(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        advance(&rows, &link, LinkEvent::Created).await;
        let paid_by = |session: &str| StripeFacts {
            session: Some(session.to_owned()),
            payment_intent: Some("pi_1".to_owned()),
            ..made_at_stripe()
        };
        rows.advance(&reread(&rows, &link).await, LinkEvent::PaymentSucceeded, &paid_by("cs_paid")).await;
        let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)";
        let facts = |of: &str, prefix: &str| format!(
            "{numbers} INSERT INTO payment_fact \
             (merchant_id, kind, id, payment_intent, link_id, status, made_at, told_at, heard_at) \
             SELECT merchant_id, 'refund', '{prefix}' || i, {of}, 'pending', created_at, created_at, created_at \
             FROM payment_link, n"
        );
        let payments = format!(
            "{numbers} INSERT INTO further_payment (link_id, session, merchant_id, at) \
             SELECT id, 'cs_' || i, merchant_id, created_at FROM payment_link, n WHERE i <= 49"
        );
        for insert in [facts("'pi_1', id", "re_"), facts("'pi_early', NULL", "early_"), payments] {
            rows.db.writer().execute_unprepared(&insert).await.unwrap();
        }

        tell(&rows, Some(link.id), report(FactKind::Refund, "re_new", "failed")).await;
        tell(&rows, Some(link.id), report(FactKind::Refund, "re_1", "failed")).await;
        let early = FactReport { payment_intent: "pi_early".to_owned(), ..report(FactKind::Refund, "early_new", "failed") };
        tell(&rows, None, early).await;
        assert_eq!((count(&rows, "payment_fact").await, count(&rows, "payment_fact WHERE status = 'failed'").await), (400, 1));
        for session in ["cs_50", "cs_51"] {
            rows.advance(&reread(&rows, &link).await, LinkEvent::PaymentSucceeded, &paid_by(session)).await;
        }
        assert_eq!(count(&rows, "further_payment").await, 50);
        assert_eq!(reread(&rows, &link).await.state, LinkState::Paid);
    }

    async fn why_tells_the_newest_orders_and_links_and_that_there_are_more(rows) {
        let order = rows.order().await;
        let why = async |about: &str| api::why::explain(&rows.db, &rows.vault, about, now()).await.unwrap();
        let asked = async || why(&order.id.to_string()).await.items;
        for count in 1..=21 {
            let link = rows.link(&order).await.unwrap();
            let refused = StripeFacts { failure: Some("refused".to_owned()), ..StripeFacts::default() };
            rows.advance(&link, LinkEvent::CreationFailed, &refused).await;
            if count == 20 {
                assert_eq!((asked().await.len(), asked().await[0].sentences.len()), (1 + 20, 0));
            }
        }
        let told = asked().await;
        assert_eq!(told.len(), 1 + 20);
        assert!(told[0].sentences[0].contains("more links"), "{:?}", told[0].sentences);

        for count in 2..=21 {
            rows.order().await;
            let told = why("+12025550123").await;
            assert_eq!(told.items.iter().filter(|item| item.depth == 0).count(), count.min(20));
            assert_eq!(told.left_out.iter().any(|said| said.contains("more orders")), count > 20, "{:?}", told.left_out);
        }
    }

    async fn an_order_has_at_most_one_open_link(rows) {
        let order = rows.order().await;
        let first = rows.link(&order).await.unwrap();
        let refused = rows.link(&order).await.unwrap_err();
        assert!(link::is_second_open(&refused), "{refused}");

        live(&rows, &first, &[LinkEvent::Created, LinkEvent::VoidRequested, LinkEvent::CloseConfirmed]).await;
        assert_eq!(reread(&rows, &first).await.state, LinkState::Voided);
        rows.link(&order).await.unwrap();
    }

    async fn a_link_is_the_same_read_by_the_names_of_its_columns_and_by_their_positions(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        advance(&rows, &link, LinkEvent::Created).await;
        for paid in [false, true] {
            if paid {
                live(&rows, &link, &[LinkEvent::PaymentSucceeded]).await;
            }
            let found = link::find_all_by_stripe_id(rows.db.pool(), &[(rows.merchant, "plink_1")]).await.unwrap();
            assert_eq!(found, [reread(&rows, &link).await]);
        }
    }

    async fn of_many_writers_one_moves_a_link(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        advance(&rows, &link, LinkEvent::Created).await;
        let stale = reread(&rows, &link).await;
        let moves = (0..8).map(|_| advance(&rows, &stale, LinkEvent::VoidRequested));
        let outcomes = futures_util::future::join_all(moves).await;
        let moved = outcomes.iter().filter(|outcome| matches!(outcome, Advanced::To(_))).count();
        assert_eq!(moved, 1);
    }

    async fn whoever_closes_a_link_closes_what_it_can_be_paid_by_now(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        advance(&rows, &link, LinkEvent::Created).await;
        for event in [LinkEvent::PaymentPending, LinkEvent::PaymentFailed] {
            let facts = StripeFacts { session: Some("cs_1".to_owned()), ..StripeFacts::default() };
            rows.advance(&reread(&rows, &link).await, event, &facts).await;
        }
        let stale = reread(&rows, &link).await;
        assert!(stale.awaits_renewal());
        let tx = rows.db.begin().await.unwrap();
        assert!(link::set_renewed(&tx, &stale, ("plink_2", "https://buy.stripe.com/2"), now()).await.unwrap());
        tx.commit().await.unwrap();

        let expiring = rows.advance(&stale, LinkEvent::ExpiryReached, &StripeFacts::default()).await;

        let Advanced::To(expiring) = expiring else { panic!("{expiring:?}") };
        assert_eq!(expiring.stripe_link_id.as_deref(), Some("plink_2"));
        assert_eq!(expiring.stripe_url.as_deref(), Some("https://buy.stripe.com/2"));
    }

    async fn a_stale_void_of_a_paid_link_is_refused(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        advance(&rows, &link, LinkEvent::Created).await;
        let stale = reread(&rows, &link).await;
        advance(&rows, &stale, LinkEvent::PaymentSucceeded).await;
        let outcome = advance(&rows, &stale, LinkEvent::VoidRequested).await;
        assert!(matches!(outcome, Advanced::Refused(Refusal::Paid)), "{outcome:?}");
    }

    async fn the_tag_follows_the_links_and_stays_paid(rows) {
        let order = rows.order().await;
        let tag = async || order::find(rows.db.pool(), rows.merchant, order.id).await.unwrap().unwrap().tag;
        let link = rows.link(&order).await.unwrap();
        assert_eq!(tag().await, Tag::None);
        live(&rows, &link, &[LinkEvent::Created]).await;
        assert_eq!(tag().await, Tag::Unpaid);
        live(&rows, &link, &[LinkEvent::VoidRequested, LinkEvent::CloseConfirmed]).await;
        assert_eq!(tag().await, Tag::None);
        live(&rows, &link, &[LinkEvent::PaymentSucceeded]).await;
        assert_eq!(tag().await, Tag::Paid);
        assert_eq!(reread(&rows, &link).await.review, Some(Review::PaidAfterVoid));

        let next = rows.link(&order).await.unwrap();
        let facts = StripeFacts { link_id: Some("plink_2".to_owned()), ..StripeFacts::default() };
        rows.advance(&next, LinkEvent::Created, &facts).await;
        assert_eq!(tag().await, Tag::Paid);
    }

    async fn a_purge_leaves_ids_states_and_times_only(rows) {
        let order = rows.order().await;
        let link = rows.link(&order).await.unwrap();
        live(&rows, &link, &[LinkEvent::Created, LinkEvent::PaymentSucceeded]).await;
        let tx = rows.db.begin().await.unwrap();
        link::purge(&tx, &reread(&rows, &link).await, now()).await.unwrap();
        tx.commit().await.unwrap();

        let purged = reread(&rows, &link).await;
        assert_eq!((purged.state, purged.stripe_link_id.as_deref()), (LinkState::Paid, Some("plink_1")));
        assert_eq!((purged.amount, purged.invoice_number, purged.document), (None, None, None));
        assert!(purged.paid_at.is_some() && purged.purged_at.is_some());
        let order = order::find(rows.db.pool(), rows.merchant, order.id).await.unwrap().unwrap();
        assert_eq!((order.customer_phone, order.customer_name.as_str(), order.tag), (None, "", Tag::Paid));
    }

    async fn a_report_that_does_not_know_its_payment_yet_is_shown_where_an_earlier_one_stands(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        advance(&rows, &link, LinkEvent::Created).await;
        let facts = StripeFacts { payment_intent: Some("pi_1".to_owned()), ..made_at_stripe() };
        rows.advance(&reread(&rows, &link).await, LinkEvent::PaymentSucceeded, &facts).await;
        let tells = async |known: Option<LinkId>, status: &str, after: i64| {
            let at = now() + TimeDelta::seconds(after);
            tell(&rows, known, FactReport { told_at: at, ..report(FactKind::Dispute, "dp_1", status) }).await;
        };
        tells(Some(link.id), "needs_response", 0).await;
        assert_eq!(reread(&rows, &link).await.dispute, Some(Dispute::Open));

        // It looked for the payment before that was written, and waited for the row of the report before it.
        tells(None, "lost", 1).await;

        assert_eq!(reread(&rows, &link).await.dispute, Some(Dispute::Lost));
        let told = link::timeline(rows.db.pool(), link.id).await.unwrap();
        assert_eq!(told.iter().filter(|entry| entry.event == "dispute_closed").count(), 1, "{told:?}");
    }
}
