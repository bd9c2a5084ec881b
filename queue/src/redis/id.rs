//! The representation of a job in Redis: `<job>:<lane>`.

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::Delivery;

const HALF: usize = Hyphenated::LENGTH;
const LENGTH: usize = HALF + 1 + HALF;

/// A job's id in Redis. Being longer than 64 bytes keeps even small sorted sets out of Redis's listpack encoding, which
/// is searched linearly.
pub(super) struct Id([u8; LENGTH]);

impl Id {
    pub(super) fn new(job: Uuid, lane: Uuid) -> Self {
        let mut id = [b':'; LENGTH];
        job.hyphenated().encode_lower(&mut id[..HALF]);
        lane.hyphenated().encode_lower(&mut id[HALF + 1..]);
        Self(id)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Parses an id into the job and the lane.
pub(super) fn read_id(id: &[u8]) -> Option<(Uuid, Uuid)> {
    let (job, lane) = id.split_at_checked(HALF)?;
    let lane = lane.strip_prefix(b":")?;
    Some((Uuid::try_parse_ascii(job).ok()?, Uuid::try_parse_ascii(lane).ok()?))
}

/// Parses a job claimed by `turn.lua`: its id, and its entry `l<delivery>`.
pub(super) fn read_claim(id: &[u8], entry: &str) -> Option<Delivery> {
    let (job, lane) = read_id(id)?;
    let number = entry.strip_prefix('l')?.parse().ok()?;
    Some(Delivery { job, lane, number })
}

/// The entry of a claimed job.
pub(super) fn entry(delivery: &Delivery) -> String {
    format!("l{}", delivery.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let (job, lane) = (Uuid::from_u128(7), Uuid::from_u128(u128::MAX));
        assert_eq!(read_id(Id::new(job, lane).as_bytes()), Some((job, lane)));
    }

    #[test]
    fn what_is_not_an_id_is_not_read() {
        let id = Id::new(Uuid::nil(), Uuid::nil());
        for length in 0..LENGTH {
            assert_eq!(read_id(&id.as_bytes()[..length]), None);
        }
        assert_eq!(read_id(&[b'x'; LENGTH]), None);
    }

    #[test]
    fn a_claim_is_read_with_its_delivery() {
        let claimed = Delivery { job: Uuid::from_u128(1), lane: Uuid::from_u128(2), number: 3 };
        let id = Id::new(claimed.job, claimed.lane);
        assert_eq!(read_claim(id.as_bytes(), &entry(&claimed)), Some(claimed));
        assert_eq!(read_claim(id.as_bytes(), "r3"), None);
        assert_eq!(read_claim(id.as_bytes(), "l"), None);
    }
}
