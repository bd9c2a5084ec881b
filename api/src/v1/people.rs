//! `/v1/people`: the names of the merchant's keys, so that logs can show names.

use domain::ApiKeyId;
use entity::api_key::{self, ApiKey};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};

use super::Group;
use crate::{
    Api, Problem,
    auth::Reader,
    http::{
        paging::{Asked, Page},
        typed::{LastFour, Limit, Text},
    },
};

pub(super) struct People;

/// The holder or former holder of a key.
#[derive(Debug, Object)]
#[oai(rename = "Person")]
struct PersonView {
    /// The id of the key, as in `actor`.
    id: Text<ApiKeyId>,
    /// The name of the key.
    name: String,
    /// The key's last four characters; empty while it is an invitation.
    last_four: LastFour,
}

impl From<ApiKey> for PersonView {
    fn from(row: ApiKey) -> Self {
        Self { id: Text(row.id), name: row.name, last_four: row.last_four.into() }
    }
}

#[OpenApi(tag = "Group::Keys")]
impl People {
    /// List who has keys
    ///
    /// By name, with revoked keys: the people behind the `actor` of orders, links, texts and the audit log.
    #[oai(path = "/people", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<ApiKeyId>>>,
    ) -> Result<Json<Page<PersonView>>, Problem> {
        let asked = Asked::<ApiKeyId>::new(limit.0, cursor.0);
        let found = api_key::list(api.db.pool(), key.0.merchant, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }
}
