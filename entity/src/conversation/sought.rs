//! Which conversations a text means: by their number, or by the orders of their buyer.

use sea_orm::{
    Condition, DbBackend, QuerySelect, Value,
    entity::prelude::*,
    sea_query::{Alias, ArrayType, Expr, ExprTrait, Query, SelectStatement, UnionType},
};

use super::{Column, Entity};
use crate::{
    order,
    search::{are_indexed, orders_sought, pattern},
};
use domain::{
    ConversationId, MerchantId, PhoneNumber,
    search::{Sought, whole_number},
};

/// The conversation with the buyer whose whole number is this text, if there is one.
pub(super) async fn with_whole_number(
    db: &impl ConnectionTrait,
    text: &str,
    merchant: MerchantId,
) -> Result<Option<Condition>, DbErr> {
    let Some(phone) = whole_number(text).and_then(|text| PhoneNumber::from_e164(&text).ok()) else { return Ok(None) };
    let theirs = Condition::all().add(Column::MerchantId.eq(merchant)).add(Column::Phone.eq(phone));
    let any = Entity::find().select_only().column(Column::Id).filter(theirs.clone()).limit(1);
    let any: Option<ConversationId> = any.into_tuple().one(db).await?;
    Ok(any.map(|_| theirs))
}

/// Conversations whose number, or whose buyer's order, matches the search. As one list of numbers, so that an index of
/// them finds the conversations.
pub(super) fn meant_by(sought: &Sought, merchant: MerchantId, backend: DbBackend) -> Condition {
    Condition::all().add(Column::Phone.in_subquery(numbers(sought, merchant, backend)))
}

/// The same condition, if there are at most this many such numbers and an index leads to them.
pub(super) async fn few_numbers(
    db: &impl ConnectionTrait,
    sought: &Sought,
    merchant: MerchantId,
    at_most: u64,
) -> Result<Option<Condition>, DbErr> {
    let backend = db.get_database_backend();
    if !are_indexed(sought, backend) {
        return Ok(None);
    }
    let found = db.query_all(numbers(sought, merchant, backend).limit(at_most + 1)).await?;
    if found.len() as u64 > at_most {
        return Ok(None);
    }
    let found: Vec<String> = found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    if !matches!(backend, DbBackend::Postgres) {
        return Ok(Some(Condition::all().add(Column::Phone.is_in(found))));
    }
    // One array, so that the statement is the same for any number.
    let list = found.into_iter().map(Value::from).collect();
    let list = Expr::val(Value::Array(ArrayType::String, Some(Box::new(list))));
    Ok(Some(Condition::all().add(Expr::cust_with_exprs("$1 = ANY($2)", [Column::Phone.into_expr(), list]))))
}

/// The numbers that match, or whose orders do; perhaps twice.
fn numbers(sought: &Sought, merchant: MerchantId, backend: DbBackend) -> SelectStatement {
    let mut numbers = Query::select()
        .column((order::Entity, order::Column::CustomerPhone))
        .from(order::Entity)
        .cond_where(orders_sought(sought, merchant, backend))
        .and_where(order::Column::CustomerPhone.is_not_null())
        .to_owned();
    let others = Alias::new("others");
    let phone = Expr::col((others.clone(), Column::Phone));
    let parts = sought.meant().iter().filter(|one| one.chars().all(|c| c == '+' || c.is_ascii_digit()));
    for part in parts {
        let with_part = Query::select()
            .column((others.clone(), Column::Phone))
            .from_as(Entity, others.clone())
            .and_where(Expr::col((others.clone(), Column::MerchantId)).eq(merchant))
            .and_where(phone.clone().is_not_null())
            .and_where(phone.clone().like(pattern(part)))
            .to_owned();
        numbers.union(UnionType::All, with_part);
    }
    numbers
}

/// The same condition for each conversation, through the orders of its number. A scalar subquery runs once for each;
/// `EXISTS` could be planned as a scan of all orders.
pub(super) fn one_by_one(sought: &Sought, merchant: MerchantId) -> Condition {
    let orders = Query::select()
        .expr(Expr::val(1))
        .from(order::Entity)
        .and_where(Expr::col((order::Entity, order::Column::CustomerPhone)).equals((Entity, Column::Phone)))
        .cond_where(orders_sought(sought, merchant, DbBackend::Sqlite))
        .limit(1)
        .to_owned();
    let phone = Expr::col((Entity, Column::Phone));
    let of_order = Condition::any().add(Expr::SubQuery(None, Box::new(orders.into())).is_not_null());
    sought.meant().iter().fold(of_order, |any, one| any.add(phone.clone().like(pattern(one))))
}
