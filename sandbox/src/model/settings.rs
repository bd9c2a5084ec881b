//! The sandbox's current behaviour, as set through `/_control`. It survives a restart like all other state.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::model::{fault::Fault, service::Service};

/// All persistent settings of the sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SandboxSettings {
    /// Faults, oldest first.
    pub(crate) faults: Vec<Fault>,
    /// How Stripe's webhooks are delivered.
    pub(crate) stripe_manner: Manner,
    /// How the carrier's reports and incoming texts are delivered.
    pub(crate) sms_manner: Manner,
    /// Where incoming texts go; the last status callback if `None`.
    pub(crate) incoming_url: Option<String>,
    /// The last status callback.
    pub(crate) last_callback: Option<String>,
    pub(crate) reports: ReportSettings,
    /// How long each of Stripe's calls takes, in milliseconds.
    #[serde(default)]
    pub(crate) stripe_delay_ms: u32,
    /// How long each of the carrier's calls takes, in milliseconds.
    #[serde(default)]
    pub(crate) sms_delay_ms: u32,
}

impl SandboxSettings {
    /// How long each call of a service takes, in milliseconds, for modification.
    pub(crate) fn delay_ms_mut(&mut self, service: Service) -> &mut u32 {
        match service {
            Service::Stripe => &mut self.stripe_delay_ms,
            Service::Sms => &mut self.sms_delay_ms,
        }
    }

    /// How long each call of a service takes.
    pub(crate) fn delay(&self, service: Service) -> Duration {
        Duration::from_millis(match service {
            Service::Stripe => self.stripe_delay_ms.into(),
            Service::Sms => self.sms_delay_ms.into(),
        })
    }

    /// How the webhooks of a service are delivered, for modification.
    pub(crate) fn manner_mut(&mut self, service: Service) -> &mut Manner {
        match service {
            Service::Stripe => &mut self.stripe_manner,
            Service::Sms => &mut self.sms_manner,
        }
    }
}

/// How webhooks are delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Manner {
    /// How many extra times each is delivered.
    pub(crate) duplicate: u32,
    /// Whether they are delivered in random order.
    pub(crate) shuffle: bool,
    /// The delay of each, in milliseconds.
    pub(crate) delay_ms: u32,
    /// Which ones are recorded but not delivered.
    pub(crate) drop: Drop,
}

/// Which webhooks are recorded but not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Drop {
    #[default]
    None,
    All,
    /// This many, and then none.
    Next(u32),
}

impl Drop {
    /// Whether to drop the next one, and the setting after that.
    pub(crate) fn next(self) -> (bool, Self) {
        match self {
            Self::None | Self::Next(0) => (false, Self::None),
            Self::All => (true, Self::All),
            Self::Next(count) => (true, Self::Next(count - 1)),
        }
    }
}

/// Whether the carrier automatically reports that a text was sent and delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReportSettings {
    /// If not, only `POST /_control/sms/report` sends reports.
    pub(crate) automatic: bool,
    /// The time from queued to sent, and from sent to delivered, in milliseconds.
    pub(crate) delay_ms: u32,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { automatic: true, delay_ms: 150 }
    }
}

impl ReportSettings {
    /// The duration of one step.
    pub(crate) fn step(self) -> TimeDelta {
        TimeDelta::milliseconds(self.delay_ms.into())
    }
}
