//! `/v1/admin/audit-log`: the audit log of all merchants.

use domain::{AuditEntryId, MerchantId};
use entity::audit::AuditFilter;
use poem::web::Data;
use poem_openapi::{OpenApi, param::Query, payload::Json};

use super::Group;
use crate::http::typed::{Limit, Text};
use crate::{
    Api, Problem,
    auth::Operator,
    http::paging::{Asked, Page},
    v1::audit_log::{AuditEntryView, page},
};

pub(crate) struct AdminAuditLog;

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminAuditLog {
    /// See who did what, for all merchants
    #[oai(path = "/admin/audit-log", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// Entries of this merchant.
        merchant_id: Query<Option<Text<MerchantId>>>,
        /// The actor: the id of an API key; `operator`, or `operator:` and a name.
        actor: Query<Option<String>>,
        /// The id of the subject: a link, a message, a key, …
        subject: Query<Option<String>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<AuditEntryId>>>,
    ) -> Result<Json<Page<AuditEntryView>>, Problem> {
        let asked = Asked::<AuditEntryId>::new(limit.0, cursor.0);
        let merchant = merchant_id.0.map(Text::value);
        let filter = AuditFilter { merchant, actor: actor.0, subject: subject.0, ..AuditFilter::default() };
        page(&api, asked, filter, None).await
    }
}
