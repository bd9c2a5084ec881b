//! A person who is signed in to the console: a browser with its cookie.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::http::{Answer, Http};

/// A browser with the console.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) http: Http,
    /// `name=value`, as the browser sends it back.
    pub(crate) cookie: String,
}

impl Browser {
    /// Signs in with a key.
    pub(crate) async fn signs_in(http: &Http, key: &str) -> Self {
        let answer = asks_to_sign_in(http, key).await.with_status(200);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let token = cookie.split_once('=').unwrap().1;
        http.hush().private(token);
        assert!(!answer.text().contains(token), "a script could read the token");
        Self { http: http.clone(), cookie }
    }

    /// A request as a browser makes it for another page: with the cookie, without our mark.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path).header("Cookie", &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http.ask(self.request(Method::GET, path)).await
    }

    /// A request of the console itself.
    pub(crate) async fn sends(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.http.ask(marked(self.request(method, path)).json(body)).await
    }
}

/// A request with the mark of our own pages.
pub(crate) fn marked(request: RequestBuilder) -> RequestBuilder {
    request.header("X-Paylink-Console", "1")
}

/// Tries to sign in with a key.
pub(crate) async fn asks_to_sign_in(http: &Http, key: &str) -> Answer {
    http.ask(marked(http.request(Method::POST, "/console/session")).json(&json!({"api_key": key}))).await
}
