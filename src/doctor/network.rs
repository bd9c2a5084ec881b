//! Network services: our own public address, Stripe and the carrier, and their clocks.

use std::time::Duration;

use chrono::Utc;
use reqwest::{Client, Response, redirect::Policy};
use tokio::net::lookup_host;
use url::Url;

use super::report::Report;
use crate::{clock_witness::date_of, settings::Settings};

/// Timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(8);

/// How far our clock may differ from a remote one, in seconds. Remote times are in whole seconds.
const SKEW: i64 = 5;

pub(super) async fn look(settings: &Settings, offline: bool, report: &mut Report) {
    let client = match Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build() {
        Ok(client) => client,
        Err(error) => {
            return report.failed(
                "network",
                domain::with_sources(&error),
                "see that TLS roots are installed (ca-certificates)",
            );
        }
    };
    public_url(&client, settings, report).await;
    if offline {
        return;
    }
    service(&client, "stripe", &settings.stripe_api_base, report).await;
    service(&client, "carrier", &settings.sms_api_base, report).await;
}

async fn public_url(client: &Client, settings: &Settings, report: &mut Report) {
    let Some(url) = &settings.public_url else {
        return report.failed(
            "public_url",
            "it is not set",
            "set PAYLINK_PUBLIC_URL to where buyers, Stripe and carriers reach this, such as https://pay.example.com",
        );
    };
    if url.starts_with("http://") && !is_here(url) {
        report.warn(
            "public_url",
            format!("{url} has no TLS"),
            "put a proxy with TLS in front, and begin it with https://",
        );
    }
    if let Err(why) = resolve(url).await {
        return report.failed("public_url", why, "make the name known in DNS");
    }
    match client.get(format!("{url}/healthz")).send().await {
        Ok(answer) if answer.status().is_success() => {
            report.ok("public_url", format!("{url} leads to a paylink that is alive"));
            if answer.headers().contains_key(::api::PROXY_HEADER) {
                report.warn(
                    "trusted_proxies",
                    format!("the proxy behind {url} says for whom it asks, and is not believed: everybody seems to come from it"),
                    "set PAYLINK_TRUSTED_PROXIES to its address, which the log of `paylink api` or `paylink up` names",
                );
            }
        }
        Ok(answer) => report.warn(
            "public_url",
            format!("{url}/healthz answers {}", answer.status()),
            "lead the address to `paylink api` or `paylink up`, if one runs",
        ),
        Err(error) => report.warn(
            "public_url",
            format!("{url}/healthz cannot be reached from here: {}", domain::with_sources(&error)),
            "lead the address to `paylink api` or `paylink up`; if only this machine cannot reach it, all is well",
        ),
    }
}

async fn service(client: &Client, name: &'static str, base: &str, report: &mut Report) {
    if let Err(why) = resolve(base).await {
        return report.failed(name, why, "let this machine ask DNS, and call the address");
    }
    match client.get(base).send().await {
        // Any response proves that it was reached, through TLS.
        Ok(answer) => {
            report.ok(name, format!("{base} answers"));
            clock(name, &answer, report);
        }
        Err(error) => report.failed(
            name,
            format!("{base} cannot be reached: {}", domain::with_sources(&error)),
            "let this machine call it (firewall, proxy, TLS roots)",
        ),
    }
}

fn clock(name: &'static str, answer: &Response, report: &mut Report) {
    let Some(there) = date_of(answer) else { return };
    let off = (Utc::now() - there).num_seconds();
    if off.abs() > SKEW {
        report.warn(
            name,
            format!("this machine's clock is {off} s off the one there"),
            "set it right: signatures are judged by it",
        );
    }
}

async fn resolve(url: &str) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    match tokio::time::timeout(TIMEOUT, lookup_host((host.as_str(), port))).await {
        Ok(Ok(mut found)) => found.next().map(drop).ok_or_else(|| format!("DNS knows no address of {host}")),
        Ok(Err(error)) => Err(format!("{host}: {error}")),
        Err(_) => Err(format!("DNS does not answer about {host} within {TIMEOUT:?}")),
    }
}

fn is_here(url: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"].iter().any(|here| url.starts_with(here))
}
