//! No text ends, stalls or fills the process when it is read as a template, and what is rendered holds what was put in
//! and no more.

#![no_main]

use std::time::{Duration, Instant};

use handlebars::{Handlebars, no_escape};
use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../domain/src/plain_template/mod.rs"]
mod plain_template;

use plain_template::PlainTemplate;

const MOST_BYTES: usize = 16 * 1024;

fuzz_target!(|text: &str| -> Corpus {
    let began = Instant::now();
    let read = PlainTemplate::compile(text, |name| matches!(name, "a" | "secrets.b"));
    let outcome = match read {
        Ok(template) => {
            let mut handlebars = Handlebars::new();
            handlebars.set_strict_mode(true);
            handlebars.register_escape_fn(no_escape);
            let values = serde_json::json!({"a": "{{a}}", "secrets": {"b": "x".repeat(1_000)}});
            let made = template.render(&handlebars, values, MOST_BYTES);
            assert!(made.is_ok_and(|made| made.len() <= MOST_BYTES) || text.len() > 100);
            let known = template.variables().iter().all(|it| it.line >= 1 && (it.escaped || text.contains(&it.name)));
            assert!(known);
            Corpus::Keep
        }
        Err(error) => {
            assert!(error.to_string().len() < 400, "an error repeats what was written at length");
            Corpus::Keep
        }
    };
    assert!(began.elapsed() < Duration::from_secs(2), "it stalls");
    outcome
});
