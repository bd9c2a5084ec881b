//! Checking a description when it is saved, so that sending can only fail because of the gateway's response.

use url::Url;

use super::{
    Gateway, GatewayError, GatewayFault, GatewayText, Method, Reports, Secrets, Signature,
    address::is_inside,
    template::{ValuePlace, fill, read},
};

/// The longest template and the longest list.
const LONGEST_TEMPLATE: usize = 4_000;
const MOST: usize = 50;

/// What the operator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayPolicy {
    /// Plain HTTP, and addresses in private networks.
    pub private: bool,
}

impl Gateway {
    /// Checks the description against the secrets that its templates may name.
    ///
    /// # Errors
    /// Returns the first problem.
    pub fn check(&self, secrets: &Secrets, policy: GatewayPolicy) -> Result<(), GatewayError> {
        let mut found = used(&self.url, ValuePlace::Url, secrets).map_err(|why| why.at("url"))?;
        self.check_url(secrets, policy).map_err(|why| why.at("url"))?;
        for (name, value) in &self.headers {
            let at = || format!("headers.{name}");
            check_header(name, value).map_err(|why| why.at(at()))?;
            used(value, ValuePlace::Header, secrets).map_err(|why| why.at(at()))?;
        }
        if let Some(body) = &self.body {
            // A missing or unsupported content type is reported by `check_body`.
            let place = self.body_place().unwrap_or(ValuePlace::PlainText);
            found.extend(used(body, place, secrets).map_err(|why| why.at("body"))?);
        }
        self.check_body(secrets).map_err(|why| why.at("body"))?;
        if !["to", "text"].iter().all(|needed| found.iter().any(|name| name == needed)) {
            return Err(GatewayFault::Incomplete.at("body"));
        }
        if let Some(signature) = &self.signature {
            check_signature(signature, secrets)?;
        }
        self.check_reading()
    }

    /// The scheme and authority, literally. They may contain no variable, comment or user, nor anything that could turn
    /// into another host when the template is filled.
    fn scheme_and_authority(&self) -> Option<(&'static str, &str)> {
        let begins = |scheme: &'static str| Some((scheme, self.url.strip_prefix(scheme)?.strip_prefix("://")?));
        let (scheme, rest) = begins("https").or_else(|| begins("http"))?;
        let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        (!authority.is_empty() && authority.bytes().all(is_plain)).then_some((scheme, authority))
    }

    /// The host in its URL, or `None` if the URL is invalid.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        self.scheme_and_authority().map(|(_, authority)| authority.to_owned())
    }

    /// The origin that receives its secrets: the scheme, host and port of its URL, normalized. `None` if the URL is
    /// invalid.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let (scheme, authority) = self.scheme_and_authority()?;
        let url = Url::parse(&format!("{scheme}://{authority}/")).ok()?;
        Some(url.origin().ascii_serialization())
    }

    /// Whether the filled-in URL still has the described origin. Secrets are sent to no other.
    #[must_use]
    pub fn leads_to(&self, filled: &Url) -> bool {
        self.origin().is_some_and(|origin| origin == filled.origin().ascii_serialization())
    }

    fn check_url(&self, secrets: &Secrets, policy: GatewayPolicy) -> Result<(), GatewayFault> {
        if self.url.contains("://") && !self.url.starts_with("https:") && !self.url.starts_with("http:") {
            return Err(GatewayFault::Scheme);
        }
        if self.url.contains("://") && self.origin().is_none() {
            return Err(GatewayFault::Host);
        }
        let url = Url::parse(&fill(&self.url, ValuePlace::Url, &sample(secrets))?)?;
        if url.scheme() != "https" && !(policy.private && url.scheme() == "http") {
            return Err(GatewayFault::Scheme);
        }
        if !self.leads_to(&url) {
            return Err(GatewayFault::Host);
        }
        if is_inside(&url) && !policy.private {
            return Err(GatewayFault::Inside);
        }
        Ok(())
    }

    fn check_body(&self, secrets: &Secrets) -> Result<(), GatewayFault> {
        let Some(body) = &self.body else {
            return if self.method == Method::Get { Ok(()) } else { Err(GatewayFault::Body) };
        };
        if self.method == Method::Get {
            return Err(GatewayFault::Body);
        }
        let place = self.body_place().ok_or(GatewayFault::ContentType)?;
        let filled = fill(body, place, &sample(secrets))?;
        if place == ValuePlace::Json {
            serde_json::from_str::<serde_json::Value>(&filled).map_err(GatewayFault::NotJson)?;
        }
        Ok(())
    }

    pub(super) fn check_reading(&self) -> Result<(), GatewayError> {
        let lists = [
            ("success_codes", &self.success_codes),
            ("final_codes", &self.final_codes),
            ("retryable_codes", &self.retryable_codes),
            ("opted_out_codes", &self.opted_out_codes),
        ];
        for (field, list) in lists {
            check_list(list).map_err(|why| why.at(field))?;
        }
        let mut pointers = vec![("id", self.id.as_ref()), ("code", self.code.as_ref()), ("batch", self.batch.as_ref())];
        if let Some(reports) = &self.reports {
            check_reports(reports)?;
            pointers.extend([
                ("reports.id", reports.id.as_ref()),
                ("reports.status", Some(&reports.status)),
                ("reports.reason", reports.reason.as_ref()),
            ]);
        }
        if let Some(incoming) = &self.incoming {
            pointers.extend([
                ("incoming.id", Some(&incoming.id)),
                ("incoming.from", Some(&incoming.from)),
                ("incoming.text", Some(&incoming.text)),
                ("incoming.marker.at", incoming.marker.as_ref().map(|marker| &marker.at)),
            ]);
            if let Some(marker) = &incoming.marker {
                check_list(&marker.is).map_err(|why| why.at("incoming.marker.is"))?;
            }
        }
        let is_pointer = |pointer: &&String| pointer.starts_with('/') && pointer.len() <= 255;
        match pointers.iter().find(|(_, pointer)| pointer.as_ref().is_some_and(|pointer| !is_pointer(pointer))) {
            Some((field, _)) => Err(GatewayFault::Pointer.at(*field)),
            None => Ok(()),
        }
    }
}

fn check_signature(signature: &Signature, secrets: &Secrets) -> Result<(), GatewayError> {
    if !is_header_name(&signature.header) {
        return Err(GatewayFault::Header.at("signature.header"));
    }
    if !secrets.contains_key(&signature.secret) {
        return Err(GatewayFault::NoSecret(signature.secret.clone()).at("signature.secret"));
    }
    Ok(())
}

fn check_reports(reports: &Reports) -> Result<(), GatewayError> {
    check_list(&reports.delivered).map_err(|why| why.at("reports.delivered"))?;
    check_list(&reports.undelivered).map_err(|why| why.at("reports.undelivered"))?;
    if reports.delivered.is_empty() && reports.undelivered.is_empty() {
        return Err(GatewayFault::NoStatus.at("reports.delivered"));
    }
    Ok(())
}

fn check_list(list: &[String]) -> Result<(), GatewayFault> {
    if list.len() > MOST || list.iter().any(|code| code.len() > 100) {
        return Err(GatewayFault::TooLong);
    }
    Ok(())
}

/// Refuses headers that control the connection, which are the client's to set.
fn check_header(name: &str, value: &str) -> Result<(), GatewayFault> {
    const OURS: [&str; 6] = ["host", "content-length", "connection", "transfer-encoding", "upgrade", "te"];
    let lower = name.to_ascii_lowercase();
    if !is_header_name(name) || OURS.contains(&lower.as_str()) {
        return Err(GatewayFault::Header);
    }
    if value.trim().is_empty() || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(GatewayFault::NotOneLine);
    }
    Ok(())
}

fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= 100 && name.bytes().all(is_token)
}

/// The variables of a template, all of which must be known.
fn used(template: &str, place: ValuePlace, secrets: &Secrets) -> Result<Vec<String>, GatewayFault> {
    if template.len() > LONGEST_TEMPLATE {
        return Err(GatewayFault::TooLong);
    }
    Ok(read(template, place, secrets)?.variables().iter().map(|variable| variable.name.clone()).collect())
}

/// A text with every character that needs escaping.
fn sample(secrets: &Secrets) -> GatewayText<'_> {
    GatewayText {
        to: "+12025550123",
        from: "Ada \"&\" <Co>",
        text: "one \"line\"\nand {\\another} & <more> = 100%",
        message_id: "msg_00000000000000000000000000",
        report_url: "https://pay.example.com/webhooks/sms/mer_0?message=msg_0&key=k",
        secrets,
    }
}
