//! The sandbox's current behaviour as configured below `/_control`. It survives restarts like everything else.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::model::{fault::Fault, service::Service};

/// Everything that can be set in the sandbox and stays so until it is set otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SandboxSettings {
    /// Ordered failures, oldest first.
    pub(crate) faults: Vec<Fault>,
    /// How Stripe's webhooks are delivered.
    pub(crate) stripe_manner: Manner,
    /// How the carrier's reports and incoming texts are delivered.
    pub(crate) sms_manner: Manner,
    /// Where incoming texts go. Absent: to the status callback that was seen last.
    pub(crate) incoming_url: Option<String>,
    /// The status callback that was seen last.
    pub(crate) last_callback: Option<String>,
    pub(crate) reports: ReportSettings,
}

impl SandboxSettings {
    /// How the webhooks of a service are delivered, to be changed.
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
    /// How many more times than once each is delivered.
    pub(crate) duplicate: u32,
    /// Whether they are delivered in random order.
    pub(crate) shuffle: bool,
    /// How long each is held back, in milliseconds.
    pub(crate) delay_ms: u32,
    /// Which of them are recorded but not delivered.
    pub(crate) drop: Drop,
}

/// Which webhooks are recorded but not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Drop {
    #[default]
    None,
    All,
    /// This many, and then no more.
    Next(u32),
}

impl Drop {
    /// Whether the next one is dropped, and what holds after it.
    pub(crate) fn next(self) -> (bool, Self) {
        match self {
            Self::None | Self::Next(0) => (false, Self::None),
            Self::All => (true, Self::All),
            Self::Next(count) => (true, Self::Next(count - 1)),
        }
    }
}

/// Whether the carrier reports by itself that a text was sent and delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReportSettings {
    /// If not, nothing is reported but what `POST /_control/sms/report` says.
    pub(crate) automatic: bool,
    /// How long a text takes from queued to sent and again from sent to delivered, in milliseconds.
    pub(crate) delay_ms: u32,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { automatic: true, delay_ms: 150 }
    }
}

impl ReportSettings {
    /// How long one step takes.
    pub(crate) fn step(self) -> TimeDelta {
        TimeDelta::milliseconds(self.delay_ms.into())
    }
}
