//! Malicious templates and random texts.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use handlebars::Handlebars;
use proptest::prelude::*;

use super::{Construct, LONGEST, PlainTemplate, PlainTemplateError, PlainVariable, RenderingError, read_alike};

/// Everything that has a meaning in handlebars, with some surroundings.
const PIECES: [&str; 56] = [
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{{{",
    "}}}}",
    "{{~",
    "~}}",
    "{{#",
    "{{/",
    "{{^",
    "{{else}}",
    "{{else if ",
    "{{>",
    "{{*",
    "{{#*",
    "{{#>",
    "{{!",
    "{{!--",
    "--}}",
    "{{&",
    "{{a}}",
    "{{a.b}}",
    "{{ a }}",
    "{{{a}}}",
    "{{#if a}}",
    "{{/if}}",
    "{{#a}}",
    "{{/a}}",
    "{{{{a}}}}",
    "{{{{/a}}}}",
    "(",
    "(a ",
    "a=(",
    ")",
    "[",
    "[]",
    "]",
    "{'a':",
    "{",
    "}",
    "\"",
    "'",
    "=",
    ".",
    "../",
    "@root.",
    "a.",
    "as |a|",
    "\\",
    "\\{{",
    "\\\\{{",
    " ",
    "\n",
    "a",
    "é",
];

/// The stack size of a tokio worker thread, which handles requests.
const STACK: usize = 2 * 1024 * 1024;
const SOON: Duration = Duration::from_secs(20);

fn knows(name: &str) -> bool {
    matches!(name, "a" | "a.b")
}

/// Compiles and renders on a small stack. An overflow would abort the test process.
fn read(text: &str) -> Option<Result<String, RenderingError>> {
    let text = text.to_owned();
    let (sender, receiver) = mpsc::channel();
    let reader = thread::Builder::new().stack_size(STACK).spawn(move || {
        let values = serde_json::json!({"a": {"b": "x".repeat(1_000)}});
        let read = PlainTemplate::compile(&text, knows).ok();
        let _ = sender.send(read.map(|template| template.render(&Handlebars::new(), values, 20_000)));
    });
    let read = receiver.recv_timeout(SOON).expect("it stalls");
    reader.unwrap().join().unwrap();
    read
}

fn filled(text: &str) -> String {
    let repeated = text.repeat(LONGEST / text.chars().count() + 1);
    repeated.chars().take(LONGEST).collect()
}

#[test]
fn no_repetition_of_what_handlebars_reads_ends_or_stalls_the_process() {
    for opening in ["", "{{", "{{a ", "{{a (", "{{#a}}", "{{!", "\\", " "] {
        for piece in PIECES {
            let text = opening.to_owned() + &filled(piece);
            let text: String = text.chars().take(LONGEST).collect();
            let began = Instant::now();
            let _ = read(&text);
            assert!(began.elapsed() < Duration::from_secs(5), "{opening}{piece}: {:?}", began.elapsed());
        }
    }
}

#[test]
fn a_rendering_is_bounded() {
    let text = "{{a}}".repeat(100);
    let template = PlainTemplate::compile(&text, knows).unwrap();
    let render = |value: &str, most| template.render(&Handlebars::new(), serde_json::json!({"a": value}), most);
    assert_eq!(render(&"x".repeat(10), 1_000).unwrap().len(), 1_000);
    assert!(matches!(render(&"x".repeat(10), 999), Err(RenderingError::TooLong { most_bytes: 999 })));
    assert!(matches!(render(&"&".repeat(10), 1_000), Err(RenderingError::TooLong { .. })));
}

#[test]
fn only_known_variables_are_taken_and_not_too_many() {
    use PlainTemplateError::{NotAVariable, TooLong, TooMany, UnknownVariable, Unreadable};
    let refusal = |text: &str| PlainTemplate::compile(text, knows).expect_err(text);
    assert!(matches!(refusal("{{b}}"), UnknownVariable { line: 1, .. }));
    assert!(matches!(refusal("\n{{a.}}"), UnknownVariable { line: 2, .. }));
    assert!(matches!(refusal(&format!("{{{{{}}}}}", "b".repeat(101))), Unreadable { line: 1 }));
    assert!(matches!(refusal(&format!("{{{{{}a}}}}", " ".repeat(200))), Unreadable { line: 1 }));
    assert!(matches!(refusal(&format!("{}a", "\\".repeat(101))), Unreadable { line: 1 }));
    // The longest name, tag and run of backslashes.
    assert!(matches!(refusal(&format!("{{{{{}}}}}", "b".repeat(100))), UnknownVariable { line: 1, .. }));
    assert!(PlainTemplate::compile(&format!("{{{{{}a}}}}", " ".repeat(195)), knows).is_ok());
    assert!(PlainTemplate::compile(&format!("{}a", "\\".repeat(100)), knows).is_ok());
    for tag in ["{{a}}\n", "{{!a}}\n", "\\{{\n"] {
        assert!(PlainTemplate::compile(&tag.repeat(100), knows).is_ok());
        assert!(matches!(refusal(&tag.repeat(101)), TooMany { line: 101 }), "{tag}");
    }
    assert!(matches!(refusal("{{{{a}}}}x{{{{/a}}}}"), NotAVariable { construct: Construct::Block, line: 1 }));
    assert!(PlainTemplate::compile(&"é".repeat(LONGEST), knows).is_ok());
    assert!(matches!(refusal(&"é".repeat(LONGEST + 1)), TooLong));
}

#[test]
fn braces_after_backslashes_are_text_or_a_tag_as_handlebars_has_it() {
    let render = |text: &str| {
        let template = PlainTemplate::compile(text, knows).unwrap_or_else(|error| panic!("{text}: {error}"));
        template.render(&Handlebars::new(), serde_json::json!({"a": "x"}), 100).unwrap()
    };
    for (text, expected) in [
        ("\\{{a}}", "{{a}}"),
        ("\\{{#a (b)}}", "{{#a (b)}}"),
        ("\\\\{{a}}", "\\x"),
        ("\\{{{{a}}}}", "{{{{a}}}}"),
        ("\\{{{{{{a}}", "{{{{x"),
        ("{{!-- {{a}} --}}{{a}}", "x"),
        ("{{! -- }} {{a}} --}}{{a}}", "x"),
        ("{{!a}}{{a}}", "x"),
    ] {
        assert_eq!(render(text), expected, "{text}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "two readings of one template are held against each other")]
fn a_template_that_handlebars_reads_otherwise_is_noticed() {
    let parsed = handlebars::Template::compile("x{{a}}{{! a }}{{{a.b}}}").unwrap();
    let variable = |name: &str, escaped| PlainVariable { name: name.to_owned(), line: 1, escaped };
    assert!(read_alike(&parsed, &[variable("a", true), variable("a.b", false)]));
    for other in [
        vec![],
        vec![variable("a", true)],
        vec![variable("a", true), variable("a.b", true)],
        vec![variable("a.b", false), variable("a", true)],
    ] {
        assert!(!read_alike(&parsed, &other), "{other:?}");
    }
    let block = handlebars::Template::compile("{{#if a}}{{/if}}").unwrap();
    assert!(!read_alike(&block, &[]) && !read_alike(&block, &[variable("if", true)]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_8000_characters_ends_stalls_or_fills_the_process(
        parts in prop::collection::vec((prop::sample::select(&PIECES[..]), 1..2_000_usize), 1..6),
    ) {
        let text: String = parts.iter().map(|(piece, times)| piece.repeat(*times)).collect();
        let text: String = text.chars().take(LONGEST).collect();
        if let Some(Ok(made)) = read(&text) {
            prop_assert!(made.len() <= 20_000);
        }
    }

    #[test]
    fn what_is_taken_is_read_by_handlebars_as_it_was_here(parts in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12)) {
        let text = parts.concat();
        // Errors other than this one are fine: a disagreement is reported as line 1 although the scan accepted the
        // text.
        if super::scan::variables(&text).is_ok_and(|found| found.iter().all(|variable| knows(&variable.name))) {
            let read = PlainTemplate::compile(&text, knows);
            let disagrees = matches!(read, Err(PlainTemplateError::Unreadable { .. }));
            prop_assert!(!disagrees, "{text}");
        }
    }
}
