//! `clients/js` against the running product, as a frontend developer uses it: packed, installed and imported.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{App, Receiver, on_both_databases};

on_both_databases!(the_javascript_client_lives_through_the_story);

async fn the_javascript_client_lives_through_the_story(app: &mut App) {
    app.starts_again_with(&[("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "true")]).await;
    let receiver = Receiver::start().await;
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/js");
    let shop = tempfile::tempdir().unwrap();
    let runs = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(shop.path()).stdin(Stdio::null());
        command.env("PAYLINK_URL", &app.hello.url).env("PAYLINK_KEY", &app.hello.api_key);
        command.env("SANDBOX_URL", &app.hello.sandbox_url).env("RECEIVER_URL", &receiver.url);
        command
    };
    let ends_well = |mut command: Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let packed = ends_well(runs("npm", &["pack", "--silent", client.to_str().unwrap()]));
    let offline = ["install", "--silent", "--offline", "--no-audit", "--no-fund", "--prefix", "."];
    ends_well(runs("npm", &[&offline[..], &[&format!("./{}", packed.trim())]].concat()));
    std::fs::write(shop.path().join("story.mjs"), include_str!("../fixtures/clients/story.mjs")).unwrap();
    let story = runs("node", &["story.mjs"]);
    let said = tokio::task::spawn_blocking(move || ends_well(story)).await.unwrap();
    for name in ["secret ", "token "] {
        app.hush(said.lines().find_map(|line| line.strip_prefix(name)).unwrap());
    }
    assert!(said.contains("told"), "{said}");
    let came = receiver.gets("/js", |came| !came.is_empty()).await;
    assert_eq!(came[0].kind(), "link.paid");
}

#[test]
fn the_javascript_clients_own_tests_pass() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/js");
    let output = Command::new("node").arg("--test").current_dir(client).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_javascript_clients_types_are_those_of_the_description() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/js");
    let place = tempfile::tempdir().unwrap();
    let (described, types) = (place.path().join("openapi.json"), client.join("src/schema.d.ts"));
    std::fs::write(&described, api::description("https://pay.example.com")).unwrap();
    let output = Command::new("node").arg("tools/types.mjs").arg(&described).current_dir(&client).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let anew = String::from_utf8(output.stdout).unwrap();
    if std::env::var("PAYLINK_WRITES_TYPES").is_ok() {
        std::fs::write(&types, &anew).unwrap();
    }
    // Other words in a comment are no other type, and wait for the next time that it is written.
    let code = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.trim_start().starts_with("/**")).map(str::to_owned).collect()
    };
    let (written, anew) = (code(&std::fs::read_to_string(&types).unwrap()), code(&anew));
    let differing = anew.iter().zip(&written).find(|(new, old)| new != old);
    assert!(written == anew, "{} is not what the API describes: make types ({differing:?})", types.display());
}
