//! All changes of one transaction and merchant in a single row.
//!
//! A row per change was written, rewritten when it was numbered, and had two entries in each of two indexes. For a
//! webhook about a paid link, which changes a link and an order, that was a third of the database's work. Now a group
//! of a hundred webhooks is one row, numbered as a whole: its changes have the numbers up to `last_seq`. `changes` has
//! a line for each: its kind, its subject, and the order, conversation and link that go with it, or `-`.
//!
//! Rows of `change` are moved over, and so are those that the previous version still writes there, before they are
//! numbered.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

const TABLE: &str = "
CREATE TABLE change_set (
    id {serial},
    merchant_id {id} NOT NULL,
    last_seq {int},
    count {int} NOT NULL CHECK (count > 0),
    at {time} NOT NULL,
    changes text NOT NULL,
    CHECK (last_seq >= count)
);
CREATE UNIQUE INDEX change_set_by_seq ON change_set (merchant_id, last_seq) WHERE last_seq IS NOT NULL;
CREATE INDEX change_set_unnumbered ON change_set (merchant_id, id) WHERE last_seq IS NULL";

/// A row of `change`, given as `{row}`, as a set.
const SET: &str = "{row}merchant_id, {row}seq, 1, {row}at, {row}kind || ' ' || {subject_id} || ' ' || {order_id} || ' ' \
    || {conversation_id} || ' ' || {link_id}";

const INSERT: &str = "INSERT INTO change_set (merchant_id, last_seq, count, at, changes)";

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        dialect::run(manager, TABLE).await?;
        // Not through the dialect, which would split it at its semicolons.
        let connection = manager.get_connection();
        let take_over =
            format!("{INSERT} SELECT {}; DELETE FROM change WHERE id = NEW.id;", set("NEW.", on_postgresql));
        let name = "change_of_version_before";
        if on_postgresql {
            let function = format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {take_over} RETURN NULL; END $$"
            );
            connection.execute_unprepared(&function).await?;
            let trigger =
                format!("CREATE TRIGGER {name} AFTER INSERT ON change FOR EACH ROW EXECUTE FUNCTION {name}()");
            connection.execute_unprepared(&trigger).await?;
        } else {
            let trigger = format!("CREATE TRIGGER {name} AFTER INSERT ON change FOR EACH ROW BEGIN {take_over} END");
            connection.execute_unprepared(&trigger).await?;
        }
        let move_all =
            format!("{INSERT} SELECT {} FROM change ORDER BY id; DELETE FROM change", set("", on_postgresql));
        dialect::run(manager, &move_all).await
    }
}

fn set(row: &str, on_postgresql: bool) -> String {
    let ids = ["subject_id", "order_id", "conversation_id", "link_id"];
    let set = ids.iter().fold(SET.to_owned(), |sql, id| {
        let text = if on_postgresql { "replace({row}{id}::text, '-', '')" } else { "lower(hex({row}{id}))" };
        let text = format!("CASE WHEN {{row}}{id} IS NULL THEN '-' ELSE {} END", text.replace("{id}", id));
        sql.replace(&format!("{{{id}}}"), &text)
    });
    set.replace("{row}", row)
}
