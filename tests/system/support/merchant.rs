//! The merchant, who creates orders and links, sends and voids them.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::Region;
use entity::merchant::NewMerchant;
use reqwest::{
    Method, RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::{
    http::{Answer, Http},
    wait::eventually,
};

/// A merchant for tests that write rows without the product.
pub(crate) fn new_merchant() -> NewMerchant {
    NewMerchant {
        name: "Example Merchant".to_owned(),
        contact: None,
        region: Region::parse("US").unwrap(),
        time_zone: "UTC".to_owned(),
    }
}

/// A merchant with a key.
#[derive(Clone, Debug)]
pub(crate) struct Merchant {
    pub(crate) id: String,
    pub(crate) http: Http,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) phone: String,
}

/// A payable link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) stripe_url: String,
}

/// The terms of a link. Absent ones are the order's; by default only the number is set.
#[derive(Clone, Debug)]
pub(crate) struct Invoice<'a> {
    pub(crate) pdf: Option<&'a [u8]>,
    pub(crate) number: Option<&'a str>,
    pub(crate) amount: Option<&'a str>,
    pub(crate) currency: Option<&'a str>,
    pub(crate) expires_on: Option<&'a str>,
}

impl Default for Invoice<'_> {
    fn default() -> Self {
        Self { pdf: None, number: Some("INV-1"), amount: None, currency: None, expires_on: None }
    }
}

impl Invoice<'_> {
    /// The form to send.
    pub(crate) fn form(&self) -> Form {
        let texts = [
            ("invoice_number", self.number),
            ("amount", self.amount),
            ("currency", self.currency),
            ("expires_on", self.expires_on),
        ];
        let mut form = Form::new();
        for (name, text) in texts {
            if let Some(text) = text {
                form = form.text(name, text.to_owned());
            }
        }
        if let Some(pdf) = self.pdf {
            let part = Part::bytes(pdf.to_vec()).file_name("invoice.pdf").mime_str("application/pdf").unwrap();
            form = form.part("invoice", part);
        }
        form
    }
}

/// The merchant with this id and key.
pub(crate) fn with_key(http: &Http, id: &str, key: &str) -> Merchant {
    Merchant { id: id.to_owned(), http: http.with_key(key) }
}

impl Merchant {
    /// The same merchant with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        with_key(&self.http, &self.id, key)
    }

    /// An order of 129.50 dollars by a buyer with a number of their own.
    pub(crate) async fn opens_an_order(&self, number: &str) -> Order {
        static BUYERS: AtomicU32 = AtomicU32::new(1000);
        let phone = format!("+1202556{}", BUYERS.fetch_add(1, Ordering::Relaxed));
        self.opens_an_order_of(number, &phone).await
    }

    /// An order of 129.50 dollars by the buyer with this number.
    pub(crate) async fn opens_an_order_of(&self, number: &str, phone: &str) -> Order {
        self.http.hush().private(phone);
        let opened = self.http.post("/v1/orders", &order_body(number, phone)).await.with_status(201).json();
        assert_eq!(opened["tag"], "none");
        Order { id: opened["id"].as_str().unwrap().to_owned(), phone: phone.to_owned() }
    }

    /// A request for a link, not sent yet.
    pub(crate) fn request_for_a_link(&self, order: &Order, invoice: &Invoice<'_>) -> RequestBuilder {
        let path = format!("/v1/orders/{}/payment-links", order.id);
        self.http.request(Method::POST, &path).multipart(invoice.form())
    }

    /// Requests a link.
    pub(crate) async fn asks_for_a_link(&self, order: &Order, invoice: &Invoice<'_>) -> Answer {
        self.http.ask(self.request_for_a_link(order, invoice)).await
    }

    /// Uploads an invoice. Returns the id of the link in `creating`.
    pub(crate) async fn uploads(&self, order: &Order, invoice: &Invoice<'_>) -> String {
        let answer = self.asks_for_a_link(order, invoice).await.with_status(202);
        let link = answer.json();
        assert_eq!(link["status"], "creating");
        let id = link["id"].as_str().unwrap();
        assert_eq!(answer.header("location"), format!("/v1/payment-links/{id}"));
        id.to_owned()
    }

    /// A link for the order, once it can be paid.
    pub(crate) async fn makes_a_link(&self, order: &Order) -> Link {
        let id = self.uploads(order, &Invoice::default()).await;
        self.has_the_link(&id).await
    }

    /// The link, once it can be paid.
    pub(crate) async fn has_the_link(&self, id: &str) -> Link {
        let link = self.sees(id, "unpaid").await;
        let text = |name: &str| link[name].as_str().unwrap().to_owned();
        let link = Link { id: text("id"), url: text("url"), stripe_url: text("stripe_url") };
        self.http.hush().private(link.url.rsplit('/').next().unwrap());
        link
    }

    /// The link, once it has this status.
    pub(crate) async fn sees(&self, id: &str, status: &str) -> Value {
        eventually(&format!("the link is {status}"), async || {
            let link = self.link(id).await;
            assert!(status == "failed" || link["status"] != "failed", "{link}");
            (link["status"] == status).then_some(link)
        })
        .await
    }

    /// The current link.
    pub(crate) async fn link(&self, id: &str) -> Value {
        self.http.get(&format!("/v1/payment-links/{id}")).await.with_status(200).json()
    }

    /// The tag of an order.
    pub(crate) async fn tag(&self, order: &Order) -> String {
        let order = self.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
        order["tag"].as_str().unwrap().to_owned()
    }

    /// Requests to send a link.
    pub(crate) async fn asks_to_send(&self, link: &Link) -> Answer {
        self.http.post(&format!("/v1/payment-links/{}/send", link.id), &json!({})).await
    }

    /// Sends a link. Returns the id of the message.
    pub(crate) async fn sends(&self, link: &Link) -> String {
        let answer = self.asks_to_send(link).await.with_status(202);
        let message = answer.json();
        let id = message["id"].as_str().unwrap();
        assert_eq!(answer.header("location"), format!("/v1/messages/{id}"));
        id.to_owned()
    }

    /// Sends a link again, also within a minute. Returns the id of the message.
    pub(crate) async fn sends_again(&self, link: &Link) -> String {
        let path = format!("/v1/payment-links/{}/send", link.id);
        let message = self.http.post(&path, &json!({"resend": true})).await.with_status(202).json();
        message["id"].as_str().unwrap().to_owned()
    }

    /// The message, once it has this status.
    pub(crate) async fn sees_message(&self, id: &str, status: &str) -> Value {
        eventually(&format!("the message is {status}"), async || {
            let message = self.message(id).await;
            (message["status"] == status).then_some(message)
        })
        .await
    }

    /// The current message.
    pub(crate) async fn message(&self, id: &str) -> Value {
        self.http.get(&format!("/v1/messages/{id}")).await.with_status(200).json()
    }

    /// Voids a link.
    pub(crate) async fn voids(&self, link: &Link) -> Answer {
        self.http.post(&format!("/v1/payment-links/{}/void", link.id), &json!({"reason": "a mistake"})).await
    }

    /// The available and the held credits.
    pub(crate) async fn credits(&self) -> (i64, i64) {
        let credits = self.http.get("/v1/credits").await.with_status(200).json();
        (credits["available"].as_i64().unwrap(), credits["held"].as_i64().unwrap())
    }

    /// The kinds of the ledger's entries, oldest first.
    pub(crate) async fn ledger(&self) -> Vec<String> {
        let entries = self.http.whole_list("/v1/credits/entries", 100).await;
        entries.iter().rev().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// The conversation with the buyer of this number.
    pub(crate) async fn conversation_with(&self, phone: &str) -> Value {
        eventually("there is a conversation", async || {
            let all = self.http.whole_list("/v1/conversations", 100).await;
            all.into_iter().find(|conversation| conversation["phone"] == phone)
        })
        .await
    }
}

/// A valid order.
pub(crate) fn order_body(number: &str, phone: &str) -> Value {
    json!({
        "number": number,
        "customer": {"name": "Example Buyer", "phone": phone},
        "amount": "129.50",
        "currency": "usd",
        "items": [{"description": "Wedding cake", "quantity": 1, "unit_amount": "124.00"}],
        "shipping": "5.50",
    })
}

/// Roughly the largest order that is accepted: 175 KB.
pub(crate) fn large_order_body(number: &str, phone: &str) -> Value {
    let line = json!({"description": "木".repeat(100), "quantity": 1, "unit_amount": "1.00"});
    json!({
        "number": number,
        "customer": {"name": "Example Buyer", "phone": phone},
        "amount": "490.00",
        "currency": "usd",
        "items": vec![line; 490],
    })
}
