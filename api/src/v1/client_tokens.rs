//! `/v1/client-tokens`: tokens for web pages, which must not hold a key.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    OrderId,
    client_token::{self, ClientToken, Right},
};
use entity::{merchant, order};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json};
use serde::Deserialize;

use super::{Group, answers::Created};
use crate::{
    Api, Problem,
    auth::Writer,
    http::{
        json_body::JsonBody,
        typed::{OriginText, Text},
    },
};

pub(super) struct ClientTokens;

/// What a page may do, and for how long.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "NewClientToken")]
struct ClientTokenInput {
    /// The order.
    order_id: Text<OrderId>,
    /// The allowed actions.
    #[oai(validator(min_items = "1", max_items = "10"))]
    may: Vec<Text<Right>>,
    /// The lifetime in minutes.
    #[oai(validator(minimum(value = "1"), maximum(value = "60")))]
    minutes: u32,
    /// The origin of the page: scheme, host and port, such as `https://shop.example.com`.
    origin: OriginText,
}

/// A token for a page in a browser.
#[derive(Debug, Object)]
#[oai(rename = "ClientToken")]
struct ClientTokenView {
    /// Sent as `Authorization: Bearer …`, from a page of the origin.
    token: String,
    order_id: Text<OrderId>,
    may: Vec<Text<Right>>,
    /// In the form that browsers send.
    origin: OriginText,
    expires_at: DateTime<Utc>,
}

#[OpenApi(tag = "Group::Embedding")]
impl ClientTokens {
    /// Create a token for a page
    ///
    /// The token is for one order, some calls, pages of one origin, and at most an hour, so that a page need not have a
    /// key. It allows `GET /v1/orders/{id}` and reading its payment links with their invoices (`read`), and creating
    /// (`create_link`), sending (`send`) and voiding (`void`) one. It ends with the key that requested it. `/embed.js`
    /// shows the order with it.
    #[oai(path = "/client-tokens", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        input: JsonBody<ClientTokenInput>,
    ) -> Result<Created<ClientTokenView>, Problem> {
        let (input, merchant) = (input.0, key.0.merchant);
        let origin = check_origin(&input.origin, api.is_behind_tls())?;
        let pool = api.db.pool();
        let order = order::find(pool, merchant, input.order_id.0).await?;
        let order = order.ok_or_else(|| Problem::field("order_id", "is no order of yours"))?;
        if merchant::get(pool, merchant).await?.is_suspended() {
            return Err(Problem::suspended());
        }
        let mut may: Vec<Right> = input.may.into_iter().map(Text::value).collect();
        may.sort_by_key(|right| right.as_str());
        may.dedup();
        let expires = api.clock.now() + TimeDelta::minutes(input.minutes.into());
        let token = ClientToken {
            merchant,
            key: key.0.key,
            order: order.id,
            may: may.clone(),
            origin: origin.clone(),
            expires,
        };
        let signed = api.vault.sign_client_token(&token).ok_or_else(|| Problem::internal("a token was not written"))?;
        Ok(Created::Created(Json(ClientTokenView {
            token: signed.expose().to_owned(),
            order_id: order.id.into(),
            may: may.into_iter().map(Text).collect(),
            origin: origin.into(),
            expires_at: expires,
        })))
    }
}

/// The origin as browsers send it. If we are reached over TLS, pages with tokens must use TLS too, except on a
/// developer's machine.
fn check_origin(text: &str, is_behind_tls: bool) -> Result<String, Problem> {
    let wrong = |reason: &str| Problem::field("origin", reason);
    let origin = client_token::origin(text).ok_or_else(|| wrong("must be scheme, host and port, and nothing else"))?;
    if is_behind_tls && !origin.starts_with("https://") && !client_token::is_local(&origin) {
        return Err(wrong("must begin with https://"));
    }
    Ok(origin)
}
