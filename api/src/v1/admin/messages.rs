//! `/v1/admin/messages`: texts that may or may not have been accepted by the carrier, so that a person must decide.

use domain::{MessageId, limits::LONGEST_REASON, message::MessageStatus, words};
use entity::{
    AuditAction,
    message::{self, MessageSearch, Resolution},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::Group;
use crate::http::typed::{Limit, Line, Several, Text, TextOf, described_words};
use crate::{
    Api, Problem,
    auth::Operator,
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
    v1::message_view::MessageView,
};

pub(crate) struct AdminMessages;

words! {
    /// The outcome of a message.
    pub enum Outcome {
        /// It was sent.
        Sent = "sent",
        /// It was not sent.
        Failed = "failed",
    }
}

described_words!(Outcome);

/// What a person has found out.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Resolution")]
struct ResolutionInput {
    /// `sent`: the credits are spent; `failed`: they are released.
    outcome: Text<Outcome>,
    /// How it was found out, for the audit log and, if it failed, for the merchant.
    reason: Line<LONGEST_REASON>,
}

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminMessages {
    /// List messages
    ///
    /// Messages in status `unknown` with a `parked_at` wait for a person. Without texts and numbers, which only the
    /// merchant may see.
    #[oai(path = "/admin/messages", method = "get")]
    async fn messages(
        &self,
        api: Data<&Api>,
        _key: Operator,
        status: Query<Option<Several<MessageStatus>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<MessageId>>>,
    ) -> Result<Json<Page<MessageView>>, Problem> {
        let asked = Asked::<MessageId>::new(limit.0, cursor.0);
        let found = message::search_all(
            api.db.pool(),
            MessageSearch {
                statuses: status.0.map_or_else(Vec::new, |it| it.0),
                place: asked.place(None),
                ..MessageSearch::default()
            },
        )
        .await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(MessageView::without_text(row)))?))
    }

    /// Resolve a message that may or may not have been sent
    #[oai(path = "/admin/messages/:id/resolve", method = "post")]
    async fn resolve(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] message_id: Path<TextOf<MessageId>>,
        input: JsonBody<ResolutionInput>,
    ) -> Result<Json<MessageView>, Problem> {
        let (resolution, reason) = resolution(&input.0);
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let found = message::find_of_any(&tx, id(&message_id)?).await?.ok_or_else(Problem::not_found)?;
        let settled =
            message::resolve(&tx, &found, resolution, now).await.map_err(entity::credits::CreditError::into_db)?;
        if !settled {
            return Err(Problem::conflict(
                "message_not_unknown",
                "Only a message that is unknown can be settled by hand.",
            ));
        }
        tx.done(key.0.did(AuditAction::MessageResolve, &found.id).of_merchant(found.merchant_id).because(reason), now);
        let settled = message::find_of_any(&tx, found.id).await?.ok_or_else(Problem::not_found)?;
        tx.commit().await?;
        Ok(Json(MessageView::without_text(settled)))
    }
}

fn resolution(input: &ResolutionInput) -> (Resolution, String) {
    let reason = input.reason.trimmed();
    match input.outcome.0 {
        Outcome::Sent => (Resolution::Sent, format!("sent: {reason}")),
        Outcome::Failed => (Resolution::Failed(reason.clone()), format!("failed: {reason}")),
    }
}
