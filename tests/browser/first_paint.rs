//! How soon something is visible.

use serde_json::json;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

/// All files that the page has requested.
const FILES: &str = "return performance.getEntriesByType('resource').map((it) => new URL(it.name).pathname)";
/// In milliseconds: the first paint, and the time until the page's main content.
const TIMES: &str = "return [performance.getEntriesByType('paint').find((it) => it.name === 'first-contentful-paint').startTime, performance.now()]";

#[tokio::test]
async fn the_console_comes_in_a_handful_of_files() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/console", app.hello.url)).await;
        browser.sees("API key").await;
        let files = browser.runs(FILES, vec![]).await;
        let files: Vec<&str> = files.as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
        assert!(files.len() <= 5, "{files:?}");
    })
    .await;
}

#[tokio::test]
#[ignore = "a measurement, for a machine with nothing else to do: 1.6 Mbit/s, 150 ms"]
async fn something_is_seen_within_a_second_over_a_slow_line() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        let line = json!({"offline": false, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000});
        browser.chromium.devtools("Network.enable", json!({})).await;
        browser.chromium.devtools("Network.emulateNetworkConditions", line).await;
        browser.opens(&format!("{}/console", app.hello.url)).await;
        browser.sees("API key").await;
        let times = browser.runs(TIMES, vec![]).await;
        println!("first paint after {} ms; the door is there after at most {} ms", times[0], times[1]);
        assert!(times[0].as_f64().unwrap() < 1_000.0, "{times}");
    })
    .await;
}
