//! What must not happen in any test: an error in the browser's console, a failed request, a request to any other host.
//! The sandbox's pages, which stand for Stripe's and for the buyer's phone, may be visited.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;

/// The refusals that a test expects. Each has to occur.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    answers: Arc<Mutex<Vec<Refusal>>>,
    outage: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Refusal {
    status: u64,
    path: String,
    came: bool,
}

impl Refusals {
    /// A request whose URL contains this will be answered with this status, at least once.
    pub(crate) fn expect(&self, status: u64, path: &str) {
        self.answers.lock().unwrap().push(Refusal { status, path: path.to_owned(), came: false });
    }

    /// The server will be away for a while: requests fail that reach no server, or one that is not ready yet.
    pub(crate) fn expect_an_outage(&self) {
        self.outage.store(true, Ordering::Relaxed);
    }

    fn has(&self, status: u64, url: &str) -> bool {
        if status >= 500 && self.outage.load(Ordering::Relaxed) {
            return true;
        }
        let mut all = self.answers.lock().unwrap();
        let fitting = all.iter_mut().find(|refusal| refusal.status == status && url.contains(&refusal.path));
        fitting.map(|refusal| refusal.came = true).is_some()
    }

    fn missing(&self) -> Vec<String> {
        let all = self.answers.lock().unwrap();
        let missing = all.iter().filter(|refusal| !refusal.came);
        missing.map(|refusal| format!("no {} came from {}", refusal.status, refusal.path)).collect()
    }
}

/// The unexpected errors.
pub(crate) fn complaints(console: &[Value], network: &[Value], hosts: &[String], refusals: &Refusals) -> Vec<String> {
    let mut complaints: Vec<String> = console.iter().filter_map(console_complaint).collect();
    let events: Vec<Value> = network.iter().filter_map(event).collect();
    let asked: BTreeMap<&str, &str> = events.iter().filter_map(request).collect();
    complaints.extend(asked.values().filter(|url| !is_ours(url, hosts)).map(|url| format!("asks elsewhere: {url}")));
    for event in &events {
        let parameters = &event["params"];
        if event["method"] == "Network.responseReceived" {
            let (status, url) = (parameters["response"]["status"].as_u64(), parameters["response"]["url"].as_str());
            let (status, url) = (status.unwrap_or_default(), url.unwrap_or_default());
            if status >= 400 && !refusals.has(status, url) {
                complaints.push(format!("{url} answered {status}"));
            }
        }
        // A request that the page itself aborted is no failure; one that no page made is the browser's own.
        let url = parameters["requestId"].as_str().and_then(|id| asked.get(id));
        let url = url.filter(|_| !refusals.outage.load(Ordering::Relaxed));
        if let Some(url) = url.filter(|_| event["method"] == "Network.loadingFailed" && parameters["canceled"] != true)
        {
            complaints.push(format!("{url} failed: {}", parameters["errorText"]));
        }
    }
    complaints.extend(refusals.missing());
    complaints
}

/// A refusal also appears in the console; the network's log says more about it.
fn console_complaint(entry: &Value) -> Option<String> {
    let matters = entry["level"] == "SEVERE" || entry["level"] == "WARNING";
    (matters && entry["source"] != "network").then(|| format!("the console says {}", entry["message"]))
}

fn event(entry: &Value) -> Option<Value> {
    let text = entry["message"].as_str()?;
    Some(serde_json::from_str::<Value>(text).ok()?["message"].take())
}

fn request(event: &Value) -> Option<(&str, &str)> {
    let parameters = &event["params"];
    let is_request = event["method"] == "Network.requestWillBeSent";
    is_request.then(|| Some((parameters["requestId"].as_str()?, parameters["request"]["url"].as_str()?)))?
}

/// Resources from memory, or from the browser's own PDF viewer, are not requested from a host.
fn is_ours(url: &str, hosts: &[String]) -> bool {
    let within = ["blob:", "data:", "about:", "chrome:", "chrome-extension:"];
    within.iter().any(|scheme| url.starts_with(scheme)) || hosts.iter().any(|host| url.starts_with(&format!("{host}/")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "made where it is given")]
    fn entry(method: &str, params: Value) -> Value {
        json!({"message": json!({"message": {"method": method, "params": params}}).to_string()})
    }

    fn asked(id: &str, url: &str) -> Value {
        entry("Network.requestWillBeSent", json!({"requestId": id, "request": {"url": url}}))
    }

    fn told(console: &[Value], network: &[Value], refusals: &Refusals) -> Vec<String> {
        complaints(console, network, &["http://127.0.0.1:1".to_owned()], refusals)
    }

    #[test]
    fn an_error_in_the_console_is_told() {
        let error = json!({"level": "SEVERE", "source": "javascript", "message": "x is not a function"});
        assert_eq!(told(&[error], &[], &Refusals::default()).len(), 1);
    }

    #[test]
    fn a_request_to_somebody_else_is_told() {
        let requests =
            [asked("1", "http://127.0.0.1:1/v1/orders"), asked("2", "http://127.0.0.1:10/x"), asked("3", "blob:x")];
        assert_eq!(told(&[], &requests, &Refusals::default()), ["asks elsewhere: http://127.0.0.1:10/x"]);
    }

    #[test]
    fn a_request_that_fails_is_told_unless_the_page_gave_it_up() {
        let failed = |id, canceled| {
            entry("Network.loadingFailed", json!({"requestId": id, "errorText": "net", "canceled": canceled}))
        };
        let url = "http://127.0.0.1:1/a";
        let network = [asked("1", url), failed("1", false), asked("2", url), failed("2", true)];
        assert_eq!(told(&[], &network, &Refusals::default()).len(), 1);
    }

    #[test]
    fn a_refusal_is_told_unless_it_is_expected_and_so_is_one_that_does_not_come() {
        let refused =
            entry("Network.responseReceived", json!({"response": {"url": "http://127.0.0.1:1/send", "status": 402}}));
        let refusals = Refusals::default();
        assert_eq!(told(&[], std::slice::from_ref(&refused), &refusals).len(), 1);
        refusals.expect(402, "/send");
        assert_eq!(told(&[], &[], &refusals), ["no 402 came from /send"]);
        assert!(told(&[], &[refused], &refusals).is_empty());
    }
}
