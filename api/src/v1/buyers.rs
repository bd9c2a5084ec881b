//! `/v1/buyers/{phone}`: data export and erasure, which buyers can demand of a merchant by law.

mod export;

use domain::PhoneNumber;
use entity::{
    AuditAction,
    buyer::{self, Buyer},
    credits::CreditError,
    merchant, picture,
};
use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, payload::Json};
use queue::{EnqueueOptions, PurgeLink, enqueue};

use self::export::BuyerExport;
use super::Group;
use crate::http::typed::PhoneText;
use crate::{
    Api, Problem,
    auth::{Administrator, Principal, Reader},
};

pub(super) struct Buyers;

/// An erasure in progress.
#[derive(Debug, Object)]
#[oai(rename = "BuyerErasure")]
struct ErasureView {
    /// The number of the buyer's orders. Their numbers, amounts and tags stay; the buyer and the items are erased.
    orders: u64,
    /// The number of payment links to erase one by one; open ones are closed at Stripe first.
    links: u64,
}

#[derive(ApiResponse)]
enum Erasing {
    /// The erasure has started; the links follow within moments.
    #[oai(status = 202)]
    Accepted(Json<ErasureView>),
}

#[OpenApi(tag = "Group::Merchant")]
impl Buyers {
    /// Export a buyer
    ///
    /// Everything stored about the buyer with this number: orders, payment links, messages, and any opt-out.
    #[oai(path = "/buyers/:phone/export", method = "get")]
    async fn export(&self, api: Data<&Api>, key: Reader, phone: Path<PhoneText>) -> Result<BuyerExport, Problem> {
        let _turn = api.readers.take(key.0.merchant).await?;
        let (phone, found) = find(&api, &key.0, &phone).await?;
        BuyerExport::of(&api, key.0.merchant, &phone, found).await
    }

    /// Erase a buyer
    ///
    /// Data that belongs to no payment link is erased at once, and each payment link as soon as it is closed. Of a
    /// buyer with more than 1,000 orders, only the newest 1,000 are erased; call again for the rest. An opt-out
    /// outlives the erasure, without the number. Data at Stripe and the carrier is not affected.
    #[oai(path = "/buyers/:phone", method = "delete")]
    async fn erase(&self, api: Data<&Api>, key: Administrator, phone: Path<PhoneText>) -> Result<Erasing, Problem> {
        let _turn = api.turns.take(key.0.merchant).await?;
        let (phone, found) = find(&api, &key.0, &phone).await?;
        let (merchant, now) = (key.0.merchant, api.clock.now());
        let tx = api.db.begin().await?;
        buyer::erase(&tx, &found, merchant, &phone, now).await.map_err(not_erased)?;
        let mut enqueued = Vec::new();
        for order in &found.orders {
            for link in buyer::links_to_erase(&tx, merchant, *order).await? {
                let job = PurgeLink { merchant, link, as_of: now, on_request: true };
                let once = EnqueueOptions::for_merchant(merchant).unique(format!("erase:{link}"));
                enqueued.extend(enqueue(&tx, &job, once, now).await?);
            }
        }
        let subject = found.conversations.first().map_or_else(|| "buyer".to_owned(), |it| it.id.to_string());
        tx.done(key.0.did(AuditAction::BuyerErase, &subject), now);
        tx.commit().await?;
        let view = ErasureView { orders: found.orders.len() as u64, links: enqueued.len() as u64 };
        api.queue.notify(enqueued);
        if let Err(error) = picture::remove_erased(api.db.pool(), &api.documents).await {
            tracing::warn!(%error, "erased pictures stay in the store until the next tick");
        }
        api.db.truncate_log().await;
        Ok(Erasing::Accepted(Json(view)))
    }
}

/// The buyer with this number, in any notation. An unknown buyer and an invalid number get the same answer.
async fn find(api: &Api, key: &Principal, text: &str) -> Result<(PhoneNumber, Buyer), Problem> {
    let owner = merchant::get(api.db.pool(), key.merchant).await?;
    let phone = PhoneNumber::parse(text, owner.region).map_err(|_| Problem::not_found())?;
    let found = buyer::find(api.db.pool(), &api.vault, owner.id, &phone).await?;
    if found.is_unknown() { Err(Problem::not_found()) } else { Ok((phone, found)) }
}

fn not_erased(error: CreditError) -> Problem {
    match error {
        CreditError::Db(error) => error.into(),
        other => Problem::internal(other),
    }
}
