//! `paylink up`, started, stopped and started again.

use std::{fs::File, process::Stdio};

use crate::support::{App, Database, on_both_databases};

on_both_databases!(apart: a_second_start_finds_its_data, a_data_directory_is_for_one_process);

async fn a_second_start_finds_its_data(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    let message = merchant.sees_message(&message, "delivered").await;
    let (hello, seen) = (app.hello.clone(), merchant.link(&link.id).await);
    assert!(app.redis().process().is_some());

    assert!(app.stops().success());
    assert_eq!(app.redis().process(), None);
    assert!(!app.log().contains('\u{1b}'), "a file is given colours");
    app.starts_again().await;

    assert_eq!(app.hello, hello);
    assert_eq!(merchant.link(&link.id).await, seen);
    assert_eq!(merchant.message(message["id"].as_str().unwrap()).await, message);
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(merchant.http.whole_list("/v1/orders", 10).await.len(), 1);
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    assert_eq!(merchant.tag(&order).await, "paid");
}

/// As on a full disk: a file that would be written beside the old one cannot be.
#[tokio::test]
async fn what_is_said_already_needs_no_room_and_no_redis_is_left_by_a_start_that_fails() {
    let mut app = App::start_apart(Database::sqlite()).await;
    assert!(app.stops().success());
    app.puts_a_folder("redis.url.new");
    app.starts_again().await;
    assert!(app.stops().success());

    app.loses("redis.url");
    let failed = app.runs(&["up", "--demo", "--json"]);
    let why = String::from_utf8(failed.stderr).unwrap();
    assert!(!failed.status.success() && why.contains("redis.url cannot be written"), "{why}");
    assert_eq!(app.redis().process(), None, "a Redis is left behind");
    app.loses("redis.url.new");
    app.starts_again().await;
}

async fn a_data_directory_is_for_one_process(app: &mut App) {
    let second = app.runs(&["up", "--demo", "--json"]);

    assert_eq!(second.status.code(), Some(1));
    assert!(second.stdout.is_empty());
    let why = String::from_utf8(second.stderr).unwrap();
    assert!(why.contains("is in use by another paylink"), "{why}");
    app.merchant().makes_a_link(&app.order()).await;
}

/// As where `head` has seen enough of a list; a disk that is full is another matter.
#[tokio::test]
async fn a_reader_who_leaves_is_no_failure_and_a_full_disk_is_one() {
    let app = App::start(Database::sqlite()).await;
    let order = app.hello.order_id.as_str();
    for arguments in [&["audit-log"][..], &["why", order], &["jobs", "list"], &["completions", "bash"]] {
        let mut child = app.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = app.command().args(["why", order]).stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("standard output cannot be written"), "{said}");
}
