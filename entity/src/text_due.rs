//! Buyers to notify that a link was paid or voided. The entry is written together with the link's state.

use chrono::{DateTime, Utc};
use sea_orm::{Condition, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};

use crate::{Rows, link};
use domain::{LinkId, LinkState, MerchantId, template::Purpose};

/// A buyer to notify about a link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "text_due")]
pub struct Model {
    /// The link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: LinkId,
    /// What to notify the buyer of.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: Purpose,
    /// The merchant that owns the link.
    pub merchant_id: MerchantId,
    /// Since when the text is due.
    pub due_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as TextDue;

/// Records the buyers to notify of links that changed state: of a payment if the link or else the merchant says so, of
/// a withdrawal if that was requested.
pub(crate) async fn note_all(
    db: &impl ConnectionTrait,
    moved: impl Iterator<Item = &link::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("the_link", "uuid"), ("what_for", "text"), ("the_merchant", "uuid"), ("own", "bool?")]);
    for link in moved {
        let purpose = match link.state {
            LinkState::Paid => Purpose::Receipt,
            LinkState::Voided if link.tell_buyer => Purpose::Voided,
            LinkState::Voided
            | LinkState::Creating
            | LinkState::Failed
            | LinkState::Unpaid
            | LinkState::Processing
            | LinkState::Voiding
            | LinkState::Expiring
            | LinkState::Expired
            | LinkState::Settling => continue,
        };
        rows.push([link.id.into(), purpose.into(), link.merchant_id.into(), link.receipt.into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO text_due (link_id, purpose, merchant_id, due_at) \
        SELECT the_link, what_for, the_merchant, {0} FROM v JOIN merchant ON merchant.id = the_merchant \
        WHERE COALESCE(own, merchant.receipts) OR what_for = 'voided' ON CONFLICT (link_id, purpose) DO NOTHING";
    db.execute_raw(rows.statement(db.get_database_backend(), insert, vec![now.into()])).await.map(|_| ())
}

/// A page of the buyers to notify, by link.
pub async fn page(
    db: &impl ConnectionTrait,
    after: Option<(LinkId, Purpose)>,
    limit: u64,
) -> Result<Vec<TextDue>, DbErr> {
    let mut query = Entity::find();
    if let Some((link, purpose)) = after {
        let later_of_it = Column::LinkId.eq(link).and(Column::Purpose.gt(purpose));
        query = query.filter(Condition::any().add(Column::LinkId.gt(link)).add(later_of_it));
    }
    query.order_by_asc(Column::LinkId).order_by_asc(Column::Purpose).limit(limit).all(db).await
}

/// Removes an entry whose buyer is notified, or will not be. Returns `false` if it was already removed.
pub async fn take(db: &impl ConnectionTrait, link: LinkId, purpose: Purpose) -> Result<bool, DbErr> {
    Entity::delete_by_id((link, purpose)).exec(db).await.map(|deleted| deleted.rows_affected == 1)
}
