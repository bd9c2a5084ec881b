//! Security headers, cross-origin calls, and callers that ask too often.

use reqwest::Method;

use crate::support::{Answer, App, Database, Http, on_both_databases};

on_both_databases!(every_answer_tells_browsers_to_refrain, whoever_tries_tokens_is_held_up);

fn says(answer: &Answer, name: &str, wanted: &str) {
    let value = answer.header(name);
    assert!(value.contains(wanted), "{name} says {value:?} and not {wanted}");
}

async fn every_answer_tells_browsers_to_refrain(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("19001").await;
    let link = merchant.makes_a_link(&order).await;
    let everything = [
        "/console".to_owned(),
        "/console/main.js".to_owned(),
        "/docs".to_owned(),
        "/openapi.json".to_owned(),
        "/healthz".to_owned(),
        "/nothing".to_owned(),
        "/v1/orders".to_owned(),
        format!("/v1/orders/{}", order.id),
        format!("/v1/orders/{}/details.pdf", order.id),
        format!("/v1/payment-links/{}/qr.svg", link.id),
        link.url.clone(),
        format!("{}/invoice.pdf", link.url),
        "/p/AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "/assets/buyer.css".to_owned(),
    ];
    for path in everything.iter().filter(|path| !path.contains(".pdf")) {
        let answer = merchant.http.get(path).await;
        let policy = answer.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        let scripts = policy.split(';').find(|part| part.contains("script-src")).unwrap_or_default();
        assert!(!scripts.contains("unsafe-inline") && !policy.contains('*'), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") || policy.contains("sandbox"), "{path}: {policy}");
        says(&answer, "x-content-type-options", "nosniff");
        says(&answer, "referrer-policy", "no-referrer");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: there is no TLS here");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        if path.starts_with("/v1/") {
            assert_eq!(answer.header("cache-control"), "no-store", "{path} may be kept");
        }
    }
    let refused = app.anybody().get("/v1/orders").await;
    assert_eq!(refused.header("cache-control"), "no-store");
    let docs = merchant.http.get("/docs").await;
    says(&docs.with_status(200), "content-security-policy", "script-src 'self';");
    let pdf = merchant.http.get(&format!("{}/invoice.pdf", link.url)).await;
    // Anything that forbids plug-ins makes WebKit show an empty box.
    assert_eq!(pdf.header("content-security-policy"), "frame-ancestors 'none'");
    says(&pdf, "x-content-type-options", "nosniff");
}

async fn whoever_tries_tokens_is_held_up(app: &mut App) {
    let nobody = app.anybody();
    for _ in 0..600 {
        let page = nobody.get("/p/AAAAAAAAAAAAAAAAAAAAAA").await;
        if page.status == 429 {
            assert!(page.header("retry-after").parse::<u64>().unwrap() >= 1);
            assert!(page.text().contains("Too many pages"));
            return;
        }
        page.with_status(404);
    }
    panic!("six hundred tokens were tried");
}

#[tokio::test]
async fn other_origins_call_with_a_key_if_they_are_listed() {
    let settings = [
        ("PAYLINK_CORS_ORIGINS", "https://shop.example.com,http://localhost:3000".to_owned()),
        ("PAYLINK_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
    ];
    let app = App::start_with(Database::sqlite(), &settings).await;
    let http: Http = app.merchant().http;
    let from = async |method: Method, origin: &str| {
        let request = http.request(method, "/v1/orders").header("Origin", origin);
        http.ask(request.header("Access-Control-Request-Method", "POST")).await
    };
    let asked = from(Method::OPTIONS, "https://shop.example.com").await.with_status(204);
    says(&asked, "access-control-allow-origin", "https://shop.example.com");
    says(&asked, "access-control-allow-headers", "Idempotency-Key");
    assert_eq!(asked.header("access-control-allow-credentials"), "", "a session is not for others");
    says(
        &from(Method::GET, "http://localhost:3000").await.with_status(200),
        "access-control-allow-origin",
        "http://localhost:3000",
    );
    for stranger in ["https://evil.example", "null", "https://shop.example.com.evil.example"] {
        assert_eq!(from(Method::GET, stranger).await.with_status(200).header("access-control-allow-origin"), "");
        assert_eq!(from(Method::OPTIONS, stranger).await.header("access-control-allow-origin"), "");
    }

    // Behind a proxy that is trusted, each buyer's address counts for itself.
    let page = async |address: &str| {
        let request =
            app.anybody().request(Method::GET, "/p/AAAAAAAAAAAAAAAAAAAAAA").header("X-Forwarded-For", address);
        app.anybody().ask(request).await.status
    };
    let mut refused = false;
    for _ in 0..600 {
        refused = page("198.51.100.1").await == 429;
        if refused {
            break;
        }
    }
    assert!(refused, "six hundred tokens were tried");
    assert_eq!(page("198.51.100.2").await, 404);
}
