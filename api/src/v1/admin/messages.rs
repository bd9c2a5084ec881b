//! `/v1/admin/messages`: texts of which nobody could say whether the carrier took them, and a person has to.

use domain::MessageId;
use entity::message::{self, Resolution};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::Group;
use crate::{
    Api, Problem,
    auth::{Operator, audit::act_of_operator},
    http::{
        fields::Fields,
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
    v1::{message_view::MessageView, messages::search},
};

pub(crate) struct AdminMessages;

/// What a person found out.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Resolution")]
struct ResolutionInput {
    /// `sent`: its credits are spent; `failed`: they are given back.
    outcome: String,
    /// How it was found out, for the audit log and, if it failed, for the merchant.
    reason: String,
}

#[OpenApi(tag = "Group::Admin")]
impl AdminMessages {
    /// List messages
    ///
    /// Those that are `unknown` with a `parked_at` wait for a person. Without texts and numbers, which are the merchant's.
    #[oai(path = "/admin/messages", method = "get")]
    async fn messages(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// Such as `unknown`.
        status: Query<Option<String>>,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<MessageView>>, Problem> {
        let asked = Asked::<MessageId>::parse(limit.0, cursor.0.as_deref())?;
        let found = message::search_all(api.db.pool(), search(status.0.as_deref(), None, &asked)?).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(MessageView::without_text(row)))?))
    }

    /// Settle a message of which nobody knows whether it was sent
    #[oai(path = "/admin/messages/:id/resolve", method = "post")]
    async fn resolve(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] message_id: Path<String>,
        input: JsonBody<ResolutionInput>,
    ) -> Result<Json<MessageView>, Problem> {
        let (resolution, reason) = check(&input.0)?;
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
        act_of_operator(&tx, &key.0, Some(found.merchant_id), "message.resolve", found.id, Some(reason), now).await?;
        let settled = message::find_of_any(&tx, found.id).await?.ok_or_else(Problem::not_found)?;
        tx.commit().await?;
        Ok(Json(MessageView::without_text(settled)))
    }
}

fn check(input: &ResolutionInput) -> Result<(Resolution, String), Problem> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &input.reason, 500);
    let sent = match input.outcome.as_str() {
        "sent" => Some(true),
        "failed" => Some(false),
        _ => {
            fields.refuse("outcome", "must be sent or failed");
            None
        }
    };
    match (sent, reason) {
        (Some(true), Some(reason)) => Ok((Resolution::Sent, format!("sent: {reason}"))),
        (Some(false), Some(reason)) => Ok((Resolution::Failed(reason.clone()), format!("failed: {reason}"))),
        (_, _) => Err(fields.into_problem()),
    }
}
