//! Amounts in every kind of currency: what goes to Stripe, what people read, and what comes back.

use serde_json::json;

use crate::support::{App, Invoice, on_both_databases};

on_both_databases!(
    each_currency_goes_to_stripe_as_stripe_counts_and_to_people_as_they_do,
    what_is_too_small_or_too_large_is_refused
);

/// Currency, requested amount, Stripe's minor units, formatted amount.
const AMOUNTS: [(&str, &str, &str, &str); 8] = [
    ("jpy", "12950", "12950", "12,950 JPY"),
    ("krw", "50", "50", "50 KRW"),
    ("isk", "1500", "150000", "1,500 ISK"),
    ("ugx", "20000", "2000000", "20,000 UGX"),
    ("huf", "175.00", "17500", "175.00 HUF"),
    ("eur", "1234.5", "123450", "1,234.50 EUR"),
    ("usd", "999999.99", "99999999", "999,999.99 USD"),
    ("jpy", "99999999", "99999999", "99,999,999 JPY"),
];

async fn each_currency_goes_to_stripe_as_stripe_counts_and_to_people_as_they_do(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    for (number, (currency, asked, at_stripe, for_people)) in AMOUNTS.into_iter().enumerate() {
        let order = merchant.opens_an_order(&format!("A{number}")).await;
        let invoice = Invoice { amount: Some(asked), currency: Some(currency), ..Invoice::default() };
        let id = merchant.uploads(&order, &invoice).await;
        let link = merchant.has_the_link(&id).await;

        let made = sandbox.requests("stripe", "POST", "/v1/payment_links").await;
        let body = made.iter().map(|request| request["body"].as_str().unwrap()).find(|body| body.contains(&link.id));
        let body = body.unwrap_or_else(|| panic!("{currency}: no link was made"));
        let sent = format!(
            "price_data%5D%5Bcurrency%5D={currency}&line_items%5B0%5D%5Bprice_data%5D%5Bunit_amount%5D={at_stripe}&"
        );
        assert!(body.contains(&sent), "{sent} is not in {body}");
        // The amount and its currency never stand on two lines.
        let page = buyer.opens(&link).await.with_status(200).text().replace('\u{a0}', " ");
        assert!(page.contains(for_people), "{for_people} is not in {page}");

        // Stripe reports the requested amount as paid.
        buyer.pays(&link).await;
        let paid = merchant.sees(&link.id, "paid").await;
        assert!(paid["review"].is_null(), "{paid}");

        // Half of it goes back.
        let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap();
        let half = at_stripe.parse::<i64>().unwrap() / 2 / 100 * 100;
        if half > 0 {
            sandbox.does("refund", json!({"payment_intent": intent, "amount": half})).await;
            crate::support::eventually("the refund is shown", async || {
                let link = merchant.link(&link.id).await;
                link["refunded_amount"].is_string().then_some(())
            })
            .await;
        }
    }
}

async fn what_is_too_small_or_too_large_is_refused(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    for (currency, amount) in [
        ("jpy", "49"),
        ("krw", "49"),
        ("huf", "174.99"),
        ("eur", "0.49"),
        ("gbp", "0.29"),
        ("jpy", "100000000"),
        ("eur", "1000000.00"),
        ("isk", "1000000"),
        ("jpy", "12.5"),
        ("isk", "12.50"),
        ("kwd", "12.500"),
    ] {
        let invoice = Invoice { amount: Some(amount), currency: Some(currency), ..Invoice::default() };
        let problem = merchant.asks_for_a_link(&order, &invoice).await.problem(422, "invalid_input");
        assert!(problem["errors"][0]["reason"].is_string(), "{amount} {currency}: {problem}");
    }
}
