//! `paylink up --demo`, running: in this process on threads of its own, or in a process of its own.

use std::{
    fs::{self, File, OpenOptions},
    mem,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use ::tracing::{Dispatch, dispatcher};
use domain::Clock;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use paylink::{Settings, Surroundings, logs_to, up};
use tokio::{runtime, sync::oneshot};

use super::{
    app::Hello,
    http::use_tls,
    wait::{comes_true, eventually},
};

/// The log file in the data directory.
const LOG: &str = "log";

/// The running product.
#[derive(Debug)]
pub(crate) enum Running {
    Here(Roles),
    Apart(Child),
}

/// All roles in this process.
#[derive(Debug)]
pub(crate) struct Roles {
    around: Surroundings,
    thread: JoinHandle<bool>,
}

impl Running {
    /// In this process, with these variables and this time, once it is ready.
    pub(crate) async fn here(variables: Vec<(String, String)>, data_dir: &Path, clock: Clock) -> (Self, Hello) {
        use_tls();
        let settings = Settings::from_variables(variables).unwrap();
        let logs = logs(&settings, data_dir);
        let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_paylink")));
        let around = Surroundings { clock: Some(clock), program, ..Surroundings::default() };
        let (say, said) = oneshot::channel();
        let roles = Roles { around: around.clone(), thread: thread::spawn(move || run(settings, &around, &logs, say)) };
        let Ok(hello) = said.await else { panic!("it ended: {}", log(data_dir)) };
        (Self::Here(roles), hello)
    }

    /// In a process of its own, once it is ready.
    pub(crate) async fn apart(mut command: Command, data_dir: &Path) -> (Self, Hello) {
        let hello = File::create(data_dir.join("hello")).unwrap();
        command.args(["up", "--demo", "--json"]).stdout(hello).stderr(log_file(data_dir));
        let mut process = command.spawn().unwrap();
        let hello = eventually("it is ready", async || {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("it ended with {status}: {}", log(data_dir));
            }
            let text = fs::read_to_string(data_dir.join("hello")).unwrap();
            text.ends_with('\n').then(|| serde_json::from_str(&text).unwrap())
        })
        .await;
        (Self::Apart(process), hello)
    }

    /// The process, if it has one of its own.
    pub(crate) fn process_id(&self) -> u32 {
        let Self::Apart(process) = self else { panic!("it has no process of its own: start it with App::start_apart") };
        process.id()
    }

    /// Kills it without warning, like a power cut.
    pub(crate) fn dies(self) {
        let Self::Apart(mut process) = self else {
            panic!("only a process can be killed: start it with App::start_apart")
        };
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Stops as users stop it. Returns `None` if it does not stop.
    pub(crate) fn stops(self) -> Option<ExitStatus> {
        match self {
            Self::Here(roles) => {
                roles.around.stop.now();
                let ended = comes_true(|| roles.thread.is_finished());
                // As a process's exit code: 0 for success.
                ended.then(|| ExitStatus::from_raw(if roles.thread.join().is_ok_and(|well| well) { 0 } else { 1 << 8 }))
            }
            Self::Apart(mut process) => {
                kill(Pid::from_raw(i32::try_from(process.id()).unwrap()), Signal::SIGTERM).unwrap();
                let mut status = None;
                let ended = comes_true(|| {
                    status = process.try_wait().unwrap();
                    status.is_some()
                });
                if !ended {
                    process.kill().unwrap();
                    process.wait().unwrap();
                }
                status
            }
        }
    }

    /// Ends it without checking anything.
    pub(crate) fn ends_somehow(self) {
        match self {
            Self::Here(roles) => {
                roles.around.stop.now();
                let _ = roles.thread.join();
            }
            Self::Apart(mut process) => {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}

/// Runs everything until it is told to stop. Returns whether it succeeded.
fn run(settings: Settings, around: &Surroundings, logs: &Dispatch, say: oneshot::Sender<Hello>) -> bool {
    let _logs = dispatcher::set_default(logs);
    let each_thread = {
        let logs = logs.clone();
        // It lives as long as the thread.
        move || mem::forget(dispatcher::set_default(&logs))
    };
    let mut threads = runtime::Builder::new_multi_thread();
    let threads = threads.worker_threads(2).enable_all().on_thread_start(each_thread).build().unwrap();
    let args = up::Args { demo: true, json: true };
    let ready = |ready: up::Ready| {
        let _ = say.send(serde_json::from_value(ready.demo.unwrap().to_json()).unwrap());
    };
    let outcome = threads.block_on(up::run(settings, args, around, ready));
    threads.shutdown_timeout(Duration::from_secs(1));
    if let Err(error) = &outcome {
        ::tracing::error!(error = error.with_sources(), "it ended");
    }
    outcome.is_ok()
}

/// Waits for a future on another thread, for callers that cannot await; its log goes to the log of this data directory.
pub(crate) fn aside<T: Send>(settings: &Settings, data_dir: &Path, what: impl AsyncFnOnce() -> T + Send) -> T {
    let logs = logs(settings, data_dir);
    let wait = || {
        let _logs = dispatcher::set_default(&logs);
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what())
    };
    thread::scope(|scope| scope.spawn(wait).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn logs(settings: &Settings, data_dir: &Path) -> Dispatch {
    logs_to(settings, Arc::new(log_file(data_dir)))
}

fn log_file(data_dir: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(data_dir.join(LOG)).unwrap()
}

fn log(data_dir: &Path) -> String {
    fs::read_to_string(data_dir.join(LOG)).unwrap_or_default()
}
