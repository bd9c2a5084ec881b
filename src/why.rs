//! `paylink why`: what happened to a text, a link, an order or a buyer, and why. For operators who are asked by a
//! merchant.

use ::api::why::{ExplainedJob, Explanation, explain};
use clap::Args as ClapArgs;
use entity::job::Job;

use crate::{error::Error, output::counted, parts::Parts, role::Role, settings::Settings};

/// What to explain.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// A phone number, an order (its id or its number), a link or a message (their ids), of any merchant.
    about: String,
}

/// Runs the sub-command. It prints no message texts, and no phone number but the one that was typed.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    let parts = Parts::open(settings, Role::Command, None).await?;
    let found = explain(&parts.db, &parts.vault, &args.about, parts.db.now().await?).await?;
    if found.items.is_empty() {
        return Err(Error::Refused(format!("nothing is known of {}", args.about.trim())));
    }
    found.items.iter().for_each(print);
    for sentence in &found.left_out {
        println!("{sentence}");
    }
    Ok(())
}

fn print(told: &Explanation) {
    let indent = "  ".repeat(told.depth);
    let state = told.state.map(|state| format!("is {state}, ")).unwrap_or_default();
    println!("{indent}{} {state}of {}, since {}", told.id, told.merchant, told.since);
    for sentence in &told.sentences {
        println!("{indent}  {sentence}");
    }
    for entry in &told.timeline {
        let detail = entry.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        println!("{indent}  {}  {}{detail}", entry.at, entry.event);
    }
    for ExplainedJob { job, waits } in &told.jobs {
        if let Some(waits) = waits {
            println!("{indent}  {waits}");
        }
        println!("{indent}  {}", job_line(job));
    }
}

fn job_line(job: &Job) -> String {
    let Job { id, kind, state, .. } = job;
    let error = job.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let next = if job.finished_at.is_none() { format!(", next at {}", job.run_at) } else { String::new() };
    format!("{id} ({kind}) is {state} after {}{next}{error}", counted(job.attempts(), "attempt", "attempts"))
}
