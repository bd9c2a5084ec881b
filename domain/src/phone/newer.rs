//! Mobile numbers in use that the metadata of `rlibphonenumber` (9.0.42) lacks: the additions of libphonenumber 9.0.43.
//! Without them a buyer's valid number would be refused. A test fails once the crate knows one of them, so that it is
//! removed here.

/// The prefix of numbers in E.164, and their length.
const RANGES: [(&str, usize); 7] = [
    ("+4915410", 13),  // Germany
    ("+593930", 12),   // Ecuador
    ("+593931", 12),   // Ecuador
    ("+593932", 12),   // Ecuador
    ("+2517000", 12),  // Ethiopia
    ("+99550888", 12), // Georgia
    ("+263751", 12),   // Zimbabwe
];

/// Whether a number in E.164 is in one of these ranges.
pub(super) fn has(number: &str) -> bool {
    RANGES.iter().any(|(begin, digits)| number.starts_with(begin) && number.len() == digits + 1)
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::*;

    #[test]
    fn what_the_crate_knows_by_now_is_left_out() {
        for (begin, digits) in RANGES {
            let number = format!("{begin:1<width$}", width = digits + 1);
            assert!(has(&number), "{number}");
            let read = PHONE_NUMBER_UTIL.parse(&number, None).unwrap();
            assert!(!PHONE_NUMBER_UTIL.is_valid_number(&read), "{number}: the crate has it");
        }
    }
}
