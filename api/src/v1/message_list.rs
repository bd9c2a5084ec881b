//! The list of messages as CSV.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{MessageId, PhoneNumber};
use entity::{
    Db, Merchant, Message, conversation,
    list::{Found, Place},
    message::{self, MessageSearch},
};
use poem::Body;

use crate::http::listing::{AT_A_TIME, csv, local};

const COLUMNS: &[&str] = &[
    "id",
    "conversation_id",
    "link_id",
    "direction",
    "origin",
    "to",
    "body",
    "segments",
    "credits",
    "status",
    "error",
    "created_at",
    "sent_at",
    "delivered_at",
    "created_at_local",
    "sent_at_local",
    "delivered_at_local",
];

/// All messages that match a search.
pub(super) fn csv_of(db: Db, owner: Merchant, search: MessageSearch) -> Body {
    csv(COLUMNS, move |after: Option<MessageId>| {
        let (db, owner, mut search) = (db.clone(), owner.clone(), search.clone());
        search.place = Place { after, limit: AT_A_TIME, ..search.place };
        async move {
            let Found { rows: page, looked_to } =
                message::search(db.pool(), owner.id, search).await.map_err(io::Error::other)?;
            let conversations = page.iter().map(|message| message.conversation_id);
            let phones = conversation::phones(db.pool(), conversations).await.map_err(io::Error::other)?;
            let last = looked_to.or_else(|| page.last().map(|message| message.id));
            let row = |message: &Message| row(&owner, message, phones.get(&message.conversation_id));
            Ok((page.iter().map(row).collect(), last))
        }
    })
}

fn row(owner: &Merchant, message: &Message, phone: Option<&PhoneNumber>) -> Vec<String> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let phone = phone.filter(|_| message.purged_at.is_none());
    vec![
        message.id.to_string(),
        message.conversation_id.to_string(),
        message.link_id.map(|link| link.to_string()).unwrap_or_default(),
        message.direction.to_string(),
        message.origin.to_string(),
        phone.map(|phone| phone.as_e164().to_owned()).unwrap_or_default(),
        message.body.clone().unwrap_or_default(),
        message.segments.to_string(),
        message.credits.to_string(),
        message.status.to_string(),
        message.error.clone().unwrap_or_default(),
        time(message.created_at),
        message.sent_at.map(time).unwrap_or_default(),
        message.delivered_at.map(time).unwrap_or_default(),
        local(owner, message.created_at),
        message.sent_at.map(|at| local(owner, at)).unwrap_or_default(),
        message.delivered_at.map(|at| local(owner, at)).unwrap_or_default(),
    ]
}
