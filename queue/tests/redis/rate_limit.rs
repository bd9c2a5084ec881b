//! Limits that all processes share, on a real Redis.

use std::time::{Duration, Instant};

use queue::{
    flow::Urgency,
    redis::{Pass, RedisQueues},
};

use crate::support::{Redis, eventually};

const PATIENT: Duration = Duration::from_hours(1);

async fn pass(queues: &RedisQueues, interval: Duration, patience: Duration) -> Pass {
    queues.pass_at("stripe:payment_links", interval, patience, Urgency::Interactive).await.expect("Redis answers")
}

#[tokio::test]
async fn a_limit_holds_over_all_who_ask() {
    let redis = Redis::start().await;
    let processes = [redis.queues(), redis.queues(), redis.queues()];
    let interval = Duration::from_millis(40);
    let begin = Instant::now();
    for turn in 0..60_u32 {
        let queues = &processes[turn as usize % processes.len()];
        let Pass::In(wait) = pass(queues, interval, PATIENT).await else { panic!("turn {turn} was not given") };
        assert!(wait + begin.elapsed() >= interval * turn, "turn {turn} comes after {wait:?} already");
        assert!(wait <= interval * turn, "turn {turn} comes after {wait:?} only");
    }
}

#[tokio::test]
async fn those_who_are_told_to_wait_come_back_one_by_one() {
    let redis = Redis::start().await;
    let (queues, interval) = (redis.queues(), Duration::from_mins(1));
    assert_eq!(pass(&queues, interval, Duration::ZERO).await, Pass::In(Duration::ZERO));
    let begin = Instant::now();
    for place in 1..=20 {
        let Pass::NotBefore(wait) = pass(&queues, interval, Duration::ZERO).await else { panic!("a turn too many") };
        let most = interval * place;
        let least = most.saturating_sub(begin.elapsed() + Duration::from_secs(1));
        assert!(wait <= most && wait >= least, "{place} comes back after {wait:?}");
    }
}

#[tokio::test]
async fn who_is_waited_for_stands_behind_no_one_else_who_was_told_to_wait() {
    let redis = Redis::start().await;
    // An hour: no time that this test may take is a part of it.
    let (queues, interval) = (redis.queues(), Duration::from_hours(1));
    let asks = async |patience, urgency| {
        let pass = queues.pass_at("texts", interval, patience, urgency).await;
        pass.expect("Redis answers")
    };
    let told_to_wait = |pass| match pass {
        Pass::NotBefore(wait) => wait,
        Pass::In(_) => panic!("a turn too many"),
    };
    assert_eq!(asks(Duration::ZERO, Urgency::Background).await, Pass::In(Duration::ZERO));
    for _ in 0..50 {
        told_to_wait(asks(Duration::ZERO, Urgency::Background).await);
    }
    // The next turn is within this patience, and not within the half of it.
    let patience = interval * 3 / 2;
    told_to_wait(asks(patience, Urgency::Background).await);
    let first = told_to_wait(asks(Duration::ZERO, Urgency::Interactive).await);
    assert!(first <= interval, "fifty are before it: {first:?}");
    let last = told_to_wait(asks(Duration::ZERO, Urgency::Background).await);
    assert!(last + Duration::from_mins(10) > 51 * interval, "it is not in a row with the others: {last:?}");
    assert!(matches!(asks(patience, Urgency::Interactive).await, Pass::In(wait) if wait <= interval));
}

#[tokio::test]
async fn a_turn_is_kept_for_who_was_told_to_return_for_it() {
    let redis = Redis::start().await;
    let (queues, interval) = (redis.queues(), Duration::from_hours(1));
    let asks =
        async |patience, urgency| queues.pass_at("texts", interval, patience, urgency).await.expect("it answers");
    assert_eq!(asks(Duration::ZERO, Urgency::Interactive).await, Pass::In(Duration::ZERO));
    assert!(matches!(asks(Duration::ZERO, Urgency::Interactive).await, Pass::NotBefore(_)));
    let pass = asks(PATIENT * 4, Urgency::Background).await;
    assert!(matches!(pass, Pass::NotBefore(wait) if wait > interval), "{pass:?}");
    assert!(matches!(asks(PATIENT, Urgency::Interactive).await, Pass::In(_)));
    let pass = asks(PATIENT * 8, Urgency::Background).await;
    assert!(matches!(pass, Pass::In(_)), "nothing is kept any more: {pass:?}");
}

#[tokio::test]
async fn a_limit_that_is_not_reached_costs_nobody_a_wait_and_leaves_nothing_behind() {
    let redis = Redis::start().await;
    let (queues, interval) = (redis.queues(), Duration::from_millis(5));
    for _ in 0..5 {
        assert_eq!(pass(&queues, interval, Duration::ZERO).await, Pass::In(Duration::ZERO));
        tokio::time::sleep(interval * 2).await;
    }
    eventually("nothing is left", async || redis.ask::<u64>("DBSIZE").await == 0).await;
}

#[tokio::test]
async fn each_name_has_a_limit_of_its_own() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    for merchant in ["stripe:payment_links:1", "stripe:payment_links:2", "stripe:checkout/sessions:1"] {
        let pass =
            queues.pass_at(merchant, PATIENT, Duration::ZERO, Urgency::Interactive).await.expect("Redis answers");
        assert_eq!(pass, Pass::In(Duration::ZERO));
    }
}

#[tokio::test]
async fn what_is_spent_anywhere_is_owed_by_all_and_paid_off_in_time() {
    let redis = Redis::start().await;
    let (one, other) = (redis.queues(), redis.queues());
    let spent = Duration::from_millis(400);
    let near = |owed: Duration, wanted: Duration| owed <= wanted && owed + Duration::from_millis(350) > wanted;
    assert!(near(one.spend("mer_1", spent).await.expect("Redis answers"), spent));
    let both = other.spend("mer_1", spent).await.expect("Redis answers");
    assert!(near(both, 2 * spent), "{both:?} are owed");
    assert!(near(one.spend("mer_2", spent).await.expect("Redis answers"), spent), "each has a budget of its own");
    eventually("nothing is left", async || redis.ask::<u64>("DBSIZE").await == 0).await;
    assert!(near(one.spend("mer_1", spent).await.expect("Redis answers"), spent));
}
