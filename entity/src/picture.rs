//! Pictures that buyers send: recorded with their text, fetched by a job, erased with the text.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, Statement, entity::prelude::*};

use crate::{
    Documents, Message, Transaction,
    change::{Change, ChangeKind},
    documents::DocumentError,
    message,
};
use domain::{MerchantId, MessageId, sms_event::PictureAt, words};

words! {
    /// The state of a picture.
    pub enum PictureState {
        /// Still with the carrier.
        Waiting = "waiting",
        /// In the document store.
        Stored = "stored",
        /// It could not be fetched, or is not a picture.
        Failed = "failed",
    }
}

/// A picture that came with a text.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_picture")]
pub struct Model {
    /// The text it came with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: MessageId,
    /// Its position among the text's pictures, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The merchant to whom it was sent.
    pub merchant_id: MerchantId,
    /// The state of the picture.
    pub state: PictureState,
    /// The content type: as the carrier says, and as its bytes show once it is stored.
    pub content_type: String,
    /// The carrier's URL, until it is stored.
    pub source: Option<String>,
    /// Why it could not be fetched, for the merchant.
    pub error: Option<String>,
    /// The size in bytes.
    pub bytes: i64,
    /// When it was erased. The row is deleted with its bytes.
    pub erased_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Picture;

impl Model {
    /// Its path in the document store.
    #[must_use]
    pub fn document(&self) -> String {
        Documents::received_name(self.merchant_id, self.message_id, self.position)
    }
}

/// Why erased pictures could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] DocumentError),
}

/// Inserts the pictures of a text. Returns how many.
pub async fn insert(db: &impl ConnectionTrait, message: &Message, pictures: Vec<PictureAt>) -> Result<i64, DbErr> {
    let rows: Vec<ActiveModel> = (0..)
        .zip(pictures)
        .map(|(position, picture)| ActiveModel {
            message_id: Set(message.id),
            position: Set(position),
            merchant_id: Set(message.merchant_id),
            state: Set(PictureState::Waiting),
            content_type: Set(picture.content_type),
            source: Set(Some(picture.url)),
            ..Default::default()
        })
        .collect();
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if count > 0 {
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(count)
}

/// A picture of the merchant.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    message: MessageId,
    position: i64,
) -> Result<Option<Picture>, DbErr> {
    Entity::find_by_id((message, position))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ErasedAt.is_null())
        .one(db)
        .await
}

/// The pictures of these texts.
pub async fn of_messages(
    db: &impl ConnectionTrait,
    messages: impl IntoIterator<Item = MessageId>,
) -> Result<HashMap<MessageId, Vec<Picture>>, DbErr> {
    let found = Entity::find()
        .filter(Column::MessageId.is_in(messages))
        .filter(Column::ErasedAt.is_null())
        .order_by_asc(Column::Position)
        .all(db)
        .await?;
    let mut of_each: HashMap<MessageId, Vec<Picture>> = HashMap::new();
    for picture in found {
        of_each.entry(picture.message_id).or_default().push(picture);
    }
    Ok(of_each)
}

/// Marks a picture as stored, with the type of its bytes. Returns `false` if it was erased meanwhile.
pub async fn stored(
    tx: &Transaction,
    picture: &Picture,
    content_type: &str,
    bytes: i64,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let set = [(Column::ContentType, Expr::value(content_type)), (Column::Bytes, Expr::value(bytes))];
    conclude(tx, picture, PictureState::Stored, set, now).await
}

/// Marks a picture as failed. Returns `false` if it was erased meanwhile.
pub async fn failed(tx: &Transaction, picture: &Picture, why: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    conclude(tx, picture, PictureState::Failed, [(Column::Error, Expr::value(why))], now).await
}

async fn conclude(
    tx: &Transaction,
    picture: &Picture,
    state: PictureState,
    set: impl IntoIterator<Item = (Column, Expr)>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    // Locks the text first, as everywhere: an erasure either came before and is seen, or comes after and finds this
    // row.
    message::hold(tx, picture.message_id).await?;
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Source, Expr::value(Option::<String>::None));
    for (column, value) in set {
        update = update.col_expr(column, value);
    }
    let changed = update
        .filter(Column::MessageId.eq(picture.message_id))
        .filter(Column::Position.eq(picture.position))
        .filter(Column::State.eq(PictureState::Waiting))
        .filter(Column::ErasedAt.is_null())
        .exec(tx)
        .await?;
    if changed.rows_affected == 0 {
        return Ok(false);
    }
    if let Some(message) = message::find(tx, picture.merchant_id, picture.message_id).await? {
        tx.changed(Change::message(ChangeKind::MessageUpdated, &message, now));
    }
    Ok(true)
}

/// The total size of the merchant's pictures in bytes.
pub async fn stored_bytes(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<u64, DbErr> {
    // Raw SQL: PostgreSQL sums bigints to a numeric, which needs the database's own cast.
    let sum = "SELECT CAST(coalesce(sum(bytes), 0) AS bigint) AS bytes FROM message_picture \
        WHERE merchant_id = $1 AND state = 'stored'";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sum, [merchant.into()]);
    let Some(row) = db.query_one_raw(statement).await? else { return Ok(0) };
    Ok(u64::try_from(row.try_get::<i64>("", "bytes")?).unwrap_or_default())
}

/// Erases the pictures of these texts. They are hidden from now on; [`remove_erased`] deletes the bytes.
pub(crate) async fn erase_of(
    db: &impl ConnectionTrait,
    messages: impl IntoIterator<Item = MessageId>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ErasedAt, Expr::value(now))
        .col_expr(Column::Source, Expr::value(Option::<String>::None))
        .filter(Column::MessageId.is_in(messages))
        .filter(Column::ErasedAt.is_null())
        .exec(db)
        .await
        .map(|_| ())
}

/// How many erased pictures are deleted at once.
const AT_ONCE: u64 = 100;

/// Deletes the bytes of erased pictures, and then their rows. Returns how many.
///
/// # Errors
/// See [`RemovalError`].
pub async fn remove_erased(db: &impl ConnectionTrait, documents: &Documents) -> Result<u64, RemovalError> {
    let mut removed = 0;
    loop {
        let erased = Entity::find().filter(Column::ErasedAt.is_not_null()).limit(AT_ONCE).all(db).await?;
        if erased.is_empty() {
            return Ok(removed);
        }
        for picture in erased {
            documents.delete(&picture.document()).await?;
            Entity::delete_by_id((picture.message_id, picture.position)).exec(db).await?;
            removed += 1;
        }
    }
}
