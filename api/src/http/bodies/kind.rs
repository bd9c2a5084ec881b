//! The kinds of bodies, by their paths, and how large each may be and how long it may take.

use std::time::Duration;

use entity::documents::MAX_BYTES;
use tokio::time::Instant;

pub(super) const KIB: usize = 1024;
pub(super) const MIB: usize = 1024 * KIB;

/// The size of a form apart from its file: the other fields and the boundaries.
pub(super) const REST_OF_A_FORM: usize = 64 * KIB;

/// The kinds of bodies, by their size. Unlisted paths take JSON, the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    Json,
    /// An order may have 500 lines and 50,000 characters of descriptions.
    Order,
    /// A batch may have 1,000 orders, if they are small.
    Batch,
    Webhook,
    Invoice,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimits {
    pub(super) bytes: usize,
    /// Timeout for the next piece.
    pub(super) pause: Duration,
    /// Timeout for the whole body.
    pub(super) whole: Duration,
    /// The least bytes per second after [`GRACE`].
    pub(super) pace: u32,
}

/// How long any body may take.
const GRACE: Duration = Duration::from_secs(30);

/// The slowest allowed connection: a phone on a bad day. At this rate the largest invoice arrives within its ten
/// minutes.
pub(super) const SLOWEST: u32 = 20 * 1024;

impl BodyLimits {
    /// The deadline for the next piece of a body that began then and has this many bytes. A client that sends drop by
    /// drop holds a connection for half a minute instead of ten.
    pub(super) fn deadline(self, begin: Instant, taken: usize) -> Instant {
        let earned = Duration::from_secs(taken as u64 / u64::from(self.pace.max(1)));
        (begin + self.whole).min(begin + GRACE + earned)
    }
}

impl BodyKind {
    pub(super) fn of(path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        let parts = std::array::from_fn(|_| parts.next().unwrap_or_default());
        match parts {
            ["webhooks", _, _, "", ""] => Self::Webhook,
            ["v1", "orders", _, "payment-links", ""] => Self::Invoice,
            ["v1", "batches", "", "", ""] => Self::Batch,
            ["v1", "orders", _, "", ""] | ["v1", "orders", "by-number", _, ""] => Self::Order,
            _ => Self::Json,
        }
    }

    pub(super) fn limits(self) -> BodyLimits {
        let small = |bytes| BodyLimits { bytes, pause: GRACE, whole: GRACE, pace: SLOWEST };
        match self {
            Self::Json => small(64 * KIB),
            Self::Order => small(320 * KIB),
            Self::Batch => BodyLimits { bytes: 2 * MIB, pause: GRACE, whole: Duration::from_mins(2), pace: SLOWEST },
            Self::Webhook => small(MIB),
            Self::Invoice => BodyLimits {
                bytes: MAX_BYTES + REST_OF_A_FORM,
                pause: GRACE,
                whole: Duration::from_mins(10),
                pace: SLOWEST,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sends_an_invoice_drop_by_drop_is_not_waited_for_ten_minutes() {
        let (limits, begin) = (BodyKind::Invoice.limits(), Instant::now());
        let until = |taken| limits.deadline(begin, taken) - begin;
        assert_eq!(until(0), GRACE);
        assert_eq!(until(30), GRACE, "a byte a second earns nothing");
        assert_eq!(until(20 * 100 * KIB), GRACE + Duration::from_secs(100));
        assert_eq!(until(100 * MIB), Duration::from_mins(10));
        let most = limits.bytes as u64 / u64::from(SLOWEST);
        assert!(
            GRACE + Duration::from_secs(most) < Duration::from_mins(10),
            "the slowest line brings the largest invoice"
        );
    }
}
