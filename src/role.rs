//! The roles of a process.

/// The role of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// All of them.
    Up,
    /// The HTTP API.
    Api,
    /// Runs jobs.
    Worker,
    /// Runs ticks.
    Scheduler,
    /// A command of an operator.
    Command,
}

impl Role {
    /// The application name shown in PostgreSQL.
    pub(crate) const fn application(self) -> &'static str {
        match self {
            Self::Up => "paylink up",
            Self::Api => "paylink api",
            Self::Worker => "paylink worker",
            Self::Scheduler => "paylink scheduler",
            Self::Command => "paylink",
        }
    }

    /// Whether it is useless without Redis. The API still accepts commands then.
    pub(crate) const fn needs_redis(self) -> bool {
        match self {
            Self::Up | Self::Api | Self::Command => false,
            Self::Worker | Self::Scheduler => true,
        }
    }

    /// The most database connections that it opens in addition to its pool: group commits use connections of their own,
    /// and the API keeps idempotency keys over one.
    pub(crate) const fn connections_aside(self) -> u32 {
        match self {
            Self::Up => 10,
            Self::Api => 4,
            Self::Worker => 6,
            Self::Scheduler | Self::Command => 0,
        }
    }
}
