use std::collections::{BTreeMap, BTreeSet};

use domain::stripe_health::Health;
use regex::Regex;

use super::*;
use crate::console::SCRIPT;

/// By path, such as `home.links`: the parameters, and the text or its plural forms.
type Texts = BTreeMap<String, (Vec<String>, Value)>;

fn texts_of(language: &str) -> Texts {
    let mut texts = Texts::new();
    collect(&read(language), "", &mut texts);
    texts
}

fn collect(group: &Value, at: &str, texts: &mut Texts) {
    for (key, value) in group.as_object().unwrap_or_else(|| panic!("{at} is a group")) {
        let (name, holes) = key.split_once('(').unwrap_or((key.as_str(), ")"));
        let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        let holes = holes.trim_end_matches(')').split(", ").filter(|hole| !hole.is_empty()).map(str::to_owned);
        if key.contains('(') || value.is_string() {
            let double = texts.insert(path.clone(), (holes.collect(), value.clone()));
            assert!(double.is_none(), "{path} is there twice");
        } else {
            collect(value, &path, texts);
        }
    }
}

fn forms(text: &Value) -> Vec<&str> {
    match text {
        Value::Object(forms) => forms.values().filter_map(Value::as_str).collect(),
        text => text.as_str().into_iter().collect(),
    }
}

/// The modules, without comments.
fn modules() -> impl Iterator<Item = (&'static str, String)> {
    let comment = Regex::new(r"(?m)^\s*(//|/?\*).*$").unwrap();
    let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT);
    scripts.map(move |(path, _, content)| (*path, comment.replace_all(content, "").into_owned()))
}

/// The paths of texts and groups that a module uses, as `strings.home.links`, or as `t.links` after `const t =
/// strings.home;`.
fn named_in(module: &str) -> BTreeSet<String> {
    let name = Regex::new(r"const (\w+) = (\w+)((?:\.\w+)*);|\b(\w+)((?:\.\w+)+)|\b(\w+)\[").unwrap();
    let mut aliases = BTreeMap::from([("strings", String::new())]);
    let mut named = BTreeSet::new();
    let module = module.replace("?.", ".");
    let imports = Regex::new("(?m)^import .*$").unwrap().replace_all(&module, "").into_owned();
    for found in name.captures_iter(&imports) {
        let of = |index| found.get(index).map(|part| part.as_str());
        let Some(base) = of(2).or(of(4)).or(of(6)).and_then(|base| aliases.get(base)) else {
            // The name now refers to something else.
            if let Some(alias) = of(1) {
                aliases.remove(alias);
            }
            continue;
        };
        let chain = of(3).or(of(5)).unwrap_or_default();
        let path = format!("{base}{chain}").trim_start_matches('.').to_owned();
        match of(1) {
            Some(alias) => {
                // It is not known yet which texts of the group are used.
                named.insert(format!("{path}="));
                aliases.insert(alias, path);
            }
            None => drop(named.insert(path)),
        }
    }
    named
}

#[test]
fn every_table_can_be_read_and_says_what_it_is() {
    assert_eq!(languages().next(), Some(ENGLISH));
    for language in languages() {
        let table = read(language);
        assert_eq!(table["language"], language, "{language}");
        assert!(table["locale"].as_str().is_some_and(|locale| locale.starts_with(language)), "{language}");
    }
}

#[test]
fn every_text_that_is_named_is_there_and_every_text_is_named() {
    let texts = texts_of(ENGLISH);
    let is_group = |path: &str| texts.keys().any(|text| text.starts_with(&format!("{path}.")));
    let mut used = BTreeSet::<String>::new();
    for (module, content) in modules() {
        for path in named_in(&content) {
            let alias = path.strip_suffix('=');
            let path = alias.unwrap_or(&path);
            // After a text come its uses, such as `.length`.
            let mut starts = path.match_indices('.').map(|(at, _)| &path[..at]).chain([path]);
            let text = starts.find(|start| texts.contains_key(*start));
            assert!(text.is_some() || is_group(path) || path.is_empty(), "{module} names {path}, and there is none");
            if alias.is_none() || text.is_some() {
                used.insert(text.unwrap_or(path).to_owned());
            }
        }
    }
    for path in texts.keys() {
        let mut starts = path.match_indices('.').map(|(at, _)| &path[..at]).chain([path.as_str()]);
        assert!(starts.any(|start| used.contains(start)), "{path} is used by no module");
    }
}

#[test]
fn every_form_of_a_text_has_what_is_filled_in() {
    let hole = Regex::new(r"\{+(\w+)\}+").unwrap();
    for language in languages() {
        for (path, (names, text)) in texts_of(language) {
            for form in forms(&text) {
                let holes = hole.captures_iter(form).filter(|found| !found[0].starts_with("{{"));
                let holes: BTreeSet<String> = holes.map(|found| found[1].to_owned()).collect();
                let named: BTreeSet<String> = names.iter().cloned().collect();
                // A singular form may omit the number.
                assert!(holes.is_subset(&named), "{language}: {path} fills in {holes:?}");
                assert!(text.is_object() || holes == named, "{language}: {path} leaves out what is filled in: {form}");
            }
            if let Value::Object(forms) = &text {
                assert!(forms.contains_key("other"), "{language}: {path} has no form for all others");
                let known = ["=0", "=1", "zero", "one", "two", "few", "many", "other"];
                assert!(forms.keys().all(|form| known.contains(&form.as_str())), "{language}: {path}");
            }
        }
    }
}

/// Every language is complete, has the same placeholders, and leaves no sentence in English.
#[test]
fn every_language_says_all_that_english_says() {
    let english = texts_of(ENGLISH);
    for language in languages().filter(|language| *language != ENGLISH) {
        let texts = texts_of(language);
        for (path, (names, text)) in &english {
            if path == "direction" {
                continue;
            }
            let (other_names, other) = texts.get(path).unwrap_or_else(|| panic!("{language} lacks {path}"));
            assert_eq!(names, other_names, "{language}: {path}");
            let is_sentence = forms(text).iter().any(|form| form.split_whitespace().count() > 3);
            assert!(!is_sentence || text != other, "{language}: {path} is English");
        }
        let is_more = |path: &&String| *path != "checked_by" && !english.contains_key(*path);
        let more: Vec<&String> = texts.keys().filter(is_more).collect();
        assert!(more.is_empty(), "English has no {more:?}, which {language} has");
    }
}

/// The console says it in the reader's language, and knows it by these words.
#[test]
fn what_is_said_of_a_connection_is_in_the_tables() {
    let english = read(ENGLISH);
    let known: Vec<&str> = english[SERVER].as_object().unwrap().values().filter_map(Value::as_str).collect();
    for health in Health::ALL.iter().filter(|health| **health != Health::Healthy) {
        assert!(known.contains(&health.advice()), "{}", health.advice());
    }
}

/// Sentences are in the tables: modules contain no visible text.
#[test]
fn no_module_says_anything_by_itself() {
    let literal = Regex::new(r#""((?:[^"\\\n]|\\.)*)"|`([^`]*)`"#).unwrap();
    let words = Regex::new(r"[A-Z][a-z]+ [a-z]{2,}|\b[a-z]{3,} [a-z]{2,} [a-z]{2,}|^[A-Z][a-z]{3,}[.!?…]?$").unwrap();
    let imported = Regex::new("(?m)^import .*$").unwrap();
    for (module, content) in modules() {
        for found in literal.captures_iter(&imported.replace_all(&content, "")) {
            let text = found.get(1).or(found.get(2)).map_or("", |text| text.as_str());
            let is_technical = TECHNICAL.iter().any(|known| text.contains(known));
            assert!(is_technical || !words.is_match(text), "{module} says {text:?}: it belongs to strings/en.json");
        }
    }
}

/// Words that are not visible text.
const TECHNICAL: &[&str] = &["Content-Type", "Idempotency-Key", "Authorization", "Problem", "Enter"];

#[test]
fn what_a_language_lacks_is_said_in_english() {
    let english = serde_json::json!({ "a": "one", "b": { "c": "two", "d(n)": { "one": "x", "other": "y" } } });
    let other = serde_json::json!({ "b": { "d(n)": { "other": "z" } } });
    let expected = serde_json::json!({ "a": "one", "b": { "c": "two", "d(n)": { "other": "z" } } });
    assert_eq!(merged(english, other), expected);
    for language in languages() {
        assert!(module(language).contains("\"signOut\":"), "{language}");
    }
}
