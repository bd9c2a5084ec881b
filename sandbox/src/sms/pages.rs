//! Pages for a person who plays the buyer.

use std::sync::Arc;

use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    html::{escape, page, with_links},
    model::{
        message::{Message, TextDirection},
        state::Shared,
    },
};

use super::incoming;

/// `GET /`: the start page.
#[handler]
pub(crate) fn index() -> Response {
    page(
        StatusCode::OK,
        "Paylink's sandbox",
        "<p>A stand-in Stripe and a stand-in SMS carrier, for trying Paylink out. No money moves and no text reaches a \
         phone.</p><p>Play the buyer: the texts that were sent are in the <a href=\"/outbox\">outbox</a>. Follow the \
         link in one and pay.</p>",
    )
}

/// `GET /outbox`: the conversations with all buyers, newest first.
#[handler]
pub(crate) fn outbox(Data(shared): Data<&Arc<Shared>>) -> Response {
    let texts: String = shared.read(|tables| tables.messages.iter().rev().map(article).collect());
    let texts = if texts.is_empty() { "<p>No text was sent yet.</p>".to_owned() } else { texts };
    page(StatusCode::OK, "Outbox", &format!("<p class=\"quiet\">Reload to see what is new.</p>{texts}"))
}

fn article(message: &Message) -> String {
    let (to, body) = (escape(&message.to), with_links(&message.body));
    let at = message.created_at.format("%Y-%m-%d %H:%M:%S UTC");
    match message.direction {
        TextDirection::Inbound => {
            let from = escape(&message.from);
            format!("<article><div class=\"quiet\">from {from}, {at}</div><pre>{body}</pre></article>")
        }
        TextDirection::Outbound => format!(
            "<article><div class=\"quiet\">to {to}, {at}, {}</div><pre>{body}</pre>\
             <form method=\"post\" action=\"/outbox\"><input type=\"hidden\" name=\"from\" value=\"{to}\">\
             <input name=\"body\" aria-label=\"Answer\" placeholder=\"Answer as the buyer\" required> \
             <button>Send</button></form></article>",
            message.status.name()
        ),
    }
}

/// The reply form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    from: String,
    body: String,
}

/// `POST /outbox`: the buyer replies to a text.
#[handler]
pub(crate) fn reply(Form(reply): Form<Reply>, Data(shared): Data<&Arc<Shared>>) -> Response {
    match shared.write(|txn| incoming::receive(txn, &reply.from, None, &reply.body, &[])) {
        Ok(_) => Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, "/outbox").finish(),
        Err(error) => page(StatusCode::CONFLICT, "Not sent", &format!("<p>{}</p>", escape(&error.to_string()))),
    }
}
