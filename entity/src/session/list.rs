//! Lists the sessions of a merchant or of operators, and ends individual ones.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use sea_orm::{Condition, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SimpleExpr};

use super::{Column, Entity, Session, SessionKind};
use crate::{api_key, operator::OperatorKeys};
use domain::{MerchantId, SessionId};

/// Whose sessions to list.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Those of a merchant.
    Merchant(MerchantId),
    /// Those of operators whose keys are in force.
    Operators(&'a OperatorKeys),
}

impl Whose<'_> {
    fn condition(self) -> Condition {
        match self {
            Self::Merchant(merchant) => Condition::all().add(of_merchant(merchant)),
            Self::Operators(keys) => Condition::all()
                .add(Column::Kind.eq(SessionKind::Operator))
                .add(Column::OperatorKey.is_in(keys.iter().map(|key| key.id().to_vec()))),
        }
    }
}

/// A merchant's sessions are the ones created with its keys.
pub(super) fn of_merchant(merchant: MerchantId) -> SimpleExpr {
    let keys = api_key::Entity::find()
        .select_only()
        .column(api_key::Column::Id)
        .filter(api_key::Column::MerchantId.eq(merchant))
        .into_query();
    Column::ApiKeyId.in_subquery(keys)
}

/// The position of a session in the list, which is by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionCursor {
    at: DateTime<Utc>,
    id: SessionId,
}

impl SessionCursor {
    /// The position of this session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self { at: session.created_at, id: session.id() }
    }
}

impl fmt::Display for SessionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_millis(), self.id)
    }
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list of sessions")]
pub struct SessionCursorError;

impl FromStr for SessionCursor {
    type Err = SessionCursorError;

    fn from_str(text: &str) -> Result<Self, SessionCursorError> {
        let (at, id) = text.split_once('.').ok_or(SessionCursorError)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_millis).ok_or(SessionCursorError)?;
        Ok(Self { at, id: id.parse().map_err(|_| SessionCursorError)? })
    }
}

/// A page of the sessions that are not over, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    whose: Whose<'_>,
    before: Option<SessionCursor>,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<Session>, DbErr> {
    let mut query = Entity::find().filter(whose.condition()).filter(Column::ExpiresAt.gt(now));
    if let Some(SessionCursor { at, id }) = before {
        let prefix = id.uuid().as_bytes().to_vec();
        let same_time = Condition::all().add(Column::CreatedAt.eq(at)).add(Column::Hash.lt(prefix));
        query = query.filter(Condition::any().add(Column::CreatedAt.lt(at)).add(same_time));
    }
    query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Hash).limit(limit).all(db).await
}

/// Ends one of these sessions. Returns `false` if there is none with this id.
pub async fn end_one(db: &impl ConnectionTrait, whose: Whose<'_>, id: SessionId) -> Result<bool, DbErr> {
    // A hash of 32 bytes that starts with the 16 bytes of the id lies between these two.
    let first = id.uuid().as_bytes().to_vec();
    let last = [first.as_slice(), &[0xff; 16]].concat();
    let ended =
        Entity::delete_many().filter(whose.condition()).filter(Column::Hash.between(first, last)).exec(db).await?;
    Ok(ended.rows_affected > 0)
}
