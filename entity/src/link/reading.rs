//! What is read of the links of a list.

use std::collections::HashMap;

use sea_orm::{QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, Model, TimelineEntry, timeline};
use crate::{
    list::{Counted, MOST_AT_ONCE, Sort, fitting},
    looking::{Matches, ReadRows},
    money_column::stored_money,
};
use domain::{Currency, LinkId, LinkState};

/// A link with its timeline.
type ListedLink = (Model, Vec<TimelineEntry>);

/// Reads whole links, with their timelines.
pub(super) struct WholeLinks;

impl ReadRows<Entity> for WholeLinks {
    type Row = ListedLink;
    type Id = LinkId;

    fn id((link, _): &ListedLink) -> LinkId {
        link.id
    }

    async fn read(db: &impl ConnectionTrait, _: Sort, selected: Select<Entity>) -> Result<Matches<ListedLink>, DbErr> {
        let mut links = selected.all(db).await?;
        let few = fitting(links.iter().map(Model::bytes), MOST_AT_ONCE);
        let is_cut = few < links.len();
        links.truncate(few);
        Ok(Matches { rows: with_timelines(db, links).await?, is_cut })
    }
}

/// Reads what links are added up by.
pub(super) struct CountedLinks;

impl ReadRows<Entity> for CountedLinks {
    type Row = Counted<LinkId>;
    type Id = LinkId;

    fn id(link: &Counted<LinkId>) -> LinkId {
        link.id
    }

    async fn read(
        db: &impl ConnectionTrait,
        _: Sort,
        selected: Select<Entity>,
    ) -> Result<Matches<Counted<LinkId>>, DbErr> {
        let columns = [Column::Id, Column::Amount, Column::Currency, Column::State];
        let rows: Vec<(LinkId, Option<i64>, Currency, LinkState)> =
            selected.select_only().columns(columns).into_tuple().all(db).await?;
        let counted = |(id, amount, currency, state): (_, Option<i64>, Currency, LinkState)| {
            let money = amount.map(|amount| stored_money(amount, currency)).transpose()?;
            Ok(Counted { id, money, is_unpaid: matches!(state, LinkState::Unpaid | LinkState::Processing) })
        };
        Ok(Matches { rows: rows.into_iter().map(counted).collect::<Result<_, DbErr>>()?, is_cut: false })
    }
}

pub(super) async fn with_timelines(
    db: &impl ConnectionTrait,
    links: Vec<Model>,
) -> Result<Vec<(Model, Vec<TimelineEntry>)>, DbErr> {
    let mut entries: HashMap<LinkId, Vec<TimelineEntry>> = HashMap::new();
    for entry in timeline::of_links(db, links.iter().map(|link| link.id)).await? {
        entries.entry(entry.link_id).or_default().push(entry);
    }
    let with_timeline = |link: Model| {
        let timeline = entries.remove(&link.id).unwrap_or_default();
        (link, timeline)
    };
    Ok(links.into_iter().map(with_timeline).collect())
}
