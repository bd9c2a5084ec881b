//! Network services: our own addresses, the collector of spans, Stripe and the carrier, and the clocks of others.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use chrono::Utc;
use reqwest::{Client, Response, StatusCode, header::CONTENT_TYPE, redirect::Policy};
use tokio::net::{TcpListener, lookup_host};
use url::Url;

use super::report::Report;
use crate::{clock_witness::date_of, documents::s3_endpoint, settings::Settings};

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
    address(&client, "listen", settings.listen, report).await;
    if let Some(listen) = settings.metrics_listen {
        address(&client, "metrics_listen", listen, report).await;
    }
    public_url(&client, settings, report).await;
    collector(&client, settings, report).await;
    if let Some(endpoint) = s3_endpoint(settings)
        && let Ok(answer) = client.get(&endpoint).send().await
    {
        clock("store", &answer, report);
    }
    if offline {
        return;
    }
    service(&client, "stripe", &settings.stripe_api_base, report).await;
    service(&client, "carrier", &settings.sms_api_base, report).await;
    sales_key(&client, settings, report).await;
}

/// An address that a role listens on must be free, or ours already.
async fn address(client: &Client, name: &'static str, address: SocketAddr, report: &mut Report) {
    match TcpListener::bind(address).await {
        Ok(_) => report.ok(name, format!("{address} can be listened on")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_ours(client, address).await => {
            report.ok(name, format!("a paylink listens on {address}"));
        }
        Err(error) => report.failed(
            name,
            format!("{address} cannot be listened on: {error}"),
            "name an address of this machine and a port that nobody has, or end what listens there; ports below 1024 need a right of their own",
        ),
    }
}

/// Whether a role answers there.
async fn is_ours(client: &Client, address: SocketAddr) -> bool {
    for path in ["healthz", "metrics"] {
        if let Ok(answer) = client.get(format!("http://{address}/{path}")).send().await
            && answer.text().await.is_ok_and(|text| text.trim() == "ok" || text.contains("paylink_"))
        {
            return true;
        }
    }
    false
}

/// Sends no spans to the collector. Nothing but them is lost without it.
async fn collector(client: &Client, settings: &Settings, report: &mut Report) {
    let Some(endpoint) = &settings.otlp_endpoint else { return };
    let name = "otlp_endpoint";
    let change = "name the collector's address for OTLP over HTTP, such as http://localhost:4318, without a path";
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    match client.post(url).header(CONTENT_TYPE, "application/x-protobuf").send().await {
        Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {
            report.warn(name, format!("{endpoint} takes no spans"), change);
        }
        Ok(answer) => report.ok(name, format!("{endpoint} answers {}", answer.status())),
        Err(error) => {
            report.warn(name, format!("{endpoint} cannot be reached: {}", domain::with_sources(&error)), change);
        }
    }
}

/// Has Stripe judge the key that credits are sold with.
async fn sales_key(client: &Client, settings: &Settings, report: &mut Report) {
    let Some(key) = &settings.credit_sales.stripe_key else { return };
    let name = "credit_sales.stripe_key";
    let change = "set PAYLINK_CREDIT_SALES__STRIPE_KEY to a key of your own Stripe account, with the rights that paylink.example.toml names";
    let url = format!("{}/v1/checkout/sessions?limit=1", settings.stripe_api_base.trim_end_matches('/'));
    match client.get(url).bearer_auth(key.expose()).send().await {
        Ok(answer) if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status()) => {
            report.failed(name, format!("Stripe answers {} to it", answer.status()), change);
        }
        Ok(_) => report.ok(name, "Stripe knows it"),
        Err(error) => {
            report.failed(name, format!("Stripe cannot be asked: {}", domain::with_sources(&error)), change);
        }
    }
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
