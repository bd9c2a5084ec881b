//! What was reported as committed is there, and what was refused is not there in part, whatever goes wrong in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::PhoneNumber;
use entity::{
    Db, DbFault, Transaction,
    order::{self, Details, NewOrder},
};
use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Statement};

use super::{Rows, euros, now, on_both_databases};

/// The fault between the two rows of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    Nothing,
    /// `SQLite` finds no room and rolls back by itself; `PostgreSQL` has room.
    Full,
    /// The statement is interrupted: `SQLite` rolls back by itself, `PostgreSQL` takes nothing but a rollback from then
    /// on.
    Interrupted,
    /// The server ends the connection. `SQLite` has none.
    Cancellation,
    /// The command refuses.
    RolledBack,
    /// The command goes away.
    Dropped,
    /// A statement is refused, and the command continues regardless.
    Overlooked,
    /// A part is refused and undone.
    PartUndone,
    /// A part is left without an end.
    PartLeft,
    /// The caller goes away after this many tenths of a millisecond.
    GivenUp(u64),
}

impl Mishap {
    fn any() -> impl Strategy<Value = Self> {
        let given_up = (0..30_u64).prop_map(Self::GivenUp);
        let others = vec![
            Self::Nothing,
            Self::Full,
            Self::Interrupted,
            Self::Cancellation,
            Self::RolledBack,
            Self::Dropped,
            Self::Overlooked,
            Self::PartUndone,
            Self::PartLeft,
        ];
        prop_oneof![3 => select(others), 1 => given_up]
    }
}

/// The command's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandAnswer {
    Committed,
    Refused,
    /// None: the caller was gone.
    NotAtAll,
}

async fn insert(rows: &Rows, tx: &Transaction, number: usize, name: &str) -> Result<(), DbErr> {
    let new = NewOrder {
        merchant_id: rows.merchant,
        // A merchant has no two orders of one number.
        number: format!("{number} {name}"),
        customer_name: name.to_owned(),
        customer_phone: PhoneNumber::from_e164("+12025550123").unwrap(),
        money: euros("10.00"),
        details: Details::default(),
        dates: order::Dates::default(),
        kept: order::Kept::default(),
    };
    order::insert(tx, new, now()).await.map(|_| ())
}

/// Writes two rows that belong together.
async fn command(rows: &Rows, number: usize, fault: Mishap) -> Result<(), DbErr> {
    let tx = rows.db.begin().await?;
    insert(rows, &tx, number, "one").await?;
    match fault {
        Mishap::RolledBack => {
            tx.rollback().await?;
            return Err(DbErr::Custom("refused".to_owned()));
        }
        Mishap::Dropped => return Err(DbErr::Custom("refused".to_owned())),
        Mishap::Overlooked => {
            tx.execute_unprepared("INSERT INTO nowhere VALUES (1)").await.unwrap_err();
        }
        Mishap::PartUndone => {
            let part = tx.savepoint().await?;
            insert(rows, &part, number, "undone").await?;
            part.execute_unprepared("INSERT INTO nowhere VALUES (1)").await.unwrap_err();
            part.rollback().await?;
        }
        Mishap::PartLeft => {
            let part = tx.savepoint().await?;
            insert(rows, &part, number, "left").await?;
        }
        Mishap::Full => finds_no_room(rows, &tx).await?,
        Mishap::Interrupted => is_interrupted(rows, &tx).await?,
        Mishap::Cancellation => is_cut_off(rows, &tx).await?,
        Mishap::Nothing | Mishap::GivenUp(_) => {}
    }
    // Whatever went wrong, this one does not care.
    let _ = insert(rows, &tx, number, "two").await;
    tx.commit().await
}

async fn finds_no_room(rows: &Rows, tx: &Transaction) -> Result<(), DbErr> {
    if rows.db.has_one_writer() {
        // As many pages as there are.
        tx.execute_unprepared("PRAGMA max_page_count = 1").await?;
        let _ = tx.execute_unprepared("UPDATE merchant SET contact = hex(zeroblob(1000000))").await;
    }
    Ok(())
}

async fn is_interrupted(rows: &Rows, tx: &Transaction) -> Result<(), DbErr> {
    if !rows.db.has_one_writer() {
        tx.execute_unprepared("SET LOCAL statement_timeout = '1ms'").await?;
        let _ = tx.execute_unprepared("SELECT pg_sleep(1)").await;
    }
    Ok(())
}

async fn is_cut_off(rows: &Rows, tx: &Transaction) -> Result<(), DbErr> {
    if !rows.db.has_one_writer() {
        let ask = Statement::from_string(tx.get_database_backend(), "SELECT pg_backend_pid() AS pid");
        let pid: i32 = tx.query_one_raw(ask).await?.unwrap().try_get("", "pid")?;
        rows.db.pool().execute_unprepared(&format!("SELECT pg_terminate_backend({pid})")).await?;
    }
    Ok(())
}

/// What is run on `SQLite` on the writer's connection is interrupted while the flag is up.
async fn interrupts(db: &Db) -> Arc<AtomicBool> {
    let up = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&up);
    let mut writer = db.writer().get_sqlite_connection_pool().acquire().await.unwrap();
    writer.lock_handle().await.unwrap().set_progress_handler(1, move || !seen.load(Ordering::SeqCst));
    up
}

/// Like [`command`] with [`Mishap::Interrupted`], where the interrupt comes from within the process.
async fn interrupted_on_sqlite(rows: &Rows, number: usize) -> Result<(), DbErr> {
    let interrupt = interrupts(&rows.db).await;
    let tx = rows.db.begin().await?;
    insert(rows, &tx, number, "one").await?;
    interrupt.store(true, Ordering::SeqCst);
    let _ = insert(rows, &tx, number, "interrupted").await;
    interrupt.store(false, Ordering::SeqCst);
    let _ = insert(rows, &tx, number, "two").await;
    tx.commit().await
}

async fn plays(rows: &Rows, number: usize, fault: Mishap) -> CommandAnswer {
    let answered = match fault {
        Mishap::GivenUp(tenths) => {
            let patience = Duration::from_micros(tenths * 100);
            let Ok(answered) = tokio::time::timeout(patience, command(rows, number, fault)).await else {
                return CommandAnswer::NotAtAll;
            };
            answered
        }
        Mishap::Interrupted if rows.db.has_one_writer() => interrupted_on_sqlite(rows, number).await,
        Mishap::Nothing
        | Mishap::Full
        | Mishap::Interrupted
        | Mishap::Cancellation
        | Mishap::RolledBack
        | Mishap::Dropped
        | Mishap::Overlooked
        | Mishap::PartUndone
        | Mishap::PartLeft => command(rows, number, fault).await,
    };
    if fault == Mishap::Full && rows.db.has_one_writer() {
        // There is room again, also on a connection that outlived it.
        rows.db.writer().execute_unprepared("PRAGMA max_page_count = 1073741823").await.unwrap();
    }
    if answered.is_ok() { CommandAnswer::Committed } else { CommandAnswer::Refused }
}

/// Whether this fault must be answered by a refusal on this database.
fn must_be_refused(rows: &Rows, fault: Mishap) -> Option<bool> {
    match fault {
        Mishap::Nothing | Mishap::PartUndone => Some(false),
        Mishap::RolledBack | Mishap::Dropped | Mishap::Overlooked | Mishap::PartLeft | Mishap::Interrupted => {
            Some(true)
        }
        Mishap::Full => Some(rows.db.has_one_writer()),
        Mishap::Cancellation => Some(!rows.db.has_one_writer()),
        Mishap::GivenUp(_) => None,
    }
}

/// Opens the database anew, as after a restart, and looks for the rows of each command.
async fn assert_kept(rows: &Rows, answers: &[(Mishap, CommandAnswer)]) {
    let anew = Db::open(&rows.url, 2).await.unwrap();
    for (number, (fault, answered)) in answers.iter().enumerate() {
        let found = order::Entity::find().filter(order::Column::Number.starts_with(format!("{number} ")));
        let found = found.count(anew.pool()).await.unwrap();
        match answered {
            CommandAnswer::Committed => assert_eq!(found, 2, "{number}: {fault:?} was committed; {answers:?}"),
            CommandAnswer::Refused => assert_eq!(found, 0, "{number}: {fault:?} was refused; {answers:?}"),
            CommandAnswer::NotAtAll => {
                assert!(found == 0 || found == 2, "{number}: {fault:?} is half there; {answers:?}");
            }
        }
    }
}

async fn play(rows: &Rows, faults: impl IntoIterator<Item = Mishap>) {
    let mut answers = Vec::new();
    for (number, fault) in faults.into_iter().enumerate() {
        let answered = plays(rows, number, fault).await;
        if let Some(refused) = must_be_refused(rows, fault) {
            let expected = if refused { CommandAnswer::Refused } else { CommandAnswer::Committed };
            assert_eq!(answered, expected, "{number}: {fault:?} after {answers:?}");
        }
        answers.push((fault, answered));
    }
    assert_kept(rows, &answers).await;
}

on_both_databases! {
    async fn what_met_a_full_disk_is_refused_and_what_comes_after_it_is_kept(rows) {
        use Mishap::{Full, Nothing, RolledBack};
        play(&rows, [Nothing, Full, RolledBack, Nothing, Nothing, RolledBack, Nothing]).await;
    }

    async fn what_was_interrupted_is_refused_and_what_comes_after_it_is_kept(rows) {
        use Mishap::{Interrupted, Nothing, RolledBack};
        play(&rows, [Interrupted, RolledBack, Nothing, Nothing]).await;
    }

    async fn a_statement_that_failed_is_never_committed_around(rows) {
        play(&rows, [Mishap::Overlooked, Mishap::PartLeft, Mishap::PartUndone, Mishap::Nothing]).await;
    }

    async fn a_part_that_is_over_already_ends_with_what_ended_it(rows) {
        let interrupt = if rows.db.has_one_writer() { interrupts(&rows.db).await } else { Arc::default() };
        let tx = rows.db.begin().await.unwrap();
        let part = tx.savepoint().await.unwrap();
        is_cut_off(&rows, &part).await.unwrap();
        interrupt.store(true, Ordering::SeqCst);
        part.execute_unprepared("UPDATE merchant SET contact = 'lost'").await.unwrap_err();
        interrupt.store(false, Ordering::SeqCst);
        let error = part.rollback().await.unwrap_err();
        assert!(DbFault::of(&error).passes(), "an outage is taken for a bug: {error:?}");
    }

    async fn a_beginning_that_is_given_up_holds_no_connection(rows) {
        for micros in (0..2_000).step_by(20) {
            // The caller goes away, at any time.
            let _ = tokio::time::timeout(Duration::from_micros(micros), rows.db.begin()).await;
            let outside = rows.db.writer().execute_unprepared("UPDATE merchant SET contact = 'x'").await;
            outside.unwrap();
            let named = format!("UPDATE merchant SET name = '{micros}'");
            rows.db.writer().execute_unprepared(&named).await.unwrap();
            let anew = Db::open(&rows.url, 1).await.unwrap();
            let kept = entity::merchant::get(anew.pool(), rows.merchant).await.unwrap().name;
            assert_eq!(kept, micros.to_string(), "a single statement ran in somebody's transaction");
        }
    }

    async fn whatever_goes_wrong_committed_is_kept_and_refused_is_gone(rows) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..12 {
            let faults = vec(Mishap::any(), 10..25).new_tree(&mut runner).unwrap().current();
            play(&rows, faults).await;
            rows.db.writer().execute_unprepared("DELETE FROM orders").await.unwrap();
        }
    }
}
