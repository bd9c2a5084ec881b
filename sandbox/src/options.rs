//! What a sandbox is started with.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// What a sandbox is started with. `Options::default()` listens on a free port of 127.0.0.1, keeps nothing and knows
/// neither a Stripe key nor an SMS account.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How others reach the sandbox (`http://host:port`, no trailing slash). Absent: 127.0.0.1 and the port.
    pub public_url: Option<String>,
    /// The file that the state is kept in. Absent: the state ends with the process.
    pub journal: Option<PathBuf>,
    /// The Stripe API keys that are accepted. Keys of one account and mode see the same objects.
    pub stripe_keys: Vec<StripeKey>,
    /// The SMS account that is accepted.
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

/// A Stripe API key and what it opens.
#[derive(Clone, PartialEq, Eq)]
pub struct StripeKey {
    /// The key itself, such as `sk_test_…`.
    pub secret: String,
    /// Whether it opens live mode. Objects of one mode are invisible to the other.
    pub livemode: bool,
    /// The account that it belongs to, such as `acct_…`. Objects of one account are invisible to another.
    pub account: String,
}

impl StripeKey {
    /// A key of the sandbox's default account; live if its prefix says so, as Stripe's do (`sk_live_`, `rk_live_`).
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self::of_account(secret, "acct_sandbox")
    }

    /// A key of an account of its own, for trying several merchants at once.
    #[must_use]
    pub fn of_account(secret: impl Into<String>, account: impl Into<String>) -> Self {
        let secret = secret.into();
        let livemode = ["sk_live_", "rk_live_"].iter().any(|prefix| secret.starts_with(prefix));
        Self { secret, livemode, account: account.into() }
    }
}

impl fmt::Debug for StripeKey {
    /// Without the key itself.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("StripeKey");
        shown.field("livemode", &self.livemode).field("account", &self.account).finish_non_exhaustive()
    }
}

/// An account with the SMS carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsAccount {
    /// The account's id, `AC` and 32 hexadecimal digits at the real carrier.
    pub sid: String,
    /// The secret that requests are authorised with and reports are signed with.
    pub auth_token: String,
    /// The number that texts are sent from and answered to, in E.164.
    pub number: String,
}

impl fmt::Debug for SmsAccount {
    /// Without the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SmsAccount");
        shown.field("sid", &self.sid).field("number", &self.number).finish_non_exhaustive()
    }
}
