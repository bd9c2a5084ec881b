//! `paylink secrets`.

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use domain::Vault;
use entity::reseal;

use crate::{
    data_dir::{DataDir, SECRET_KEY},
    database::open_database,
    error::Error,
    parts::secret_key,
    settings::Settings,
};

/// The action.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Prints a new random key, for `secret_key` or for an operator.
    Generate,
    /// Seals values again under `secret_key` that were sealed under `previous_secret_keys`. Can be interrupted and run
    /// again.
    Rotate,
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<ExitCode, Error> {
    match args.action {
        Action::Generate => {
            println!("{}", Vault::generate_key()?.expose());
            Ok(ExitCode::SUCCESS)
        }
        Action::Rotate => rotate(settings).await,
    }
}

async fn rotate(settings: &Settings) -> Result<ExitCode, Error> {
    let data = DataDir::new(&settings.data_dir)?;
    let key = secret_key(settings, &data)?;
    let vault = Vault::with_previous(&key, &settings.previous_secret_keys)?;
    let db = open_database(settings).await?;
    let done = reseal::reseal(&db, &vault, db.now().await?).await?;
    println!("{} sealed anew, {} under this key already", done.anew, done.already);
    for place in &done.unopened {
        println!("{place} does not open with any of the keys");
    }
    if done.changed > 0 {
        println!("{} changed meanwhile; run it again", done.changed);
    }
    let all_done = done.unopened.is_empty() && done.changed == 0;
    // Commands without the setting use the stored key, so it must be the current one.
    if all_done && data.secret(SECRET_KEY)?.is_some_and(|kept| kept.expose() != key.expose()) {
        data.keep(SECRET_KEY, key.expose())?;
        println!("{} holds this key now", data.file(SECRET_KEY).display());
    }
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
