//! The input that creates or changes an endpoint.

use domain::{gateway::is_inside, webhook::Events};
use entity::webhook_endpoint::{EndpointChanges, NewEndpoint};
use poem_openapi::Object;
use serde::Deserialize;
use url::Url;

use crate::{
    Problem,
    http::{
        fields::Fields,
        typed::{Clearable, EventName, HookUrl, Line},
    },
};

/// The longest description.
pub(super) const LONGEST_DESCRIPTION: usize = 200;

/// A new webhook endpoint.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "NewWebhookEndpoint")]
pub(super) struct EndpointInput {
    /// The URL that webhooks are sent to by POST: `https://`, at a public address.
    url: HookUrl,
    /// The subscribed events: names such as `link.paid`, all of one resource such as `link.*`, or everything: `*`.
    #[oai(validator(min_items = "1", max_items = "50"))]
    events: Vec<EventName>,
    /// A description for your own people.
    description: Option<Line<LONGEST_DESCRIPTION>>,
}

impl EndpointInput {
    pub(super) fn check(&self, private: bool) -> Result<NewEndpoint, Problem> {
        let mut fields = Fields::default();
        let url = fields.take("url", check_url(&self.url, private));
        let events = fields.take("events", check_events(&self.events));
        match url.zip(events) {
            Some((url, events)) => {
                Ok(NewEndpoint { url, events, description: self.description.as_ref().map(Line::trimmed) })
            }
            None => Err(fields.into_problem()),
        }
    }
}

/// Changes to an endpoint. Absent fields stay as they are.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "WebhookEndpointChanges")]
pub(super) struct EndpointChangesInput {
    url: Option<HookUrl>,
    #[oai(validator(min_items = "1", max_items = "50"))]
    events: Option<Vec<EventName>>,
    /// `null` removes it.
    #[serde(default)]
    #[oai(default)]
    description: Clearable<Line<LONGEST_DESCRIPTION>>,
    /// Whether anything is delivered to it.
    enabled: Option<bool>,
}

impl EndpointChangesInput {
    pub(super) fn check(self, private: bool) -> Result<EndpointChanges, Problem> {
        let mut fields = Fields::default();
        let url = self.url.and_then(|url| fields.take("url", check_url(&url, private)));
        let events = self.events.and_then(|events| fields.take("events", check_events(&events)));
        let description = self.description.wanted().map(|text| text.as_ref().map(Line::trimmed));
        fields.none_wrong()?;
        Ok(EndpointChanges { url, events, description, enabled: self.enabled })
    }
}

fn check_events(events: &[EventName]) -> Result<Events, String> {
    Events::read(events.iter().map(|event| &**event)).map_err(|error| error.to_string())
}

/// The normalized URL. The host's address is checked when it is called.
fn check_url(text: &str, private: bool) -> Result<String, String> {
    let said = |reason: &str| Err(reason.to_owned());
    let Ok(url) = Url::parse(text) else { return said("must be a URL") };
    if url.scheme() != "https" && !(private && url.scheme() == "http") {
        return said("must begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return said("must not hold a user or a password");
    }
    if url.fragment().is_some() {
        return said("must not have a fragment");
    }
    if is_inside(&url) && !private {
        return said("must be at a public address");
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_at_a_public_address_unless_others_are_allowed() {
        assert_eq!(check_url("https://Example.com/hooks?a=b", false).unwrap(), "https://example.com/hooks?a=b");
        for wrong in [
            "http://example.com/",
            "ftp://example.com/",
            "example.com",
            "https://user@example.com/",
            "https://a/#b",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
        ] {
            assert!(check_url(wrong, false).is_err(), "{wrong}");
        }
        assert_eq!(check_url("http://127.0.0.1:8080/", true).unwrap(), "http://127.0.0.1:8080/");
        assert!(check_url("ftp://127.0.0.1/", true).is_err());
    }
}
