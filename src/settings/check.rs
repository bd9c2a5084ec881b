//! What settings must be like, alone and together.

use super::{
    Settings,
    urls::{check_public_url, is_kept_secret},
};
use crate::error::Error;

/// The longest time that finished jobs may be kept, in days.
const LONGEST_RETENTION: i64 = 36_500;

impl Settings {
    /// Refuses what cannot work.
    pub(super) fn check(mut self) -> Result<Self, Error> {
        let refuse = |setting, reason: &str| Err(Error::Setting { setting, reason: reason.to_owned() });
        if self.concurrency == 0 {
            return refuse("concurrency", "must be at least 1");
        }
        self.concurrency()?;
        if self.database_connections == 0 {
            return refuse("database_connections", "must be at least 1");
        }
        if self.lease_seconds == 0 {
            return refuse("lease_seconds", "must be at least 1");
        }
        if !(1..=LONGEST_RETENTION).contains(&self.job_retention_days) {
            return refuse("job_retention_days", "must be at least 1, and at most 36500, which is a hundred years");
        }
        self.times()?;
        if let Some(url) = &mut self.public_url {
            check_public_url(url)
                .map_err(|reason| Error::Setting { setting: "public_url", reason: reason.to_owned() })?;
            url.truncate(url.trim_end_matches('/').len());
        }
        if !is_kept_secret(&self.stripe_api_base) {
            return refuse(
                "stripe_api_base",
                "must begin with https:// unless it is on this machine: it is sent secret keys",
            );
        }
        if !self.sms_http_allow_private && !is_kept_secret(&self.sms_api_base) {
            return refuse(
                "sms_api_base",
                "must begin with https:// unless it is on this machine: it is sent secret keys",
            );
        }
        if self.redis_cert_file.is_some() != self.redis_key_file.is_some() {
            return refuse("redis_key_file", "goes with redis_cert_file: a certificate is shown with its key");
        }
        let sales = &self.credit_sales;
        if !sales.packs.is_empty() && sales.stripe_key.is_none() {
            return refuse(
                "credit_sales.stripe_key",
                "is missing: credits are sold by a page of the operator's own Stripe",
            );
        }
        if !sales.packs.is_empty() && sales.webhook_secrets.is_empty() {
            return refuse(
                "credit_sales.webhook_secrets",
                "are missing: without them nobody can tell that credits were paid for",
            );
        }
        if let Some(url) = &self.otlp_endpoint
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            return refuse("otlp_endpoint", "must begin with http:// or https://");
        }
        Ok(self)
    }
}
