//! `/v1/admin/merchants/{id}/credit-corrections` and `/v1/admin/credit-purchases`.

use domain::{CreditPurchaseId, MerchantId};
use entity::{
    AuditAction,
    credits::{self, CreditError, LONGEST_NOTE, purchase},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::{Deserialize, Serialize};

use super::{
    super::credit_purchases::PurchaseView,
    Group,
    merchants::{MerchantView, find_merchant, operators, with_its_credits},
};
use crate::{
    Api, Problem,
    auth::Operator,
    http::{
        fields::Fields,
        json_body::JsonBody,
        paging::{Asked, Page},
        typed::{Limit, Line, Text, TextOf},
    },
    v1::command::{Answered, CREATED, fingerprint_of},
};

pub(crate) struct AdminCredits;

/// A correction of a merchant's credits.
#[derive(Debug, Deserialize, Object, Serialize)]
#[serde(deny_unknown_fields)]
#[oai(rename = "CreditCorrection")]
struct CorrectionInput {
    /// The credits to add; negative to take some away.
    #[oai(validator(minimum(value = "-1000000000"), maximum(value = "1000000000")))]
    credits: i64,
    /// The reason, which the merchant reads in the ledger.
    reason: Line<LONGEST_NOTE>,
}

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminCredits {
    /// Correct credits
    #[oai(path = "/admin/merchants/:id/credit-corrections", method = "post")]
    async fn correct(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<CorrectionInput>,
    ) -> Result<Answered<MerchantView, CREATED>, Problem> {
        let mut fields = Fields::default();
        let reason = fields.text("reason", &input.0.reason.trimmed(), LONGEST_NOTE);
        let Some(reason) = reason else { return Err(fields.into_problem()) };
        let owner = find_merchant(&api, &merchant_id).await?;
        let fingerprint = fingerprint_of("POST credit-corrections", &input.0)?;
        api.command(owner.id, operators(idempotency_key.0.as_deref()), fingerprint, |now| {
            let (api, key, owner, credits, reason) = (*api, &key.0, owner.id, input.0.credits, reason.clone());
            async move {
                let tx = api.db.begin().await?;
                credits::correct(&tx, owner, credits, reason.clone(), now).await.map_err(not_corrected)?;
                tx.done(key.did(AuditAction::CreditsCorrect, &owner).of_merchant(owner).because(reason), now);
                with_its_credits(tx, owner).await
            }
        })
        .await
    }

    /// List purchases of credits
    ///
    /// `short` is the number of refunded credits that were already spent and remain to be settled with the merchant.
    #[oai(path = "/admin/credit-purchases", method = "get")]
    async fn purchases(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// Purchases of this merchant; absent: of all.
        merchant_id: Query<Option<Text<MerchantId>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<CreditPurchaseId>>>,
    ) -> Result<Json<Page<PurchaseView>>, Problem> {
        let asked = Asked::<CreditPurchaseId>::new(limit.0, cursor.0);
        let of = merchant_id.0.map(Text::value);
        let found = purchase::list(api.db.pool(), of, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| PurchaseView::of(row).map_err(Problem::from))?))
    }
}

fn not_corrected(error: CreditError) -> Problem {
    match error {
        CreditError::Db(error) => error.into(),
        CreditError::BadNote => Problem::field("reason", error.to_string()),
        CreditError::Nothing
        | CreditError::NotPositive
        | CreditError::TooMany
        | CreditError::Insufficient { .. }
        | CreditError::NoHold(_) => Problem::field("credits", error.to_string()),
    }
}
