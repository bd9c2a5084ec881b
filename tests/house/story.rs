//! The README's story: its commands are run as written, in a folder in which the demo was started.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::root;

/// The address of the demo in the README. The test's demo takes a free port.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// The demo, in a folder of its own; both are gone after the test.
struct Demo {
    process: Child,
    folder: PathBuf,
    url: String,
}

impl Demo {
    fn start() -> Self {
        // A short path, since the private Redis listens on a socket below it.
        let folder = std::env::temp_dir().join(format!("paylink-readme-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_paylink"))
            .args(["up", "--demo", "--json"])
            .env("PAYLINK_LISTEN", "127.0.0.1:0")
            .env("RUST_LOG", "error")
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let ready = output.lines().map_while(Result::ok).find(|line| line.starts_with('{'));
        let url =
            ready.as_deref().and_then(|line| line.split("\"url\":\"").nth(1)?.split('"').next()).map(str::to_owned);
        Self { process, folder, url: url.unwrap_or_default() }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // As Ctrl-C does, so that its Redis is stopped too.
        let told = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        if told.is_ok() {
            let _ = self.process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The block of commands below a heading.
fn commands_below<'a>(heading: &str, text: &'a str) -> &'a str {
    let section = text.split(heading).nth(1).unwrap();
    section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

#[test]
fn the_readmes_story_ends_with_a_payment() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let demo = Demo::start();
    assert!(!demo.url.is_empty(), "the demo did not start");
    let story = commands_below("## The story, by the API", &readme);
    assert!(story.contains(ADDRESS), "the story begins with where Paylink listens");
    let told = Command::new("timeout")
        .args(["60", "sh", "-euc", &story.replace(ADDRESS, &demo.url)])
        .current_dir(&demo.folder)
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "{said}\n{complained}");
    assert_eq!(said.lines().last(), Some("paid"), "{said}\n{complained}");
}
