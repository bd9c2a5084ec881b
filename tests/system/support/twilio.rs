//! Twilio's webhooks, signed here, so that a test controls their contents and the spelling of our URL.

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use ring::hmac;

use super::{App, SMS_TOKEN, http::Answer};

impl App {
    /// Twilio calls about the demo's merchant, with this form.
    pub(crate) async fn is_called_by_twilio(&self, form: &[(&str, &str)]) -> Answer {
        self.is_called_by_twilio_at(&self.hello.url, form).await
    }

    /// The same with another origin in our URL.
    pub(crate) async fn is_called_by_twilio_at(&self, origin: &str, form: &[(&str, &str)]) -> Answer {
        let path = format!("/webhooks/sms/{}", self.hello.merchant_id);
        let mut pairs = form.to_vec();
        pairs.sort_unstable();
        let signed = pairs.iter().fold(format!("{origin}{path}"), |text, (name, value)| text + name + value);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SMS_TOKEN.as_bytes());
        let signature = BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
        let http = self.anybody();
        http.ask(http.request(Method::POST, &path).header("X-Twilio-Signature", signature).form(&form)).await
    }

    /// A buyer texts the demo's merchant, through a Twilio that marks recognised keywords.
    pub(crate) async fn buyer_texts_with(&self, sid: &str, from: &str, body: &str, more: &[(&str, &str)]) {
        let form = [&[("MessageSid", sid), ("From", from), ("To", "+12025550100"), ("Body", body)], more].concat();
        self.is_called_by_twilio(&form).await.with_status(200);
    }
}
