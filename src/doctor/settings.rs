//! Checks of the settings alone.

use domain::Vault;

use super::report::Report;
use crate::{backup::sealed, data_dir::DataDir, operators, parts::secret_key, settings::Settings};

/// The fewest open files that an API needs for its connections.
const FEW_FILES: u64 = 4_096;

pub(super) fn look(settings: &Settings, data: &DataDir, report: &mut Report) {
    report.ok("settings", "they can be read");
    let opened =
        secret_key(settings, data).and_then(|key| Ok(Vault::with_previous(&key, &settings.previous_secret_keys)?));
    match opened {
        Ok(_) => report.ok("secret_key", "it is one"),
        Err(error) => report.failed(
            "secret_key",
            error.with_sources(),
            "set PAYLINK_SECRET_KEY to the key that this installation has, or to what `paylink secrets generate` prints if it is new",
        ),
    }
    let operator = operators::unnamed_key(settings, data)
        .and_then(|unnamed| operators::operators(settings, unnamed.as_ref()).map(|_| unnamed));
    match operator {
        Ok(None) if !settings.has_operator() => report.warn(
            "operator_key",
            "no operator has a key",
            "set PAYLINK_OPERATOR_KEY, or nobody can use the operator's page and calls",
        ),
        Ok(_) => report.ok("operator_key", "there is an operator"),
        Err(error) => report.failed("operator_key", error.with_sources(), "correct it"),
    }
    backup_key(settings, report);
    proxies(settings, report);
    files(report);
}

fn backup_key(settings: &Settings, report: &mut Report) {
    let Some(key) = &settings.backup_key else { return };
    match sealed::check_key(key) {
        Ok(()) => report.ok("backup_key", "it is one"),
        Err(error) => report.failed(
            "backup_key",
            error.to_string(),
            "set PAYLINK_BACKUP_KEY to the key of the backups that there are, or to what `paylink secrets generate` prints",
        ),
    }
}

/// Behind an untrusted proxy all requests seem to come from its address, so rate limits by address hit everyone at
/// once.
fn proxies(settings: &Settings, report: &mut Report) {
    let is_tls = settings.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    if is_tls && settings.trusted_proxies.is_empty() {
        report.warn(
            "trusted_proxies",
            "the public address has TLS, which a proxy must end, and no proxy is trusted: everybody seems to come from its address",
            "set PAYLINK_TRUSTED_PROXIES to the proxy's address, such as 127.0.0.1",
        );
    } else {
        report.ok("trusted_proxies", format!("{} trusted", settings.trusted_proxies.len()));
    }
}

fn files(report: &mut Report) {
    crate::open_files::raise();
    let files = crate::open_files::most();
    if files < FEW_FILES {
        report.warn(
            "open files",
            format!("a process may have {files} open, and each connection is one"),
            format!("raise the hard limit to {FEW_FILES} or more (LimitNOFILE= in systemd)"),
        );
    } else {
        report.ok("open files", format!("a process may have {files} open"));
    }
}
