//! How much people may write, in characters.

/// The longest number of an order or of an invoice.
pub const LONGEST_NUMBER: usize = 64;

/// The longest note of a merchant.
pub const LONGEST_NOTE: usize = 500;

/// The longest reason for what somebody does.
pub const LONGEST_REASON: usize = 500;
