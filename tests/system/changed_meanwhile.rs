//! Orders that are changed or archived while a link is made for them.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::whole_orders::patch;
use crate::support::{App, INVOICE, Invoice, Order, on_both_databases, order_body};

on_both_databases!(
    an_order_that_is_changed_while_its_invoice_is_uploaded_gets_no_link_of_what_it_was,
    an_archived_order_gets_no_link,
);

/// A request for a link, of which the product has read all but the form.
struct Uploading {
    stream: TcpStream,
    form: Vec<u8>,
}

impl Uploading {
    /// Whoever expects to be told to go on is told so once somebody wants to read the form.
    async fn begins(app: &App, order: &Order, with_invoice: bool) -> Self {
        let mut form = b"--cake\r\nContent-Disposition: form-data; name=\"expires_on\"\r\n\r\n".to_vec();
        form.extend((chrono::Utc::now() + chrono::TimeDelta::days(9)).format("%Y-%m-%d").to_string().bytes());
        if with_invoice {
            form.extend(b"\r\n--cake\r\nContent-Disposition: form-data; name=\"invoice\"; filename=\"i.pdf\"\r\n");
            form.extend(b"Content-Type: application/pdf\r\n\r\n");
            form.extend(INVOICE);
        }
        form.extend(b"\r\n--cake--\r\n");
        let host = app.hello.url.trim_start_matches("http://");
        let head = format!(
            "POST /v1/orders/{}/payment-links HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
            Content-Type: multipart/form-data; boundary=cake\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            order.id,
            app.hello.api_key,
            form.len()
        );
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, form }
    }

    /// The status, and all that was answered.
    async fn ends(mut self) -> (u16, String) {
        self.stream.write_all(&self.form).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer[9..12].parse().unwrap(), answer)
    }
}

async fn an_order_that_is_changed_while_its_invoice_is_uploaded_gets_no_link_of_what_it_was(app: &mut App) {
    let merchant = app.merchant();
    let cheaper = json!({"amount": "100.00", "items": [], "shipping": null});
    for (number, change, with_invoice, status, code) in [
        ("40201", &cheaper, true, 409, "order_changed"),
        ("40202", &json!({"number": "40202-B"}), true, 409, "order_changed"),
        // The page that is made of the order says it, and no page of the merchant's own.
        ("40203", &json!({"customer": {"name": "Another Buyer"}}), false, 409, "order_changed"),
        ("40204", &json!({"customer": {"name": "Another Buyer"}}), true, 202, "creating"),
        ("40205", &json!({"notes": "Ring twice."}), false, 202, "creating"),
    ] {
        let order = merchant.opens_an_order(number).await;
        let path = format!("/v1/orders/{}", order.id);
        let uploading = Uploading::begins(app, &order, with_invoice).await;

        patch(&merchant.http, &path, change).await.with_status(200);

        let (answered, told) = uploading.ends().await;
        assert!(answered == status && told.contains(code), "{number}: {told}");
        let links = merchant.http.get(&path).await.with_status(200).json()["links"].clone();
        assert_eq!(links.as_array().unwrap().len(), usize::from(status == 202), "{links}");
    }

    let order = merchant.opens_an_order("40206").await;
    let uploading = Uploading::begins(app, &order, true).await;
    let mut whole = order_body("40206", &order.phone);
    whole["shipping"] = json!("6.50");
    whole["amount"] = json!("130.50");
    whole.as_object_mut().unwrap().remove("number");
    merchant.http.put("/v1/orders/by-number/40206", &whole).await.with_status(200);
    let (answered, told) = uploading.ends().await;
    assert!(answered == 409 && told.contains("order_changed"), "{told}");

    let order = merchant.opens_an_order("40207").await;
    let uploading = Uploading::begins(app, &order, true).await;
    merchant.http.post(&format!("/v1/orders/{}/archive", order.id), &json!({})).await.with_status(200);
    let (answered, told) = uploading.ends().await;
    assert!(answered == 409 && told.contains("order_archived"), "{told}");
}

async fn an_archived_order_gets_no_link(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("40301").await;
    let path = format!("/v1/orders/{}", order.id);
    merchant.http.post(&format!("{path}/archive"), &json!({})).await.with_status(200);

    merchant.asks_for_a_link(&order, &Invoice::default()).await.problem(409, "order_archived");

    merchant.http.post(&format!("{path}/unarchive"), &json!({})).await.with_status(200);
    merchant.makes_a_link(&order).await;
}
