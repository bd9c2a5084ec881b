//! `paylink read-pdf`: reads one untrusted PDF in a process with tight limits. Workers start one per PDF, see
//! [`PdfReader`](::worker::PdfReader): a thread can be neither limited nor killed.

use std::{
    fs,
    io::{self, Read, Write},
    thread,
};

use ::worker::answer_to_pdf;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// How it is called.
pub(crate) const COMMAND: &str = "read-pdf";

/// How much memory it may ask for: a page scanned at 600 dpi, unpacked, a few times over.
const MEMORY: u64 = 1 << 30;

/// How much of a processor's time it may take; real invoices take milliseconds.
const CPU_SECONDS: u64 = 10;

/// A file that nests deeply needs more than a thread usually has.
const STACK: usize = 64 << 20;

/// The three streams, and no other file.
const FILES: u64 = 3;

/// Reads from standard input, and answers on standard output.
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

/// If memory is short, this process is the first to be ended, not the worker. Where the system knows no such order there is none.
fn goes_first() {
    let _unknown = fs::write("/proc/self/oom_score_adj", "1000");
}

/// Takes from this process whatever reading a PDF does not need.
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
