//! Options for starting a sandbox.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// Options for starting a sandbox. By default it listens on a free port of 127.0.0.1, keeps nothing and accepts neither
/// a Stripe key nor an SMS account.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The address to listen on; port 0 means a free port.
    pub listen: SocketAddr,
    /// The public URL (`http://host:port`, no trailing slash); 127.0.0.1 and the port if `None`.
    pub public_url: Option<String>,
    /// The journal file; `None` keeps the state only in memory.
    pub journal: Option<PathBuf>,
    /// The accepted Stripe API keys. Keys of the same account and mode see the same objects.
    pub stripe_keys: Vec<StripeKey>,
    /// The accepted SMS account.
    pub sms_account: Option<SmsAccount>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            journal: None,
            stripe_keys: Vec::new(),
            sms_account: None,
        }
    }
}

/// A Stripe API key and its scope.
#[derive(Clone, PartialEq, Eq)]
pub struct StripeKey {
    /// The key, such as `sk_test_…`.
    pub secret: String,
    /// Whether it is for live mode. Objects of one mode are invisible in the other.
    pub livemode: bool,
    /// The account, such as `acct_…`. Objects of one account are invisible to others.
    pub account: String,
}

impl StripeKey {
    /// A key of the default account, live or not according to its prefix (`sk_live_`, `rk_live_`).
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self::of_account(secret, "acct_sandbox")
    }

    /// A key of a separate account, for trying several merchants at once.
    #[must_use]
    pub fn of_account(secret: impl Into<String>, account: impl Into<String>) -> Self {
        let secret = secret.into();
        let livemode = ["sk_live_", "rk_live_"].iter().any(|prefix| secret.starts_with(prefix));
        Self { secret, livemode, account: account.into() }
    }
}

impl fmt::Debug for StripeKey {
    /// Omits the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("StripeKey");
        shown.field("livemode", &self.livemode).field("account", &self.account).finish_non_exhaustive()
    }
}

/// An account with the SMS carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsAccount {
    /// The account's id; at the real carrier `AC` and 32 hexadecimal digits.
    pub sid: String,
    /// The secret for authenticating requests and signing reports.
    pub auth_token: String,
    /// The number that sends and receives texts, in E.164.
    pub number: String,
}

impl fmt::Debug for SmsAccount {
    /// Omits the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SmsAccount");
        shown.field("sid", &self.sid).field("number", &self.number).finish_non_exhaustive()
    }
}
