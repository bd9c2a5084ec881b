//! Incoming requests to the two services, and their log.

use std::collections::BTreeMap;

use poem::{Request, http::header::AUTHORIZATION};

use crate::{
    answer::Answer,
    clock::Moment,
    model::{
        exchange::{AnsweredExchange, Exchange, LoggedAnswer},
        service::Service,
        state::Txn,
        tables::RowChange,
    },
};

/// A request on its way through a service.
#[derive(Debug)]
pub(crate) struct IncomingRequest {
    pub(crate) logged: Exchange,
    /// The `Authorization` header in full, which the log does not keep.
    pub(crate) authorization: Option<String>,
}

impl IncomingRequest {
    /// Reads an HTTP request; text that is not UTF-8 is taken as well as it can be.
    pub(crate) fn read(service: Service, request: &Request, body: &[u8], at: Moment) -> Self {
        let path = request.uri().path();
        let logged = Exchange {
            number: 0,
            service,
            method: request.method().to_string(),
            path: path.strip_prefix(service.prefix()).unwrap_or(path).to_owned(),
            query: request.uri().query().map(str::to_owned),
            headers: readable_headers(request),
            body: String::from_utf8_lossy(body).into_owned(),
            at,
            fault: None,
            answer: None,
        };
        let authorization = request.headers().get(AUTHORIZATION);
        let authorization = authorization.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Self { logged, authorization }
    }

    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.logged.headers.get(name).map(String::as_str)
    }

    /// Puts the request into the log.
    pub(crate) fn receive(&mut self, txn: &mut Txn<'_>) {
        self.logged.number = txn.tables.requests.len();
        txn.put(RowChange::Request(self.logged.clone()));
    }

    /// Puts its answer into the log.
    pub(crate) fn answered(&self, txn: &mut Txn<'_>, answer: &Answer) {
        let answer = LoggedAnswer { status: answer.status.as_u16(), body: answer.body.clone() };
        txn.put(RowChange::Answered(AnsweredExchange { number: self.logged.number, answer }));
    }
}

fn readable_headers(request: &Request) -> BTreeMap<String, String> {
    let header = |(name, value): (&poem::http::HeaderName, &poem::http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let value = if name == AUTHORIZATION { masked(&value) } else { value };
        (name.as_str().to_owned(), value)
    };
    request.headers().iter().map(header).collect()
}

/// `Bearer sk_test_abcd1234` as `Bearer …1234`; Basic credentials are not shown at all.
fn masked(authorization: &str) -> String {
    match authorization.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => {
            let letters = secret.chars().count();
            let last: String = secret.chars().skip(letters.saturating_sub(4)).collect();
            format!("{scheme} …{last}")
        }
        Some((scheme, _)) => format!("{scheme} …"),
        None => "…".to_owned(),
    }
}
