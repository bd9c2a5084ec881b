//! `paylink read-pdf`: parses one untrusted PDF in a process with tight limits. A worker starts one for each PDF, see
//! [`PdfReader`](::worker::PdfReader), because a thread can be neither limited nor stopped.

use std::{
    fs,
    io::{self, Read, Write},
    thread,
};

use ::worker::answer_to_pdf;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The name of the sub-command.
pub(crate) const COMMAND: &str = "read-pdf";

/// The memory limit: room for a few copies of an uncompressed page scanned at 600 dpi.
const MEMORY: u64 = 1 << 30;

/// The CPU time limit; real invoices take milliseconds.
const CPU_SECONDS: u64 = 10;

/// Large enough for deeply nested files.
const STACK: usize = 64 << 20;

/// The three standard streams, and no other file.
const FILES: u64 = 3;

/// Reads from standard input and answers on standard output.
pub(crate) fn run() -> io::Result<()> {
    goes_first();
    narrow()?;
    let mut content = Vec::new();
    io::stdin().lock().read_to_end(&mut content)?;
    let reader = thread::Builder::new().stack_size(STACK).spawn(move || answer_to_pdf(&content.into()))?;
    let answer = reader.join().map_err(|_| io::Error::other("the reader panicked"))??;
    let mut output = io::stdout().lock();
    output.write_all(&answer)?;
    output.flush()
}

/// Makes this process rather than the worker the first victim if memory runs out. Ignored on systems without this
/// setting.
fn goes_first() {
    let _unknown = fs::write("/proc/self/oom_score_adj", "1000");
}

/// Limits this process to what reading a PDF needs.
fn narrow() -> io::Result<()> {
    let limits = [
        (Resource::RLIMIT_AS, MEMORY),
        (Resource::RLIMIT_CPU, CPU_SECONDS),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_NOFILE, FILES),
    ];
    for (resource, limit) in limits {
        let (_, hard) = getrlimit(resource)?;
        let limit = limit.min(hard);
        setrlimit(resource, limit, limit)?;
    }
    Ok(())
}
