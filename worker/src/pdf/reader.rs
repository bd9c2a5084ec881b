//! Starts and ends the processes that read PDFs.

use std::{
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use queue::JobError;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
    time::timeout,
};

use super::{PdfError, Reading, answer::understand};

/// How many files are read at once, for any number of jobs, since each may take a CPU and much memory.
const AT_ONCE: usize = 2;

/// How long a file waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);

/// Timeout of a file, even on a busy machine; the lower limit on CPU time usually ends it first. With the wait
/// for a turn, it is shorter than a job's timeout.
const WITHIN: Duration = Duration::from_secs(30);

/// The longest answer: the text, and a picture that does not compress.
const LONGEST_ANSWER: u64 = 32 << 20;

/// How long a job without a turn is snoozed, and over how much longer such jobs are spread.
const SNOOZE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10));

/// The signals that stop all processes of an installation. A process that these killed was not killed for its file.
const STOPS: [i32; 3] = [1, 2, 15];

/// Reads PDFs, each in a process of its own with limits set by the system. Cheap to clone; clones share the turns.
#[derive(Debug, Clone)]
pub struct PdfReader {
    program: PathBuf,
    command: &'static str,
    turns: Arc<Semaphore>,
    turn_within: Duration,
}

/// Why a file was not read, for reasons unrelated to the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRead {
    /// Too many others are being read.
    #[error("other PDFs are being read")]
    NoTurn,
    /// The system is stopping.
    #[error("the process that read the PDF was stopped")]
    Stopped,
    /// The process failed, or is another program.
    #[error("the process that was to read the PDF gave no answer: {0}")]
    NoAnswer(ExitStatus),
    /// The process could not be started.
    #[error("no process can read the PDF")]
    NoProcess(#[from] io::Error),
}

impl From<NotRead> for JobError {
    fn from(error: NotRead) -> Self {
        match error {
            NotRead::NoTurn | NotRead::Stopped => {
                let (after, spread) = SNOOZE;
                Self::Snooze { why: Box::new(error), after, spread }
            }
            NotRead::NoAnswer(_) | NotRead::NoProcess(_) => Self::retry(error),
        }
    }
}

impl PdfReader {
    /// Reads with this program, whose sub-command limits its resources and passes its standard input to
    /// [`answer_to`](super::answer_to).
    #[must_use]
    pub fn new(program: PathBuf, command: &'static str) -> Self {
        Self { program, command, turns: Arc::new(Semaphore::new(AT_ONCE)), turn_within: TURN_WITHIN }
    }

    /// Reads a PDF that opens without a password, or says why it is refused.
    pub(crate) async fn read(&self, content: &[u8]) -> Result<Result<Reading, PdfError>, NotRead> {
        let turn = timeout(self.turn_within, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(NotRead::NoTurn) };
        let Ok(ended) = timeout(WITHIN, self.ask(content)).await else {
            tracing::warn!("a PDF took too long to be read");
            return Ok(Err(PdfError::TooComplex));
        };
        let (status, answer) = ended?;
        match (status.code(), signal(status)) {
            (Some(0), _) => understand(&answer).ok_or(NotRead::NoAnswer(status)),
            (Some(_), _) => Err(NotRead::NoAnswer(status)),
            (None, Some(signal)) if STOPS.contains(&signal) => Err(NotRead::Stopped),
            (None, _) => {
                tracing::warn!(%status, "a PDF took too much to be read");
                Ok(Err(PdfError::TooComplex))
            }
        }
    }

    /// Runs a process that reads this. It is killed when the future is dropped.
    async fn ask(&self, content: &[u8]) -> io::Result<(ExitStatus, Bytes)> {
        let mut process = Command::new(&self.program)
            .arg(self.command)
            .env_clear()
            .current_dir("/")
            // Input at a terminal is not meant for it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = process.stdin.take() {
            // A process that ended early stops reading; its exit status says why.
            let _broken = input.write_all(content).await;
        }
        let mut answer = Vec::new();
        if let Some(output) = process.stdout.take() {
            output.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        }
        Ok((process.wait().await?, answer.into()))
    }
}

fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result for a file whose process runs this script.
    async fn outcome(script: &str) -> Result<Result<Reading, PdfError>, NotRead> {
        PdfReader::new("/bin/sh".into(), "-s").read(script.as_bytes()).await
    }

    #[tokio::test]
    async fn what_ends_the_process_tells_what_becomes_of_the_file() {
        assert!(matches!(outcome("echo '{\"Err\":\"NoPages\"}'").await, Ok(Err(PdfError::NoPages))));
        for signal in ["KILL", "XCPU", "ABRT", "SEGV"] {
            let ended = outcome(&format!("kill -{signal} $$")).await;
            assert!(matches!(ended, Ok(Err(PdfError::TooComplex))), "{signal}: {ended:?}");
        }
        for signal in ["TERM", "INT", "HUP"] {
            // The caller of the tests may have had this signal ignored, as `nohup` does.
            let script = format!("exec env --default-signal={signal} sh -c 'kill -{signal} $$'");
            let ended = outcome(&script).await;
            assert!(matches!(ended, Err(NotRead::Stopped)), "{signal}: {ended:?}");
        }
        assert!(matches!(outcome("exit 3").await, Err(NotRead::NoAnswer(_))));
        assert!(matches!(outcome("echo running 0 tests").await, Err(NotRead::NoAnswer(_))));
        let nowhere = PdfReader::new("/nowhere/paylink".into(), "read-pdf");
        assert!(matches!(nowhere.read(b"").await, Err(NotRead::NoProcess(_))));
    }

    #[tokio::test]
    async fn what_the_worker_knows_is_not_told_to_the_process() {
        // The shell sets some variables itself; none of them is ours.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let script = "test -z \"$CARGO_MANIFEST_DIR\" && echo '{\"Err\":\"NoPages\"}'";
        assert!(matches!(outcome(script).await, Ok(Err(PdfError::NoPages))));
    }

    #[tokio::test]
    async fn a_file_without_a_turn_costs_its_job_no_attempt() {
        let reader = PdfReader { turn_within: Duration::from_millis(10), ..PdfReader::new("/bin/sh".into(), "-s") };
        let _all = reader.turns.acquire_many(2).await.unwrap();
        let error = JobError::from(reader.clone().read(b"").await.unwrap_err());
        assert!(matches!(error, JobError::Snooze { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_process_for_which_nobody_waits_is_ended() {
        let reader = PdfReader::new("/bin/sh".into(), "-s");
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("pid");
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", told.display());
        let read = reader.read(script.as_bytes());
        let written = async {
            while !told.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            read = read => panic!("{read:?}"),
            () = written => {}
        }
        let process = format!("/proc/{}/stat", std::fs::read_to_string(&told).unwrap().trim());
        let lives = || std::fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
        for _ in 0..1000 {
            if !lives() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it runs on");
    }
}
