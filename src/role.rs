//! The roles of a process.

/// What a process is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    Up,
    /// The HTTP front.
    Api,
    /// Jobs.
    Worker,
    /// Ticks.
    Scheduler,
    /// What an operator types.
    Command,
}

impl Role {
    /// What `PostgreSQL` shows it as.
    pub(crate) const fn application(self) -> &'static str {
        match self {
            Self::Up => "paylink up",
            Self::Api => "paylink api",
            Self::Worker => "paylink worker",
            Self::Scheduler => "paylink scheduler",
            Self::Command => "paylink",
        }
    }

    /// Whether it can do nothing without Redis. The front accepts commands then all the same.
    pub(crate) const fn needs_redis(self) -> bool {
        match self {
            Self::Up | Self::Api | Self::Command => false,
            Self::Worker | Self::Scheduler => true,
        }
    }

    /// How many connections to the database it opens at most beside those of its pool: what is written in groups goes over some of
    /// its own.
    pub(crate) const fn connections_aside(self) -> u32 {
        match self {
            Self::Up => 9,
            Self::Api => 3,
            Self::Worker => 6,
            Self::Scheduler | Self::Command => 0,
        }
    }
}
