use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use domain::template::Language;
use poem::{Body, http::Method};

use super::*;

async fn ask(method: Method, path: &str, tag: Option<&str>) -> Response {
    let mut request = Request::builder().method(method).uri_str(path);
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    let console = Route::new().nest("/console", routes());
    console.get_response(request.body(Body::empty())).await
}

fn header_of(response: &Response, name: header::HeaderName) -> &str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn the_page_is_at_the_root_with_and_without_a_slash() {
    for path in ["/console", "/console/", "/console/operator"] {
        let response = ask(Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header_of(&response, header::CONTENT_TYPE), HTML);
        assert!(response.into_body().into_string().await.unwrap().contains("/console/app.js"));
    }
}

#[tokio::test]
async fn every_answer_forbids_what_the_console_does_not_need() {
    for path in [
        "/console/",
        "/console/main.js",
        "/console/app.js",
        "/console/app.css",
        "/console/css/base.css",
        "/console/icon.svg",
    ] {
        let response = ask(Method::GET, path, None).await;
        assert_eq!(header_of(&response, header::CONTENT_SECURITY_POLICY), POLICY, "{path}");
        assert_eq!(header_of(&response, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(header_of(&response, header::REFERRER_POLICY), "no-referrer");
        assert_eq!(header_of(&response, header::CACHE_CONTROL), "no-cache");
    }
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let first = ask(Method::GET, "/console/main.js", None).await;
    let tag = header_of(&first, header::ETAG).to_owned();
    let again = ask(Method::GET, "/console/main.js", Some(&format!("\"other\", W/{tag}"))).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.into_body().into_vec().await.unwrap().is_empty());
    let other = ask(Method::GET, "/console/main.js", Some("\"other\"")).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_file_of_the_console_is_not_there() {
    for path in ["/console/nothing.js", "/console/lib", "/console/index.html", "/console/../Cargo.toml"] {
        assert_eq!(ask(Method::GET, path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(ask(Method::POST, "/console", None).await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn what_it_says_is_in_a_language_that_there_is() {
    for (cookies, liked, spoken) in [
        ("", "", "en"),
        ("", "en-GB,en;q=0.8", "en"),
        ("", "tlh,de-AT;q=0.5", "de"),
        ("", "zh-Hans-CN", "zh"),
        ("", "tlh", "en"),
        ("paylink_merchant_language=fr", "de", "fr"),
        ("paylink_merchant_language=fr; paylink_language=ar", "de", "ar"),
        ("paylink_language=tlh; paylink_merchant_language=es", "de", "es"),
        ("paylink_language=../en", "pt-BR", "pt"),
    ] {
        for path in ["/console/strings.js", "/console/app.js"] {
            let request = Request::builder().uri_str(path).header(header::ACCEPT_LANGUAGE, liked);
            let console = Route::new().nest("/console", routes());
            let response = console.get_response(request.header(header::COOKIE, cookies).finish()).await;
            assert_eq!(response.status(), StatusCode::OK, "{liked}");
            assert_eq!(header_of(&response, header::VARY), "Cookie, Accept-Language, Accept-Encoding");
            let content = response.into_body().into_string().await.unwrap();
            assert!(content.contains(&format!("\"language\":\"{spoken}\"")), "{cookies} {liked}");
        }
    }
}

/// The bundler and minifier are our own, and these run in no other test.
#[test]
fn the_script_names_the_cookies_and_languages_as_the_server_does() {
    let (_, _, script) = FILES.iter().find(|(path, ..)| *path == "lib/language.js").unwrap();
    assert!(
        script.contains(&format!("\"{CHOSEN_LANGUAGE}\"")) && script.contains(&format!("\"{MERCHANTS_LANGUAGE}\""))
    );
    let languages: Vec<String> = texts::languages().map(|language| format!("\"{language}\"")).collect();
    assert!(script.contains(&format!("const LANGUAGES = [{}];", languages.join(", "))));
    // The editor of texts offers those of our own texts, and "" for any.
    let (_, _, editor) = FILES.iter().find(|(path, ..)| *path == "views/settings-template.js").unwrap();
    let ours: Vec<String> = Language::ALL.iter().map(|language| format!(", \"{language}\"")).collect();
    assert!(editor.contains(&format!("const LANGUAGES = [\"\"{}];", ours.concat())));
}

/// A right-to-left page mirrors a left-to-right one.
#[test]
fn no_style_says_left_or_right() {
    let sided =
        regex::Regex::new(r"[;{ ](margin|padding|border|inset)?-?(left|right)(-\w+)?\s*:|: (left|right);").unwrap();
    for (path, _, content) in FILES.iter().filter(|(_, kind, _)| *kind == CSS) {
        for line in content.lines().filter(|line| !line.contains("animation: turn")) {
            assert!(!sided.is_match(line), "{path}: {line}");
        }
    }
}

#[test]
fn every_file_of_the_folder_is_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/assets");
    let there: BTreeSet<String> = files_below(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/"))
        .collect();
    let served: BTreeSet<String> = FILES.iter().map(|(path, ..)| (*path).to_owned()).collect();
    assert_eq!(there, served);
}

#[test]
fn every_import_names_a_file_that_is_served() {
    for (path, kind, content) in FILES {
        let folder = Path::new(path).parent().unwrap();
        let imports = content.split("from \"").skip(1).filter_map(|rest| rest.split('"').next());
        for import in imports.filter(|_| *kind == SCRIPT) {
            let named = match import.strip_prefix("../") {
                Some(rest) => rest.to_owned(),
                None => folder.join(import.trim_start_matches("./")).to_str().unwrap().to_owned(),
            };
            let served = |name: &str| FILES.iter().any(|(served, ..)| *served == name);
            assert!(served(&named) || named == "strings.js", "{path} imports {import}");
        }
    }
}

#[test]
fn nothing_is_written_into_the_page_that_the_policy_forbids() {
    for (path, _, content) in FILES {
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!content.contains(forbidden), "{path} has {forbidden}");
        }
    }
    let (_, _, page) = FILES.iter().find(|(path, ..)| *path == "index.html").unwrap();
    assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" on"));
    assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=\"").count());
}

#[tokio::test]
async fn what_can_be_made_smaller_on_the_way_is() {
    for (path, accepted, encoding) in [
        ("/console/app.js", "gzip, deflate, br", "br"),
        ("/console/app.css", "br;q=1.0, gzip;q=0.5", "br"),
        ("/console/", "GZIP", "gzip"),
        ("/console/app.js", "gzip, deflate", "gzip"),
        ("/console/app.js", "br;q=0, gzip", "gzip"),
        ("/console/main.js", "br, gzip", ""),
        ("/console/app.js", "gzip;q=0", ""),
        ("/console/app.js", "", ""),
    ] {
        let request = Request::builder().uri_str(path).header(header::ACCEPT_ENCODING, accepted);
        let console = Route::new().nest("/console", routes());
        let response = console.get_response(request.finish()).await;
        assert_eq!(header_of(&response, header::CONTENT_ENCODING), encoding, "{path} {accepted}");
        assert!(header_of(&response, header::VARY).contains("Accept-Encoding"), "{path}");
        let body = response.into_body().into_vec().await.unwrap();
        assert_eq!(body.starts_with(&[0x1f, 0x8b]), encoding == "gzip", "{path} {accepted}");
    }
}
