//! Orders are put and read by their number.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{App, on_both_databases, order_body};

on_both_databases!(
    an_order_is_put_by_its_number,
    who_puts_at_the_same_moment_as_others_meets_the_order_that_counts,
    an_order_is_read_by_its_number
);

async fn an_order_is_put_by_its_number(app: &mut App) {
    let merchant = app.merchant();
    let put = async |body: &Value| merchant.http.put("/v1/orders/by-number/40401", body).await;
    let mut body = order_body("40401", "+12025569401");
    body.as_object_mut().unwrap().remove("number");
    let answer = put(&body).await.with_status(201);
    let made = answer.json();
    assert_eq!(made["number"], "40401");
    assert_eq!(answer.header("location"), format!("/v1/orders/{}", made["id"].as_str().unwrap()));
    let too_long = merchant.http.put(&format!("/v1/orders/by-number/{}", "4".repeat(65)), &body).await;
    assert_eq!(too_long.problem(422, "invalid_input")["errors"][0]["field"], "number");
    body["amount"] = "99.00".into();
    body["items"] = json!([]);
    body.as_object_mut().unwrap().retain(|name, _| name != "shipping" && name != "discount");
    body["metadata"] = json!({"source": "shop"});
    let changed = put(&body).await.with_status(200).json();
    assert_eq!((&changed["id"], &changed["amount"]), (&made["id"], &"99.00".into()));
    assert_eq!(changed["metadata"], json!({"source": "shop"}));
    let again = put(&body).await.with_status(200).json();
    let events: Vec<_> = again["history"].as_array().unwrap().iter().map(|entry| &entry["event"]).collect();
    assert_eq!(events, ["order.change", "order.create"]);
    assert!(again["warnings"].is_null(), "{again}");
    body["customer"]["phone"] = "+1 202 555 9401 ext. 5".into();
    assert_eq!(put(&body).await.with_status(200).json()["warnings"], json!(["phone_extension_left_out"]));
    body["number"] = "40402".into();
    assert_eq!(put(&body).await.problem(422, "unknown_field")["errors"][0]["field"], "number");
}

async fn who_puts_at_the_same_moment_as_others_meets_the_order_that_counts(app: &mut App) {
    let merchant = app.merchant();
    let mut body = order_body("40411", "+12025569411");
    body.as_object_mut().unwrap().remove("number");
    let put = async |number: &str| merchant.http.put(&format!("/v1/orders/by-number/{number}"), &body).await;
    let mut statuses = join_all((0..6).map(|_| put("40411"))).await.iter().map(|it| it.status).collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);

    for number in (0..10).map(|number| format!("40412-{number}")) {
        let made = put(&number).await.with_status(201).json();
        let archive = format!("/v1/orders/{}/archive", made["id"].as_str().unwrap());
        let nothing = json!({});
        let (archived, meant) = tokio::join!(merchant.http.post(&archive, &nothing), put(&number));
        archived.with_status(200);
        // It was put before it was archived, or into an order that took its place.
        let is_archived = meant.json()["id"] == made["id"];
        assert!(meant.json()["archived_at"].is_null(), "{meant:?}");
        let there = merchant.http.get(&format!("/v1/orders/by-number/{number}")).await;
        assert_eq!(there.status, if is_archived { 404 } else { 200 });
    }
}

/// The path with a number in it, as every client of HTTP writes it.
fn by_number(number: &str) -> String {
    let mut url = reqwest::Url::parse("http://localhost/v1/orders/by-number").unwrap();
    url.path_segments_mut().unwrap().push(number);
    url.path().to_owned()
}

async fn an_order_is_read_by_its_number(app: &mut App) {
    let merchant = app.merchant();
    let read = async |number: &str| merchant.http.get(&by_number(number)).await;
    for number in ["40701", "A/40702", "40703 %2F/ 100%", "Große Rechnung № 40704 文", "40705?q=1#&+;~", "by-number"]
    {
        read(number).await.problem(404, "not_found");
        let made = merchant.opens_an_order(number).await;
        let seen = merchant.http.get(&format!("/v1/orders/{}", made.id)).await.with_status(200).json();
        assert_eq!((seen["number"].as_str(), read(number).await.with_status(200).json()), (Some(number), seen.clone()));
    }
    read("a/40702").await.problem(404, "not_found");
    for no_number in ["/v1/orders/by-number/%FF", "/v1/orders/by-number/%00", &by_number(&"4".repeat(65))] {
        merchant.http.get(no_number).await.problem(404, "not_found");
    }
    // By number means one that is not archived, also where one with the number was archived before it.
    let first = read("A/40702").await.with_status(200).json();
    merchant
        .http
        .post(&format!("/v1/orders/{}/archive", first["id"].as_str().unwrap()), &json!({}))
        .await
        .with_status(200);
    read("A/40702").await.problem(404, "not_found");
    let second = merchant.opens_an_order("A/40702").await;
    assert_eq!(read("A/40702").await.with_status(200).json()["id"], second.id.as_str());
}
