//! Standard output of the commands.

use std::{
    fmt,
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// The standard library's, but for what it does when nothing can be written: that one panics.
macro_rules! println {
    ($($line:tt)*) => { $crate::output::line(format_args!($($line)*)) };
}

/// Prints a line. A reader who has left, as `head` does, has what it wanted: the command goes on to its end in silence.
/// Anything else is said, once, and makes the command fail at its end.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    let printed = writeln!(io::stdout().lock(), "{line}");
    if let Err(error) = printed
        && error.kind() != io::ErrorKind::BrokenPipe
        && !HAS_FAILED.swap(true, Ordering::Relaxed)
    {
        eprintln!("paylink: standard output cannot be written: {error}");
    }
}

/// So many, with the words for one or for several.
pub(crate) fn counted<N: Copy + fmt::Display + PartialEq + From<u8>>(count: N, one: &str, several: &str) -> String {
    let words = if count == N::from(1) { one } else { several };
    format!("{count} {words}")
}

/// Whether something could not be printed that somebody would have read.
pub(crate) fn has_failed() -> bool {
    HAS_FAILED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_not_several() {
        for (count, said) in [(0, "0 attempts"), (1, "1 attempt"), (2, "2 attempts")] {
            assert_eq!(counted(count, "attempt", "attempts"), said);
        }
    }
}
