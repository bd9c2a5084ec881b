//! The `paylink` command; see the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    Box::pin(paylink::command_line()).await
}
