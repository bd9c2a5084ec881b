//! `/v1/opt-outs`: numbers that must not be texted, and why.

use chrono::{DateTime, Utc};
use domain::{ConversationId, PhoneNumber, Region, limits::LONGEST_REASON};
use entity::{
    AuditAction, Conversation,
    conversation::{self, InboxPosition, OptOut, OptOutSource},
    credits::CreditError,
    merchant,
};
use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi, param::Query, payload::Json};
use serde::Deserialize;

use super::{Group, answers::NoContent};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::{
        fields::Fields,
        json_body::{JsonBody, OptionalJson},
        paging::{Asked, Page},
        typed::{E164, Limit, Line, PhoneText, Text},
    },
};

pub(super) struct OptOuts;

/// A number that is opted out.
#[derive(Debug, Object)]
#[oai(rename = "OptOut", skip_serializing_if_is_none)]
struct OptOutView {
    /// E.164; absent once erased, which the opt-out outlives.
    phone: Option<E164>,
    /// The buyer's name in their latest order; absent if there is none.
    customer_name: Option<String>,
    /// Who opted it out: `buyer` by a text, `carrier` by refusing a text, or `merchant`.
    source: Text<OptOutSource>,
    /// The merchant's reason.
    reason: Option<String>,
    opted_out_at: DateTime<Utc>,
    conversation_id: Text<ConversationId>,
}

impl OptOutView {
    fn of(row: Conversation, since: DateTime<Utc>) -> Self {
        Self {
            phone: row.phone.map(|phone| phone.as_e164().into()),
            customer_name: row.customer_name,
            source: Text(row.opt_out_source.unwrap_or(OptOutSource::Buyer)),
            reason: row.opt_out_reason,
            opted_out_at: since,
            conversation_id: Text(row.id),
        }
    }
}

/// The number and the reason.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "OptOutInput")]
struct OptOutInput {
    /// The number in any notation.
    phone: PhoneText,
    /// The reason: how the buyer said so.
    reason: Line<LONGEST_REASON>,
}

/// The number and the reason; absent fields are taken from the query.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(rename = "OptInInput")]
struct OptInInput {
    /// The number in any notation.
    phone: Option<String>,
    /// The reason, in one line: how the buyer asked for texts again.
    reason: Option<String>,
}

#[derive(ApiResponse)]
enum OptedOut {
    /// The number is opted out now; waiting texts are not sent.
    #[oai(status = 201)]
    Created(Json<OptOutView>),
    /// The number was already opted out.
    #[oai(status = 200)]
    Known(Json<OptOutView>),
}

#[OpenApi(tag = "Group::Conversations")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl OptOuts {
    /// List opt-outs
    ///
    /// The numbers that are opted out, latest first; with `phone`, only that one.
    #[oai(path = "/opt-outs", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<InboxPosition>>>,
        phone: Query<Option<PhoneText>>,
    ) -> Result<Json<Page<OptOutView>>, Problem> {
        let asked = Asked::<InboxPosition>::new(limit.0, cursor.0);
        let (pool, merchant) = (api.db.pool(), key.0.merchant);
        let found = match phone.0 {
            None => conversation::opted_out(pool, merchant, asked.before, asked.fetch()).await?,
            Some(text) => {
                let phone = parse(&text, merchant::get(pool, merchant).await?.region)?;
                let found = conversation::with(pool, &api.vault, merchant, &phone).await?;
                found.into_iter().filter(|row| row.opted_out_at.is_some()).collect()
            }
        };
        let since = |row: &Conversation| row.opted_out_at.unwrap_or(row.created_at);
        let place = |row: &Conversation| InboxPosition::at(row, since(row));
        Ok(Json(asked.page(found, place, |row| {
            let since = since(&row);
            Ok::<_, Problem>(OptOutView::of(row, since))
        })?))
    }

    /// Opt a number out
    ///
    /// For a buyer who has said so in another way than by text. Waiting texts are not sent and cost nothing.
    #[oai(path = "/opt-outs", method = "post")]
    async fn opt_out(&self, api: Data<&Api>, key: Writer, input: JsonBody<OptOutInput>) -> Result<OptedOut, Problem> {
        let merchant = key.0.merchant;
        let region = merchant::get(api.db.pool(), merchant).await?.region;
        let (phone, reason) = check(&input.0.phone, &input.0.reason, region)?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let found = conversation::known_or_begun(&tx, &api.vault, merchant, &phone, now).await?;
        let said = OptOut { source: OptOutSource::Merchant, reason: Some(reason.clone()), at: now };
        let changed = conversation::opt_out(&tx, &found, said, now).await;
        let changed = changed.map_err(CreditError::into_db)?;
        tx.done(key.0.did(AuditAction::ConversationOptOut, &found.id).because(reason), now);
        let row = conversation::find(&tx, merchant, found.id).await?.ok_or_else(Problem::not_found)?;
        tx.commit().await?;
        let since = row.opted_out_at.unwrap_or(now);
        let view = Json(OptOutView::of(row, since));
        Ok(if changed { OptedOut::Created(view) } else { OptedOut::Known(view) })
    }

    /// Opt a number in again
    ///
    /// For a buyer who has asked for texts again in another way than by text. A carrier may continue to refuse texts to
    /// a number that has texted STOP until it texts START.
    #[oai(path = "/opt-outs", method = "delete")]
    async fn opt_in(
        &self,
        api: Data<&Api>,
        key: Writer,
        phone: Query<Option<String>>,
        reason: Query<Option<String>>,
        input: OptionalJson<OptInInput>,
    ) -> Result<NoContent, Problem> {
        let merchant = key.0.merchant;
        let region = merchant::get(api.db.pool(), merchant).await?.region;
        let given = |in_body: Option<String>, in_query: Option<String>| in_body.or(in_query).unwrap_or_default();
        let (phone, reason) = check(&given(input.0.phone, phone.0), &given(input.0.reason, reason.0), region)?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let found = conversation::with(&tx, &api.vault, merchant, &phone).await?.ok_or_else(Problem::not_found)?;
        if !conversation::opt_in(&tx, &found, now).await? {
            return Err(Problem::not_found());
        }
        tx.done(key.0.did(AuditAction::ConversationOptIn, &found.id).because(reason), now);
        tx.commit().await?;
        Ok(NoContent::NoContent)
    }
}

fn check(phone: &str, reason: &str, region: Region) -> Result<(PhoneNumber, String), Problem> {
    let mut fields = Fields::default();
    let phone = fields.take("phone", PhoneNumber::parse(phone, region));
    match (phone, fields.text("reason", reason, LONGEST_REASON)) {
        (Some(phone), Some(reason)) => Ok((phone, reason)),
        (_, _) => Err(fields.into_problem()),
    }
}

fn parse(phone: &str, region: Region) -> Result<PhoneNumber, Problem> {
    PhoneNumber::parse(phone, region).map_err(|error| Problem::field("phone", error.to_string()))
}
