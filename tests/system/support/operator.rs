//! The operator: creates merchants, keys and credits.

use serde_json::{Value, json};

use super::{
    http::Http,
    merchant::{Merchant, with_key},
};

/// The holder of the operator's key.
#[derive(Debug)]
pub(crate) struct Operator(pub(crate) Http);

impl Operator {
    /// Creates a merchant with a key of all scopes, and nothing connected.
    pub(crate) async fn makes_a_merchant(&self, name: &str) -> Merchant {
        let made = self.0.post("/v1/admin/merchants", &json!({"name": name})).await.with_status(201).json();
        let id = made["id"].as_str().unwrap();
        with_key(&self.0, id, &self.makes_a_key(id, "admin").await)
    }

    /// Creates a key with this scope.
    pub(crate) async fn makes_a_key(&self, merchant: &str, scope: &str) -> String {
        let path = format!("/v1/admin/merchants/{merchant}/keys");
        let made = self.0.post(&path, &json!({"name": scope, "scope": scope})).await.with_status(201).json();
        let key = made["key"].as_str().unwrap();
        self.0.hush().private(key);
        key.to_owned()
    }

    /// Tops up credits.
    pub(crate) async fn tops_up(&self, merchant: &Merchant, credits: i64) {
        let path = format!("/v1/admin/merchants/{}/credits", merchant.id);
        self.0.post(&path, &json!({"credits": credits})).await.with_status(201);
    }

    /// The jobs in this state, newest first.
    pub(crate) async fn jobs(&self, state: &str) -> Vec<Value> {
        self.0.get(&format!("/v1/admin/jobs?limit=100&state={state}")).await.with_status(200).json()["items"]
            .as_array()
            .unwrap()
            .clone()
    }
    /// The same without jobs of ticks, which may appear at any time.
    pub(crate) async fn jobs_of_people(&self, state: &str) -> Vec<Value> {
        let mut jobs = self.jobs(state).await;
        jobs.retain(|job| job["kind"] != "diagnose_stripe");
        jobs
    }
}
