//! `/v1/console-sessions`: console sessions that were opened with the merchant's keys.

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, SessionId};
use entity::{
    AuditAction,
    session::{self, Session, SessionCursor, Whose},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{Group, answers::NoContent};
use crate::http::typed::{Limit, Text, TextOf};
use crate::{
    Api, Problem,
    auth::{Administrator, audit::log_access},
    http::paging::{Asked, Page, id},
};

pub(super) struct Sessions;

/// A console session.
#[derive(Debug, Object)]
#[oai(rename = "ConsoleSession", skip_serializing_if_is_none)]
pub(super) struct SessionView {
    id: Text<SessionId>,
    /// The API key it was created with.
    api_key_id: Option<Text<ApiKeyId>>,
    /// The name of the operator, if there is one.
    operator: Option<String>,
    /// The address of the sign-in.
    address: Option<String>,
    /// The browser's user agent.
    user_agent: Option<String>,
    created_at: DateTime<Utc>,
    /// When it ends unless it is used.
    expires_at: DateTime<Utc>,
    /// Whether this call was made with it.
    current: bool,
}

impl SessionView {
    /// A session, for a caller whose own session, if any, has this hash.
    pub(super) fn of(row: Session, caller: Option<&[u8]>) -> Self {
        Self {
            current: caller == Some(row.hash.as_slice()),
            id: Text(row.id()),
            api_key_id: row.api_key_id.map(Text),
            operator: row.operator_name,
            address: row.address,
            user_agent: row.agent,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

#[OpenApi(tag = "Group::Keys")]
impl Sessions {
    /// List console sessions
    ///
    /// Only sessions that are not over.
    #[oai(path = "/console-sessions", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Administrator,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<TextOf<SessionCursor>>>,
    ) -> Result<Json<Page<SessionView>>, Problem> {
        let asked = Asked::<SessionCursor>::parse(limit.0, cursor.0.as_deref())?;
        let whose = Whose::Merchant(key.0.merchant);
        let found = session::list(api.db.pool(), whose, asked.before, asked.fetch(), api.clock.now()).await?;
        let view = |row| Ok::<_, Problem>(SessionView::of(row, key.0.session.as_deref()));
        Ok(Json(asked.page(found, SessionCursor::of, view)?))
    }

    /// End a console session
    ///
    /// Ends at once, and its event streams within seconds.
    #[oai(path = "/console-sessions/:id", method = "delete")]
    async fn end(
        &self,
        api: Data<&Api>,
        key: Administrator,
        #[oai(name = "id")] session_id: Path<TextOf<SessionId>>,
    ) -> Result<NoContent, Problem> {
        let (ended, now) = (id::<SessionId>(&session_id)?, api.clock.now());
        let tx = api.db.begin().await?;
        if !session::end_one(&tx, Whose::Merchant(key.0.merchant), ended).await? {
            return Err(Problem::not_found());
        }
        tx.done(key.0.did(AuditAction::SessionEnd, &ended), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::SessionEnd, &ended);
        Ok(NoContent::NoContent)
    }
}
