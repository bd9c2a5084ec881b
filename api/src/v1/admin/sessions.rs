//! `/v1/admin/sessions`: console sessions of operators, or of one merchant.

use domain::{MerchantId, SessionId};
use entity::{
    AuditAction,
    session::{self, SessionCursor, Whose},
};
use poem::web::Data;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{super::answers::NoContent, Group, merchants::find_merchant};
use crate::http::typed::{Limit, TextOf};
use crate::{
    Api, Problem,
    auth::{Operator, audit::log_access},
    http::paging::{Asked, Page, id},
    v1::sessions::SessionView,
};

pub(crate) struct AdminSessions;

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminSessions {
    /// List console sessions of operators or of a merchant
    ///
    /// Only sessions that are not over; for operators, only those whose keys are in the settings.
    #[oai(path = "/admin/sessions", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Operator,
        /// Absent: sessions of operators.
        merchant_id: Query<Option<TextOf<MerchantId>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<TextOf<SessionCursor>>>,
    ) -> Result<Json<Page<SessionView>>, Problem> {
        let asked = Asked::<SessionCursor>::parse(limit.0, cursor.0.as_deref())?;
        let merchant = merchant(&api, merchant_id.0.as_deref()).await?;
        let whose = whose(&api, merchant);
        let found = session::list(api.db.pool(), whose, asked.before, asked.fetch(), api.clock.now()).await?;
        let view = |row| Ok::<_, Problem>(SessionView::of(row, key.0.session.as_deref()));
        Ok(Json(asked.page(found, SessionCursor::of, view)?))
    }

    /// End a console session of an operator or of a merchant
    #[oai(path = "/admin/sessions/:id", method = "delete")]
    async fn end(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] session_id: Path<TextOf<SessionId>>,
        /// Absent: a session of an operator.
        merchant_id: Query<Option<TextOf<MerchantId>>>,
    ) -> Result<NoContent, Problem> {
        let (ended, now) = (id::<SessionId>(&session_id)?, api.clock.now());
        let merchant = merchant(&api, merchant_id.0.as_deref()).await?;
        let tx = api.db.begin().await?;
        if !session::end_one(&tx, whose(&api, merchant), ended).await? {
            return Err(Problem::not_found());
        }
        tx.done(key.0.did(AuditAction::SessionEnd, &ended).of_merchant(merchant), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::SessionEnd, &ended);
        Ok(NoContent::NoContent)
    }
}

async fn merchant(api: &Api, merchant_id: Option<&str>) -> Result<Option<MerchantId>, Problem> {
    match merchant_id {
        Some(text) => Ok(Some(find_merchant(api, text).await?.id)),
        None => Ok(None),
    }
}

fn whose(api: &Api, merchant: Option<MerchantId>) -> Whose<'_> {
    merchant.map_or(Whose::Operators(&api.operators), Whose::Merchant)
}
