//! Explains in one line what a job is waiting for. Reasons for a snooze are recognised by the text of its last error.

use chrono::{DateTime, Utc};
use entity::job::{Job, JobState};
use queue::flow::HeldBack;

use super::when;

/// What the job waits for; `None` if it is finished.
pub(super) fn of(job: &Job, now: DateTime<Utc>) -> Option<String> {
    match job.state {
        JobState::Queued => Some(waits_for(job, now)),
        JobState::Done | JobState::Dead | JobState::Discarded => None,
    }
}

fn waits_for(job: &Job, now: DateTime<Utc>) -> String {
    let at = when(job.run_at);
    if let Some(since) = job.claimed_at {
        return format!("a worker is at it since {}", when(since));
    }
    if job.run_at <= now {
        return format!("it is due since {at}, and waits for a worker");
    }
    let said = job.last_error.as_deref().unwrap_or_default();
    match HeldBack::read(said) {
        None if said.is_empty() => format!("its time is {at}"),
        Some(HeldBack::Night) => format!("it is night at the buyer's: it leaves at {at}"),
        Some(HeldBack::CarrierIsBusy) => format!("the carrier asks for patience: it is handed over again at {at}"),
        Some(HeldBack::Limit(limit)) => {
            format!("the pace is full ([limits], {limit}): others have the turns before it, and its own is at {at}")
        }
        Some(HeldBack::Down(service)) => {
            format!(
                "{service} did not answer several times in a row and is left alone: it is asked again by itself, the next time at {at}"
            )
        }
        None => format!("the last attempt did not succeed: the next is at {at}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::JobId;
    use queue::flow::{CARRIER_IS_BUSY, NIGHT};

    use super::*;

    #[test]
    fn what_it_waits_for_is_told_by_what_put_it_off() {
        let now = Utc::now();
        let later = now + TimeDelta::hours(1);
        let job = |said: &str, run_at, state| Job {
            id: JobId::new(now),
            kind: "send_sms".to_owned(),
            dedup_key: None,
            merchant_id: None,
            payload: "{}".to_owned(),
            state,
            claims: 1,
            crashes: 0,
            uncounted: 0,
            run_at,
            last_error: Some(said.to_owned()).filter(|said| !said.is_empty()),
            created_at: now,
            claimed_at: None,
            finished_at: None,
            traceparent: None,
        };
        let told = |said: &str, run_at| of(&job(said, run_at, JobState::Queued), now).unwrap();
        for (said, is_told) in [
            ("", "its time is"),
            (NIGHT, "it is night at the buyer's"),
            (CARRIER_IS_BUSY, "asks for patience"),
            ("the limit of carrier:messages is reached", "the pace is full ([limits], carrier:messages)"),
            ("stripe is taken for down", "stripe did not answer several times"),
            ("a line was cut", "the last attempt did not succeed"),
        ] {
            let line = told(said, later);
            assert!(line.contains(is_told) && line.contains(&when(later)), "{line}");
            assert!(told(said, now).contains("waits for a worker"), "{said}");
        }
        let claimed = Job { claimed_at: Some(now), ..job("", now, JobState::Queued) };
        assert!(of(&claimed, now).unwrap().contains("a worker is at it"));
        assert_eq!(of(&job("", now, JobState::Done), now), None);
    }
}
