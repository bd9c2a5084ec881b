//! The merchant's list of conversations, most recently active first.

use chrono::{DateTime, Utc};
use sea_orm::{
    Condition, QueryOrder, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    Assigned, Column, ConversationSearch, Entity, InboxPosition, Listed, Openness,
    inbox::shown,
    sought::{few_numbers, meant_by, one_by_one, with_whole_number},
};
use crate::{
    list::{Found, Looks},
    message,
};
use domain::{ConversationId, MerchantId, search::Sought};

/// A page of the merchant's conversations that have messages. With a text it may be short or empty although there are
/// more to look through.
pub async fn list(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &ConversationSearch,
) -> Result<Found<Listed, InboxPosition>, DbErr> {
    let all = |query: Select<Entity>| page(db, query, search.limit);
    let Some(sought) = search.text.as_deref().and_then(Sought::parse) else {
        return all(search.query(merchant)).await;
    };
    if let Some(theirs) = with_whole_number(db, search.text.as_deref().unwrap_or_default(), merchant).await? {
        return all(search.query(merchant).filter(theirs)).await;
    }
    let Looks { first, most, collected } = search.looks.with_others();
    let Some(end) = search.last_of(db, merchant, first).await? else {
        return all(search.query(merchant).filter(meant_by(&sought, merchant, db.get_database_backend()))).await;
    };
    // A common word matches many conversations, so scanning the newest finds a page sooner than collecting all matches.
    let next = all(search.up_to(merchant, end).filter(one_by_one(&sought, merchant))).await?;
    if next.rows.len() as u64 >= search.limit {
        return Ok(next);
    }
    if let Some(numbers) = few_numbers(db, &sought, merchant, collected).await? {
        return all(search.query(merchant).filter(numbers)).await;
    }
    let Some(end) = search.last_of(db, merchant, most).await? else {
        return all(search.query(merchant).filter(one_by_one(&sought, merchant))).await;
    };
    let found = all(search.up_to(merchant, end).filter(one_by_one(&sought, merchant))).await?;
    let is_full = found.rows.len() as u64 >= search.limit;
    Ok(Found { looked_to: Some(end).filter(|_| !is_full), ..found })
}

/// The first of all that a query finds.
async fn page(
    db: &impl ConnectionTrait,
    query: Select<Entity>,
    limit: u64,
) -> Result<Found<Listed, InboxPosition>, DbErr> {
    let found = query.order_by_desc(Column::LastMessageAt).order_by_desc(Column::Id).limit(limit).all(db).await?;
    Ok(Found { rows: shown(db, found).await?, looked_to: None })
}

impl ConversationSearch {
    /// All filters but the text.
    fn query(&self, merchant: MerchantId) -> Select<Entity> {
        // A conversation without messages was erased, or exists only because its number opted out.
        let said = Query::select()
            .expr(Expr::val(1))
            .from(message::Entity)
            .and_where(Expr::col((message::Entity, message::Column::ConversationId)).equals((Entity, Column::Id)))
            .and_where(Expr::col((message::Entity, message::Column::PurgedAt)).is_null())
            .to_owned();
        let mut query = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Expr::exists(said));
        match self.openness {
            Some(Openness::Open) => query = query.filter(Column::ClosedAt.is_null()),
            Some(Openness::Closed) => query = query.filter(Column::ClosedAt.is_not_null()),
            None => {}
        }
        match self.assigned {
            Some(Assigned::Nobody) => query = query.filter(Column::AssignedTo.is_null()),
            Some(Assigned::To(key)) => query = query.filter(Column::AssignedTo.eq(key)),
            None => {}
        }
        query.filter(self.behind())
    }

    /// The condition for what follows the page before.
    fn behind(&self) -> Condition {
        let Some(InboxPosition { at, id }) = self.before else { return Condition::all() };
        let same_time = Condition::all().add(Column::LastMessageAt.eq(at)).add(Column::Id.lt(id));
        // The second condition implies the first, which an index answers.
        Condition::all()
            .add(Column::LastMessageAt.lte(at))
            .add(Condition::any().add(Column::LastMessageAt.lt(at)).add(same_time))
    }

    /// The same up to this position.
    fn up_to(&self, merchant: MerchantId, InboxPosition { at, id }: InboxPosition) -> Select<Entity> {
        let same_time = Condition::all().add(Column::LastMessageAt.eq(at)).add(Column::Id.gte(id));
        let up_to = Condition::any().add(Column::LastMessageAt.gt(at)).add(same_time);
        self.query(merchant).filter(Column::LastMessageAt.gte(at)).filter(up_to)
    }

    /// The last of this many conversations of the page, if there are more.
    async fn last_of(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        many: u64,
    ) -> Result<Option<InboxPosition>, DbErr> {
        let places = Entity::find().select_only().columns([Column::LastMessageAt, Column::Id]);
        let places = places.filter(Column::MerchantId.eq(merchant)).filter(self.behind());
        let places = places.order_by_desc(Column::LastMessageAt).order_by_desc(Column::Id).offset(many - 1).limit(2);
        let found: Vec<(DateTime<Utc>, ConversationId)> = places.into_tuple().all(db).await?;
        Ok(match found.as_slice() {
            [(at, id), _] => Some(InboxPosition { at: *at, id: *id }),
            _ => None,
        })
    }
}
