//! The `paylink` command; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    paylink::command_line()
}
