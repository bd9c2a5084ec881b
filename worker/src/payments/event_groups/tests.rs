mod world;

use chrono::TimeDelta;
use domain::WebhookEventId;
use entity::link;
use proptest::{prelude::*, test_runner::TestRunner};
use queue::{Claim, EnqueueOptions, claim_all, enqueue};
use serde_json::{Value, json};

use self::world::{STATES, Stage, World, now, run, texts};
use super::*;

/// A Stripe event about a session of a link.
fn session(kind: &str, link: usize, status: &str, amount: i64) -> Value {
    json!({"type": format!("checkout.session.{kind}"), "data": {"object": {
        "id": format!("cs_{link}"), "payment_link": format!("plink_{link}"), "payment_intent": format!("pi_{link}"),
        "payment_status": status, "amount_total": amount, "currency": "usd", "livemode": false,
    }}})
}

fn paid(link: usize) -> Value {
    session("completed", link, "paid", 12_950)
}

fn any_event(links: Vec<LinkId>) -> impl Strategy<Value = Value> {
    let of_link = (0..=STATES.len(), 0..10_u8).prop_map(move |(link, what)| match what {
        0..=4 => paid(link),
        // A link twice in a group: by another session, as a pending payment, as a failed one.
        5 => session("completed", link, "unpaid", 12_950),
        6 => session("async_payment_failed", link, "unpaid", 12_950),
        7 => session("completed", link, "paid", 12_949),
        8 => json!({"type": "charge.refunded", "data": {"object": {
            "amount_refunded": 100, "currency": "usd", "payment_intent": format!("pi_{link}"),
            "metadata": {"paylink_link": links.get(link).map(ToString::to_string)},
        }}}),
        _ => session("completed", link + 100, "paid", 12_950),
    });
    let nothing = Just(json!({"type": "customer.created", "data": {"object": {}}}));
    let broken = Just(json!({"type": "checkout.session.completed", "data": {"object": {"id": 7}}}));
    prop_oneof![8 => of_link, 1 => nothing, 1 => broken]
}

#[test]
fn events_applied_together_leave_the_same_rows_as_one_by_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let events = proptest::collection::vec(any_event(world.links.clone()), 2..30);
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let together = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&events, |events| {
            let (one_by_one, at_once) = runtime.block_on(async {
                let (single, group) = (world.told("single", &events).await, world.told("group", &events).await);
                single.is_applied_one_by_one().await;
                together.set(together.get() + group.is_applied_together().await);
                (single.rows().await, group.rows().await)
            });
            prop_assert_eq!(one_by_one, at_once);
            Ok(())
        })
        .unwrap();
    let together = together.get();
    assert!(together > 200, "only {together} events were applied together: the test shows little");
}

#[tokio::test]
async fn one_bad_event_does_not_fail_its_neighbours() {
    let world = World::new().await;
    let broken = json!({"type": "checkout.session.completed", "data": {"object": {"id": 7}}});
    let told = world.told("bad", &[paid(0), broken, paid(1), paid(9), paid(2)]).await;
    let done = told.applying().handle(told.items().await).await;
    let done: Vec<_> = done.into_iter().map(Option::unwrap).collect();
    assert_eq!(done.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true, true]);
    assert!(matches!(done[1], Err(JobError::Fail { .. })), "to read it again cannot help");
    let query = "SELECT stripe_link_id AS row FROM payment_link WHERE stripe_payment_intent IS NOT NULL ORDER BY 1";
    assert_eq!(texts(&told.db, query).await, ["plink_0", "plink_1", "plink_2", "plink_9"]);
    let told = texts(&told.db, "SELECT changes AS row FROM change_set ORDER BY id").await;
    let kinds = told.iter().flat_map(|set| set.lines()).filter_map(|line| line.split(' ').next());
    let mut told: Vec<&str> = kinds.filter(|kind| ["link.paid", "order.updated"].contains(kind)).collect();
    told.sort_unstable();
    // The fourth was paid before, and now has its payment's id.
    let expected = [vec!["link.paid"; 3], vec!["order.updated"; 3]].concat();
    assert_eq!(told, expected, "whoever follows is told of the links, and of the orders whose tag changed");
}

#[tokio::test]
async fn what_was_tried_before_is_applied_alone() {
    let world = World::new().await;
    let told = world.told("again", &[paid(0), paid(1)]).await;
    let groups = EventGroups::new(told.db.clone(), Clock::stopped_at(now()));
    let [first, _cut_off] = <[Item; 2]>::try_from(told.items().await).ok().unwrap();
    assert!(groups.apply(first).await.unwrap().is_ok());
    let again = told.items_of(&told.jobs[1..]).await.remove(0);
    assert!(groups.apply(again).await.is_none());
}

#[tokio::test]
async fn a_lease_that_was_lost_changes_nothing() {
    let world = World::new().await;
    let told = world.told("lost", &[paid(0), paid(1)]).await;
    let old = told.items().await;
    // Another worker considers both dead and claims one of them.
    let Claim::Ours(_) = claim_all(told.db.pool(), &[(told.jobs[0], now())]).await.unwrap().remove(0) else {
        panic!("not claimed")
    };
    assert!(told.applying().handle(old).await.iter().all(Option::is_none), "each is to be applied alone");
    let query = "SELECT state AS row FROM payment_link WHERE stripe_link_id IN ('plink_0', 'plink_1')";
    assert_eq!(texts(&told.db, query).await, ["unpaid", "unpaid"]);
    assert_eq!(texts(&told.db, "SELECT state AS row FROM job").await, ["queued", "queued"]);
}

#[tokio::test]
async fn what_another_job_has_applied_is_not_applied_again() {
    let world = World::new().await;
    let told = world.told("twice", &[paid(0), paid(1)]).await;
    let event = WebhookEventId::from_uuid(uuid::Uuid::from_u128(1));
    let again = ProcessStripeEvent { merchant: world.merchant, event };
    let options = EnqueueOptions::for_merchant(world.merchant);
    let job = enqueue(told.db.writer(), &again, options, now()).await.unwrap().unwrap().job;
    let first = told.items_of(&told.jobs[..1]).await;
    assert!(told.applying().handle(first).await[0].as_ref().unwrap().is_ok());
    // What is long is not kept: by now it says nothing.
    run(&told.db, "UPDATE webhook_event SET payload = NULL WHERE external_id = 'evt_0'").await;

    let again = Stage { db: told.db.clone(), jobs: vec![job] };
    let items = [again.items().await, told.items_of(&told.jobs[1..]).await].concat();
    assert!(again.applying().handle(items.clone()).await.iter().all(Option::is_none), "each is to be applied alone");
    for item in items {
        assert!(apply_all(&again.db, &[item], now() + TimeDelta::days(1)).await.unwrap()[0].is_ok());
    }
    let outcomes = "SELECT state || ' ' || (link_id IS NULL) AS row FROM webhook_outcome ORDER BY event_id";
    assert_eq!(texts(&told.db, outcomes).await, ["applied 0", "applied 0"]);
    assert_eq!(texts(&told.db, "SELECT state AS row FROM job").await, [""; 0]);
}

#[tokio::test]
async fn a_link_that_was_moved_meanwhile_is_judged_again() {
    let world = World::new().await;
    let told = world.told("moved", &[paid(0)]).await;
    let items = told.items().await;
    let jobs: Vec<&ProcessStripeEvent> = items.iter().map(|item| &item.job).collect();
    let read = apply_stripe_event::read_all(told.db.pool(), &jobs).await.unwrap();
    run(&told.db, "UPDATE payment_link SET state = 'voiding' WHERE stripe_link_id = 'plink_0'").await;

    let tx = told.db.begin().await.unwrap();
    apply_stripe_event::apply(&tx, &read.iter().flatten().collect::<Vec<_>>(), now()).await.unwrap();
    tx.commit().await.unwrap();

    let timeline = link::timeline(told.db.pool(), world.links[0]).await.unwrap();
    let mut events: Vec<&str> = timeline.iter().map(|entry| entry.event.as_str()).collect();
    events.sort_unstable();
    assert_eq!(events, ["creating", "paid", "review", "void_refused"]);
}

#[tokio::test]
async fn what_is_told_of_a_purged_link_is_acted_on_and_not_kept() {
    let world = World::new().await;
    let told = world.told("purged", &[paid(0), paid(1)]).await;
    let link = link::find(told.db.pool(), world.merchant, world.links[0]).await.unwrap().unwrap();
    let tx = told.db.begin().await.unwrap();
    link::purge(&tx, &link, now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(told.is_applied_together().await, 2);
    let kept = "SELECT (payload IS NULL) || ' ' || webhook_outcome.state AS row FROM webhook_event \
        JOIN webhook_outcome ON event_id = id ORDER BY id";
    assert_eq!(texts(&told.db, kept).await, ["1 applied", "0 applied"]);
    let states = "SELECT state AS row FROM payment_link WHERE stripe_link_id IN ('plink_0', 'plink_1')";
    assert_eq!(texts(&told.db, states).await, ["paid", "paid"]);
}
