//! `GET /Messages.json`: listing texts.

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::{Value, json};

use crate::{
    clock::Moment,
    form::{self, Params},
    model::{message::Message, state::Txn},
    options::SmsAccount,
};

use super::{API_VERSION, errors::SmsError, rules};

/// The default and the largest page size.
const PAGE: (usize, usize) = (50, 1000);

/// A filter of texts. A queued text counts with the time it was accepted.
#[derive(Debug)]
struct Filter {
    to: Option<String>,
    from: Option<String>,
    since: Option<(String, Moment)>,
    until: Option<(String, Moment)>,
}

impl Filter {
    fn take(params: &mut Params) -> Result<Self, SmsError> {
        let mut time = |name| params.take(name)?.map(moment).transpose();
        let (since, until) = (time("DateSent>")?, time("DateSent<")?);
        Ok(Self { to: params.take("To")?, from: params.take("From")?, since, until })
    }

    fn keeps(&self, message: &Message) -> bool {
        let sent = message.sent_at.unwrap_or(message.created_at);
        self.to.as_ref().is_none_or(|to| message.to == *to)
            && self.from.as_ref().is_none_or(|from| message.from == *from)
            && self.since.as_ref().is_none_or(|(_, since)| sent >= *since)
            && self.until.as_ref().is_none_or(|(_, until)| sent <= *until)
    }

    /// The URI of a page of this query.
    fn uri(&self, account: &SmsAccount, size: usize, page: usize) -> String {
        let (size, page) = (size.to_string(), page.to_string());
        let time = |time: &'_ Option<(String, Moment)>| time.as_ref().map(|(text, _)| text.clone());
        let filters = [
            ("To", self.to.clone()),
            ("From", self.from.clone()),
            ("DateSent>", time(&self.since)),
            ("DateSent<", time(&self.until)),
            ("PageSize", Some(size)),
            ("Page", Some(page)),
        ];
        let given = filters.iter().filter_map(|(name, value)| value.as_deref().map(|value| (*name, value)));
        format!("/{API_VERSION}/Accounts/{}/Messages.json?{}", account.sid, form::encode(given))
    }
}

/// The matching texts, newest first.
pub(crate) fn list(txn: &Txn<'_>, account: &SmsAccount, mut params: Params) -> Result<Value, SmsError> {
    let filter = Filter::take(&mut params)?;
    let (default, most) = PAGE;
    let size = params.take("PageSize")?.map_or(Ok(default), |text| count(&text, "PageSize"))?;
    let size = size.clamp(1, most);
    let page = params.take("Page")?.map_or(Ok(0), |text| count(&text, "Page"))?;
    rules::refuse_left_over(&params)?;
    let start = page.saturating_mul(size);
    let mut found = txn.tables.messages.iter().rev().filter(|message| filter.keeps(message)).skip(start);
    let messages: Vec<Value> = found.by_ref().take(size).map(Message::view).collect();
    let more = found.next().is_some();
    let uri = |page: usize| filter.uri(account, size, page);
    Ok(json!({
        "end": start + messages.len().saturating_sub(1),
        "first_page_uri": uri(0),
        "messages": messages,
        "next_page_uri": more.then(|| uri(page + 1)),
        "page": page,
        "page_size": size,
        "previous_page_uri": page.checked_sub(1).map(uri),
        "start": start,
        "uri": uri(page),
    }))
}

fn count(text: &str, name: &str) -> Result<usize, SmsError> {
    text.parse().map_err(|_| SmsError::invalid_parameter(name))
}

/// Parses a date (`2026-11-23`, its start in UTC) or a time (`2026-11-23T08:00:00Z`). Returns the original text as
/// well.
fn moment(text: String) -> Result<(String, Moment), SmsError> {
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let exact = DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc());
    let moment = day.or(exact);
    let moment = moment.map_err(|_| SmsError::invalid_parameter("DateSent is neither a day nor a moment"))?;
    Ok((text, moment))
}
