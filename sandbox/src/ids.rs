//! Random ids in each vendor's format.

use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `prefix` followed by `length` random letters and digits, as Stripe names its objects.
pub(crate) fn stripe(prefix: &str, length: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    while id.len() < prefix.len() + length {
        // Bytes beyond the last full alphabet are thrown away, or the first letters would come more often.
        let letters = random::<32>().into_iter().filter(|byte| *byte < 248);
        let room = prefix.len() + length - id.len();
        id.extend(letters.take(room).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    id
}

/// `prefix` followed by 32 hexadecimal digits, as Twilio names its objects.
pub(crate) fn twilio(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::now_v7().simple())
}

/// A random number below `bound`; 0 when `bound` is 0.
pub(crate) fn below(bound: u32) -> u32 {
    u32::from_le_bytes(random()).checked_rem(bound).unwrap_or(0)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system has random bytes to give");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_prefix_and_length_and_is_not_given_twice() {
        let (one, other) = (stripe("plink_", 24), stripe("plink_", 24));
        assert!(one.starts_with("plink_"));
        assert_eq!(one.len(), 30);
        assert!(one["plink_".len()..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, other);
        assert_eq!(twilio("SM").len(), 34);
    }
}
