//! A back office that keeps a copy of everything, using only the numbers of the feed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use serde_json::Value;

use super::{
    http::Http,
    wait::{GRAIN, PATIENCE},
};

/// A copy of a merchant's orders, links, messages and credits.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    http: Http,
    /// The number of the last change it has read.
    pub(crate) seq: i64,
    things: BTreeMap<String, Value>,
    /// All types it has seen.
    pub(crate) types: Vec<String>,
}

impl Mirror {
    /// Empty, so that it reads everything from the first change on.
    pub(crate) fn new(http: &Http) -> Self {
        Self { http: http.clone(), seq: 0, things: BTreeMap::new(), types: Vec::new() }
    }

    /// Reads a page, if the server answers. Returns `true` if it was not empty. A gap in the numbers fails the test.
    pub(crate) async fn reads_on(&mut self, wait: u32) -> bool {
        let path = format!("/v1/changes?after={}&limit=50&wait={wait}", self.seq);
        let asked = self.http.request(reqwest::Method::GET, &path).header("Connection", "close");
        let Ok(answer) = self.http.try_ask(asked).await else { return false };
        if answer.status >= 500 {
            return false;
        }
        let page = answer.with_status(200).json();
        let items = page["items"].as_array().unwrap();
        for item in items {
            self.takes(item);
        }
        assert!(page["last_seq"].as_i64().unwrap() >= self.seq, "{page}");
        !items.is_empty()
    }

    fn takes(&mut self, item: &Value) {
        assert_eq!(item["seq"], self.seq + 1, "something is missing or doubled: {item}");
        self.seq += 1;
        self.types.push(item["type"].as_str().unwrap().to_owned());
        let resource = &item["resource"];
        if resource.is_object() {
            let id = resource["id"].as_str().unwrap_or("credits");
            self.things.insert(id.to_owned(), resource.clone());
        }
    }

    /// Reads everything, until it equals what the resources' own calls return.
    pub(crate) async fn is_perfect(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while self.reads_on(0).await {}
            let difference = self.differs_from(&self.original().await);
            if difference.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "the copy is not what it is a copy of: {difference}");
            tokio::time::sleep(GRAIN).await;
        }
    }

    fn differs_from(&self, there: &BTreeMap<String, Value>) -> String {
        let ids: BTreeSet<&String> = self.things.keys().chain(there.keys()).collect();
        let differing = ids.into_iter().filter(|id| self.things.get(*id) != there.get(*id));
        differing.map(|id| format!("\ncopied: {:?}\nin truth: {:?}", self.things.get(id), there.get(id))).collect()
    }

    /// What the resources' own calls return, in the form of the feed.
    pub(super) async fn original(&self) -> BTreeMap<String, Value> {
        let mut things = BTreeMap::new();
        let attention = ["/v1/attention?status=open", "/v1/attention?status=resolved"];
        for path in ["/v1/orders", "/v1/payment-links", "/v1/messages"].into_iter().chain(attention) {
            for mut item in self.http.whole_list(path, 100).await {
                // Derived from links, texts and conversations, and not part of the order in the feed.
                item.as_object_mut().unwrap().remove("notices");
                if path == "/v1/payment-links" {
                    // The order's and the buyer's, which lists of links add.
                    let added = ["order_number", "customer_name", "opted_out"];
                    item.as_object_mut().unwrap().retain(|name, _| !added.contains(&name.as_str()));
                }
                if path.starts_with("/v1/attention") {
                    // In the feed the link has it, which changes when it does.
                    item.as_object_mut().unwrap().remove("respond_by");
                }
                things.insert(item["id"].as_str().unwrap().to_owned(), item);
            }
        }
        let credits = self.http.get("/v1/credits").await.with_status(200).json();
        things.insert("credits".to_owned(), credits);
        things
    }
}
