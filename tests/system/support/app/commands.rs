//! What is run beside the app, with the same settings: sub-commands, other roles, and the scheduler at a time.

use std::process::{Command, Output};

use chrono::{DateTime, SubsecRound, Utc};
use paylink::{Settings, Surroundings, scheduler};

use super::{
    super::{
        installation::{command, variables},
        process::Process,
        running::aside,
    },
    App,
};

impl App {
    /// Another process with the same settings.
    pub(crate) fn command(&self) -> Command {
        command(&self.database, self.data.path(), self.port)
    }

    /// Runs another sub-command with the same settings to its end.
    pub(crate) fn runs(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs another sub-command that must succeed. Returns its output.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.runs(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts another role next to it, at this port if it listens at all, with the same sandbox.
    pub(crate) fn begins(&self, arguments: &[&str], port: u16) -> Process {
        let mut command = command(&self.database, self.data.path(), port);
        command
            .args(arguments)
            .env("PAYLINK_STRIPE_API_BASE", format!("{}/stripe", self.hello.sandbox_url))
            .env("PAYLINK_SMS_API_BASE", format!("{}/sms", self.hello.sandbox_url))
            .env("PAYLINK_PUBLIC_URL", &self.hello.url);
        Process::start(&mut command, self.data.path())
    }

    /// Runs every tick that is due then, as `scheduler --once` does.
    pub(crate) fn passes(&self, then: DateTime<Utc>) {
        let settings = Settings::from_variables(variables(&self.database, self.data.path(), self.port)).unwrap();
        let once = scheduler::Args { once: true, at: Some(then.trunc_subsecs(0)) };
        let ran = aside(&settings.clone(), self.data.path(), async || {
            scheduler::run(settings, once, &Surroundings::default(), || {}).await
        });
        ran.unwrap();
    }
}
