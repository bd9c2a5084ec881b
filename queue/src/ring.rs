//! Ringing what was promised, after the commit.

use std::time::Duration;

use crate::{
    Batch, Kind, Limits, Ticket, Together,
    bell::{Bell, BellError, Bells},
    news::News,
};

/// Rings jobs in Redis. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    bells: Bells,
    ringing: Batch<RingTogether>,
    news: News,
}

impl Queue {
    /// A queue on these bells.
    #[must_use]
    pub fn new(bells: Bells) -> Self {
        let ringing = Batch::new(RingTogether(bells.clone()), LIMITS);
        Self { news: News::new(bells.clone()), ringing, bells }
    }

    /// Rings jobs without waiting: the caller's answer must not depend on Redis. What cannot be rung now is rung by the
    /// scheduler, from the rows.
    pub fn ring(&self, tickets: impl IntoIterator<Item = Ticket>) {
        let tickets: Vec<Ticket> = tickets.into_iter().collect();
        if tickets.is_empty() {
            return;
        }
        let (ringing, jobs) = (self.ringing.clone(), tickets.len());
        tokio::spawn(async move {
            if let Err(error) = ringing.submit(tickets).await {
                tracing::warn!(jobs, %error, "jobs were not rung; the scheduler will");
            }
        });
    }

    /// Rings jobs and waits until Redis has them; answers how many it did not have already.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn ring_now(&self, tickets: &[Ticket]) -> Result<u64, BellError> {
        ring_all(&self.bells, tickets).await
    }

    /// The news, for whoever is looking.
    #[must_use]
    pub const fn news(&self) -> &News {
        &self.news
    }

    /// The bells, for workers.
    #[must_use]
    pub const fn bells(&self) -> &Bells {
        &self.bells
    }
}

/// Rings what is promised while Redis is busy with what was promised before, in one call.
struct RingTogether(Bells);

/// Redis does one thing at a time. What waits while it is away is the scheduler's.
const LIMITS: Limits = Limits { group: 64, at_once: 1, waiting: 1024, patience: Duration::from_secs(10) };

impl Together for RingTogether {
    type Item = Vec<Ticket>;
    type Answer = ();

    async fn handle(&self, group: Vec<Vec<Ticket>>) -> Vec<()> {
        let answers = vec![(); group.len()];
        let tickets = group.concat();
        if let Err(error) = ring_all(&self.0, &tickets).await {
            tracing::warn!(jobs = tickets.len(), %error, "jobs were not rung; the scheduler will");
        }
        answers
    }
}

async fn ring_all(bells: &Bells, tickets: &[Ticket]) -> Result<u64, BellError> {
    let mut rung = 0;
    for kind in Kind::ALL {
        let of_kind: Vec<Bell> = tickets
            .iter()
            .filter(|ticket| ticket.kind == kind)
            .map(|ticket| Bell { job: ticket.job.uuid(), lane: ticket.lane, at: Some(ticket.run_at) })
            .collect();
        if !of_kind.is_empty() {
            rung += bells.ring(kind.as_str(), &of_kind).await?;
        }
    }
    Ok(rung)
}
