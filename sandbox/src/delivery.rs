//! Outgoing webhooks of both services: when they are sent, retried and abandoned.

use chrono::TimeDelta;

use crate::{
    clock::Moment,
    ids,
    model::{
        delivery::{Content, DeliveryState, WebhookDelivery},
        service::Service,
        state::Txn,
        tables::RowChange,
    },
};

/// The pause after the first failed attempt. It doubles with each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::milliseconds(200);
/// The longest pause between two attempts.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// Stripe retries for three days; the sandbox for as long as anyone would watch.
const STRIPE_ATTEMPTS: u32 = 120;
/// The carrier retries only a few times.
const SMS_ATTEMPTS: u32 = 6;
/// The longest random delay of a shuffled webhook, in milliseconds.
const SHUFFLE_MS: u32 = 400;

impl WebhookDelivery {
    /// The delivery after an attempt that returned a status or failed.
    fn after(self, result: Result<u16, String>, now: Moment) -> Self {
        let attempts = self.attempts + 1;
        let most = match self.service {
            Service::Stripe => STRIPE_ATTEMPTS,
            Service::Sms => SMS_ATTEMPTS,
        };
        let state = match result {
            Ok(200..=299) => DeliveryState::Delivered,
            Ok(_) | Err(_) if attempts >= most => DeliveryState::Abandoned,
            Ok(_) | Err(_) => DeliveryState::Pending,
        };
        let last = Some(result.map_or_else(|error| error, |status| status.to_string()));
        Self { state, attempts, due_at: now + pause(attempts), last, ..self }
    }
}

/// The pause after this many failed attempts.
fn pause(attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(8);
    (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
}

/// Queues a webhook according to the current settings: delayed, duplicated, shuffled or dropped.
pub(crate) fn enqueue(txn: &mut Txn<'_>, service: Service, url: &str, content: &Content) {
    let mut settings = txn.tables.settings.clone();
    let manner = settings.manner_mut(service);
    let before = manner.drop;
    let (dropped, after) = before.next();
    manner.drop = after;
    let manner = manner.clone();
    if before != after {
        txn.put(RowChange::Settings(settings));
    }
    let state = if dropped { DeliveryState::Dropped } else { DeliveryState::Pending };
    let copies = if dropped { 1 } else { manner.duplicate.saturating_add(1) };
    for _ in 0..copies {
        let jitter = if manner.shuffle { ids::below(SHUFFLE_MS) } else { 0 };
        let delay = TimeDelta::milliseconds(i64::from(manner.delay_ms) + i64::from(jitter));
        txn.put(RowChange::Delivery(WebhookDelivery {
            id: ids::stripe("dlv_", 24),
            service,
            url: url.to_owned(),
            content: content.clone(),
            state,
            attempts: 0,
            due_at: txn.now + delay,
            last: None,
        }));
    }
}

/// Records the result of an attempt.
pub(crate) fn settle(txn: &mut Txn<'_>, id: &str, result: Result<u16, String>) {
    if let Some(delivery) = txn.tables.deliveries.get(id).cloned() {
        txn.put(RowChange::Delivery(delivery.after(result, txn.now)));
    }
}

/// Ends a delivery whose endpoint no longer exists.
pub(crate) fn stop_trying(txn: &mut Txn<'_>, id: &str) {
    if let Some(delivery) = txn.tables.deliveries.get(id).cloned() {
        let last = Some("there is no such endpoint any more".to_owned());
        txn.put(RowChange::Delivery(WebhookDelivery { state: DeliveryState::Abandoned, last, ..delivery }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(service: Service, attempts: u32) -> WebhookDelivery {
        WebhookDelivery {
            id: "dlv_1".to_owned(),
            service,
            url: "http://127.0.0.1/hook".to_owned(),
            content: Content::Form(Vec::new()),
            state: DeliveryState::Pending,
            attempts,
            due_at: Moment::UNIX_EPOCH,
            last: None,
        }
    }

    #[test]
    fn pauses_double_from_a_fifth_of_a_second_to_five_seconds() {
        let pauses: Vec<i64> = (1..=7).map(|attempts| pause(attempts).num_milliseconds()).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn only_an_answer_of_200_to_299_counts_as_delivered() {
        for (result, state) in [
            (Ok(204), DeliveryState::Delivered),
            (Ok(302), DeliveryState::Pending),
            (Ok(500), DeliveryState::Pending),
            (Err("refused".to_owned()), DeliveryState::Pending),
        ] {
            assert_eq!(pending(Service::Stripe, 0).after(result, Moment::UNIX_EPOCH).state, state);
        }
    }

    #[test]
    fn the_carrier_gives_up_after_a_few_attempts_and_stripe_does_not() {
        let failed = |service| pending(service, SMS_ATTEMPTS - 1).after(Ok(500), Moment::UNIX_EPOCH).state;
        assert_eq!(failed(Service::Sms), DeliveryState::Abandoned);
        assert_eq!(failed(Service::Stripe), DeliveryState::Pending);
    }
}
