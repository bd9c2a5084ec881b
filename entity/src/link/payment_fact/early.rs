//! Reports that arrive before their payment, or at the same moment.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, FromQueryResult, QuerySelect, Statement, entity::prelude::*};

use super::{Column, Entity, FactKind, KnownFacts, MOST, PaidBy, PaymentFact, adopt, hold, keep, show};
use crate::{Transaction, link};

/// Keeps a report whose payment is not known. While it waited for the row of an earlier report, the payment may have
/// been written, and have taken that row to its link: then the link shows this report too. (The link is locked after
/// the fact here. A third report of the same moment locks them the other way round; the database ends one of the two,
/// and it is done again.)
pub(super) async fn note_early(tx: &Transaction, told: PaymentFact, now: DateTime<Utc>) -> Result<(), DbErr> {
    if is_full(tx, &told).await? {
        return Ok(());
    }
    let Some(earlier) = keep(tx, told).await? else { return Ok(()) };
    let Some(link) = earlier.link_id else { return Ok(()) };
    let Some(link) = hold(tx, link).await? else { return Ok(()) };
    let mut before = KnownFacts::of(tx, &link).await?;
    for fact in &mut before.facts {
        if (fact.kind, &fact.id) == (earlier.kind, &earlier.id) {
            fact.clone_from(&earlier);
        }
    }
    show(tx, &link, &before, now).await
}

/// Whether as many facts of the payment as are kept wait for its link.
async fn is_full(db: &impl ConnectionTrait, told: &PaymentFact) -> Result<bool, DbErr> {
    let waiting = Entity::find().select_only().column(Column::Kind).filter(Column::LinkId.is_null());
    let of_payment =
        Column::MerchantId.eq(told.merchant_id).and(Column::PaymentIntent.eq(told.payment_intent.as_str()));
    let last: Option<FactKind> =
        waiting.filter(of_payment).offset(MOST as u64 - 1).limit(1).into_tuple().one(db).await?;
    Ok(last.is_some())
}

/// Links of facts without a link whose payment is known by now, because both arrived at the same moment. Raw SQL: one
/// statement looks for two kinds of facts, as a union within a join.
const OVERTAKEN: &str = "SELECT payment_link.*, known.payment_intent AS the_intent FROM (\
        SELECT link_intent.link_id, payment_fact.payment_intent FROM payment_fact JOIN link_intent \
            ON link_intent.merchant_id = payment_fact.merchant_id AND link_intent.intent = payment_fact.payment_intent \
        WHERE payment_fact.link_id IS NULL AND payment_fact.heard_at >= $1 \
        UNION \
        SELECT further_payment.link_id, payment_fact.payment_intent FROM payment_fact JOIN further_payment \
            ON further_payment.merchant_id = payment_fact.merchant_id \
            AND further_payment.payment_intent = payment_fact.payment_intent \
        WHERE payment_fact.link_id IS NULL AND payment_fact.heard_at >= $1) AS known \
    JOIN payment_link ON payment_link.id = known.link_id";

/// Assigns facts received since then to the links of their payments, for facts and payments that were written at the
/// same moment, in two transactions that did not see each other. Returns how many.
pub async fn adopt_early(db: &crate::Db, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let pool = db.pool();
    let find = Statement::from_sql_and_values(pool.get_database_backend(), OVERTAKEN, [since.into()]);
    let overtaken = pool.query_all_raw(find).await?;
    for row in &overtaken {
        let (link, intent) = (link::Model::from_query_result(row, "")?, row.try_get::<String>("", "the_intent")?);
        let tx = db.begin().await?;
        adopt(&tx, &[PaidBy { link: &link, payment_intent: &intent }], [], now).await?;
        tx.commit().await?;
    }
    Ok(overtaken.len() as u64)
}

/// Deletes facts without a link that were received before `cutoff`: they are about payments of other software. Returns
/// how many.
pub async fn forget_early(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let forgotten =
        Entity::delete_many().filter(Column::LinkId.is_null()).filter(Column::HeardAt.lte(cutoff)).exec(db).await?;
    Ok(forgotten.rows_affected)
}
