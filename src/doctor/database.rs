//! The database: whether it is reachable, accepts writes, has our schema and room for our connections. Raw SQL: it
//! queries the server's configuration rather than our tables.

use domain::Vault;
use entity::{DatabaseTime, Db, DbOptions, SKEW_LIMIT, installation};
use migration::SchemaState;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::{replicas::Replicas, report::Report};
use crate::{
    data_dir::DataDir,
    database::{database_url, not_opened},
    moving::half,
    output::counted,
    parts::secret_key,
    role::Role,
    settings::Settings,
};

pub(super) async fn look(settings: &Settings, replicas: Replicas, report: &mut Report) {
    let url = match database_url(settings) {
        Ok(url) => url,
        Err(error) => return report.failed("database", error.with_sources(), "set PAYLINK_DATABASE_URL"),
    };
    let options = DbOptions {
        connections: 2,
        application: Role::Command.application().to_owned(),
        limits: settings.database_limits(),
    };
    let db = match Db::open_with(&url, &options).await {
        Ok(db) => db,
        Err(error) => {
            let change = "the end is the database's own reason, or the network's: correct the host, port, name, user or password in \
                          PAYLINK_DATABASE_URL, or make the database (createdb)";
            return report.failed("database", not_opened(&url)(error).with_sources(), change);
        }
    };
    version(&db, report).await;
    if !schema(&db, report).await {
        return;
    }
    root(&db, settings, report).await;
    writes(&db, report).await;
    if !db.has_one_writer() {
        pooler(&db, report);
        connections(&db, settings, replicas, report).await;
    }
}

async fn version(db: &Db, report: &mut Report) {
    let question = if db.has_one_writer() {
        "SELECT 'SQLite ' || sqlite_version() AS answer"
    } else {
        "SELECT version() AS answer"
    };
    match ask(db, question).await {
        Ok(version) => report.ok("database", version),
        Err(error) => report.failed("database", domain::with_sources(&error), "it must answer"),
    }
}

async fn schema(db: &Db, report: &mut Report) -> bool {
    match SchemaState::of(db.pool()).await {
        Ok(SchemaState::Usable) => match half::is_under_way(db).await {
            Ok(false) => {
                report.ok("schema", "it is up to date");
                return true;
            }
            Ok(true) => report.failed("schema", half::HALF, "end the move, or use the old database"),
            Err(error) => report.failed("schema", domain::with_sources(&error), "allow our role to read it"),
        },
        Ok(SchemaState::TooOld(missing)) => {
            let found = counted(missing.len(), "step is missing", "steps are missing");
            report.failed("schema", found, "run `paylink migrate`");
        }
        Ok(SchemaState::TooNew(step)) => {
            report.failed("schema", format!("a later version has done {step}"), "run that version, or a later one");
        }
        Err(error) => report.failed("schema", domain::with_sources(&error), "allow our role to read it"),
    }
    false
}

/// Checks that the secret key belongs to this installation. Roles do not start with another one.
async fn root(db: &Db, settings: &Settings, report: &mut Report) {
    let vault = DataDir::new(&settings.data_dir)
        .and_then(|data| secret_key(settings, &data))
        .and_then(|key| Ok(Vault::with_previous(&key, &settings.previous_secret_keys)?));
    // An invalid key was reported before.
    let Ok(vault) = vault else { return };
    match installation::opens(db.pool(), &vault).await {
        Ok(()) => report.ok("installation", "the secret key opens it"),
        Err(error) => report.failed(
            "installation",
            domain::with_sources(&error),
            "set PAYLINK_SECRET_KEY to the key that this installation has; if it was changed, name the old one in \
             PAYLINK_PREVIOUS_SECRET_KEYS until `paylink secrets rotate` is done",
        ),
    }
}

async fn writes(db: &Db, report: &mut Report) {
    let time = match DatabaseTime::measured(db).await {
        Ok(time) => time,
        Err(error) => return report.failed("clock", domain::with_sources(&error), "the database must answer"),
    };
    if time.is_skewed() {
        report.warn(
            "clock",
            format!(
                "this machine's is {:.1} s off the database's, and may be {} s",
                time.skew().as_seconds_f64(),
                SKEW_LIMIT.num_seconds()
            ),
            "set it right (chrony, systemd-timesyncd): TLS and S3 judge by it",
        );
    } else {
        report.ok("clock", format!("{:.3} s off the database's", time.skew().as_seconds_f64()));
    }
    match db.heartbeat(time.clock().now()).await {
        Ok(()) => report.ok("database writes", "a row was written and read back"),
        Err(error) => report.failed(
            "database writes",
            domain::with_sources(&error),
            "connect to the primary, not to a standby; see that the disk is not full and that our role owns the tables",
        ),
    }
}

fn pooler(db: &Db, report: &mut Report) {
    let found = db.pooling().to_string();
    if db.is_limited() {
        report.ok("pooler", found);
    } else {
        report.warn(
            "pooler",
            format!("{found}; it does not let us limit how long statements may take"),
            "ALTER ROLE … SET statement_timeout = '120s'; the same for lock_timeout = '15s' and idle_in_transaction_session_timeout = '60s'",
        );
    }
}

/// Checks that all processes can connect, in addition to other clients.
async fn connections(db: &Db, settings: &Settings, replicas: Replicas, report: &mut Report) {
    let most = "SELECT (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int)::text AS answer";
    let others = "SELECT count(*)::text AS answer FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name NOT LIKE \
                  'paylink%'";
    let (most, others) = match (number(db, most).await, number(db, others).await) {
        (Ok(most), Ok(others)) => (most, others),
        (Err(error), _) | (_, Err(error)) => {
            return report.warn("connections", domain::with_sources(&error), "allow our role to read pg_stat_activity");
        }
    };
    let ours = replicas.connections(settings.database_connections);
    let found = format!("we open {ours} at most, others hold {others}, and PostgreSQL has {most} for all");
    if db.pooling().is_pooled() {
        report.ok("connections", format!("{found}; the pooler shares them out"));
    } else if ours.saturating_add(others) > most {
        report.failed(
            "connections",
            found,
            "raise max_connections, lower PAYLINK_DATABASE_CONNECTIONS, run fewer processes, or put PgBouncer in front",
        );
    } else {
        report.ok("connections", found);
    }
}

async fn number(db: &Db, question: &str) -> Result<u32, DbErr> {
    ask(db, question).await?.parse().map_err(|error| DbErr::Custom(format!("{question}: {error}")))
}

async fn ask(db: &Db, question: &str) -> Result<String, DbErr> {
    let backend = if db.has_one_writer() { DbBackend::Sqlite } else { DbBackend::Postgres };
    let row = db.pool().query_one_raw(Statement::from_string(backend, question)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(question.to_owned()))?.try_get("", "answer")
}
