//! The words of this trade, which every reader knows from other queues, instead of a language of our own: retired names
//! may not come back. CHANGELOG.md and the decisions may mention them, and the README has its one sentence.

use scheduler::{TICKS, Tick};

use crate::{Source, assert_none, sources};

/// The README's one sentence, after which nothing is named.
const SENTENCE: &str = "The row is the promise, Redis is the bell.";

/// Words that may not occur anywhere: in a name, in a comment or in a document, in any case.
const NOWHERE: [&str; 22] = [
    "aftermath",
    "bell",
    "bells",
    "buried",
    "bury",
    "clerk",
    "passage",
    "passages",
    "promise",
    "promised",
    "promises",
    "promising",
    "rang",
    "remedies",
    "remedy",
    "rings",
    "rung",
    "survey",
    "surveys",
    "ticket",
    "tickets",
    "verdict",
];

/// Whole names of types, functions and files.
const NAMES: [&str; 38] = [
    "Aftermath",
    "Attempts",
    "Audience",
    "Bell",
    "Bells",
    "Clerk",
    "CutOff",
    "Desk",
    "Door",
    "Gate",
    "Hub",
    "Meter",
    "News",
    "Passage",
    "Press",
    "Promise",
    "Remedy",
    "Ringing",
    "Runner",
    "Standing",
    "Survey",
    "Sweep",
    "Ticket",
    "Together",
    "Verdict",
    "Work",
    "give_up",
    "let_go",
    "news",
    "park",
    "parked",
    "put_off",
    "ring_one",
    "showDoor",
    "spared",
    "standing",
    "sweep",
    "sweep_staging",
];

/// Words and phrases that mean something else in code, and are ours in prose.
const IN_PROSE: [&str; 29] = [
    "cut off",
    "cuts off",
    "desk",
    "door",
    "doors",
    "gate",
    "gates",
    "gave up",
    "given up",
    "gives up",
    "giving up",
    "let go",
    "lets go",
    "letting go",
    "news",
    "park",
    "parked",
    "parks",
    "put off",
    "puts off",
    "putting off",
    "ringing",
    "spared",
    "standing",
    "sweep",
    "sweeping",
    "sweeps",
    "swept",
    "to ring",
];

/// Files that others wrote, that are made, that were released and stay, or that hold what people say and not what we
/// call things: the console's sentences and examples of orders.
const NOT_OURS: [&str; 7] = [
    "api/src/console/assets/strings/",
    "api/src/description/complete/examples.json",
    "api/src/docs/rapidoc.js",
    "api/src/embed/words/",
    "clients/js/src/schema.d.ts",
    "migration/src/m0005_flow.rs",
    "tests/fixtures/",
];

/// The words of a line in lower case. Names are split at capitals and underscores.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        let is_letter = c.is_ascii_alphanumeric();
        if !is_letter || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            words.push(String::new());
        }
        if is_letter {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn ending(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

fn is_script(path: &str) -> bool {
    ["js", "mjs", "ts"].contains(&ending(path))
}

/// The prose of a line: a comment, or the whole line of a document, of an alert, of a dashboard and of a file of metrics,
/// which says in quotes what each counts.
fn prose<'a>(path: &str, line: &'a str) -> &'a str {
    let openings: &[&str] = match ending(path) {
        "rs" if path.ends_with("metrics.rs") => return line,
        "rs" => &["//"],
        "lua" => &["--"],
        "toml" | "sh" | "service" => &["#"],
        "css" => &["/*"],
        _ if is_script(path) && line.trim_start().starts_with("* ") => return line,
        _ if is_script(path) => &["//", "/*"],
        _ => return line,
    };
    let begins = openings.iter().filter_map(|opening| line.find(opening)).min();
    begins.map_or("", |at| &line[at..])
}

/// The parts of a line outside of quotes: quoted text is what a page shows, or the name of a field.
fn outside(line: &str, quote: char) -> String {
    line.split(quote).step_by(2).collect::<Vec<_>>().join(" ")
}

/// The retired word in a line, if any.
fn retired(path: &str, line: &str) -> Option<&'static str> {
    let mut line = line.replace(SENTENCE, "");
    if is_script(path) {
        // The language's own.
        line = line.replace("Promise", "");
    }
    let all = words(&line);
    let nowhere = NOWHERE.into_iter().find(|word| all.iter().any(|said| said == word));
    let code = outside(&line, '"');
    let mut pieces = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let name = pieces
        .find_map(|piece| NAMES.into_iter().find(|name| *name == piece))
        .filter(|_| ending(path) == "rs" || is_script(path));
    let said = format!(" {} ", words(&outside(prose(path, &line), '`')).join(" "));
    let in_prose = IN_PROSE.into_iter().find(|phrase| said.contains(&format!(" {phrase} ")));
    nowhere.or(name).or(in_prose)
}

fn offenders(source: &Source) -> Vec<String> {
    let file = source.path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
    let in_path = NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(file)).or(retired("", &source.path));
    let in_path = in_path.map(|word| format!("{}: {word:?} in its name", source.path));
    let lines = (1..).zip(source.text.lines());
    let said = lines.filter_map(|(number, line)| Some((number, retired(&source.path, line)?)));
    let said = said.map(|(number, word)| format!("{}:{number}: {word:?}", source.path));
    in_path.into_iter().chain(said).collect()
}

/// The checked files: all except those about the past, and this list.
fn checked() -> Vec<Source> {
    let hand_written =
        [".rs", ".lua", ".toml", ".md", ".js", ".mjs", ".ts", ".css", ".sh", ".service", ".yml", ".yaml", ".json"];
    let mut all = sources(&hand_written);
    all.retain(|source| {
        let tells_of_the_past = source.path == "CHANGELOG.md" || source.path.starts_with("docs/decisions/");
        let is_ours = !NOT_OURS.iter().any(|place| source.path.starts_with(place));
        is_ours && !tells_of_the_past && source.path != "tests/house/words.rs"
    });
    all
}

#[test]
fn words_that_were_given_up_do_not_come_back() {
    let checked = checked();
    assert_none(&checked.iter().flat_map(offenders).collect::<Vec<_>>(), "words that were given up");
}

/// Ticks give settings and metrics their names, which appear in quotes.
#[test]
fn no_tick_is_named_by_a_word_that_was_given_up() {
    let said = |tick: &Tick| retired("a.md", tick.name).or_else(|| retired("a.md", &format!("to {}", tick.name)));
    let named = TICKS.iter().filter_map(|tick| Some(format!("{}: {:?}", tick.name, said(tick)?)));
    assert_none(&named.collect::<Vec<_>>(), "ticks with a name that was given up");
}

#[test]
fn a_word_is_found_in_names_and_in_prose_and_only_there() {
    for (path, line, word) in [
        ("a.rs", "let bells_rung = 1;", "bell"),
        ("a.rs", "struct EnqueueTicket;", "ticket"),
        ("a.rs", "// A sweep finds it.", "sweep"),
        ("a.rs", "let x = 1; // It is let go.", "let go"),
        ("docs/a.md", "Jobs that were given up.", "given up"),
        ("a.lua", "-- the verdict", "verdict"),
        ("a.toml", "# Ring jobs whose bell was lost.", "bell"),
        ("docs/a.md", "Jobs are parked.", "parked"),
        ("a.rs", "impl Gate {", "Gate"),
        ("a.rs", "message::park(tx, id).await?;", "park"),
        ("a.rs", "let spared = jobs.len();", "spared"),
        ("a.js", "export function standing(link) {", "standing"),
        ("a.js", " * Those that were given up.", "given up"),
        ("a.css", "  color: red; /* cut off */", "cut off"),
        ("a.yml", "summary: Jobs were given up", "given up"),
        ("a.json", r#""description": "jobs rung again""#, "rung"),
        ("queue/src/metrics.rs", r#"describe_counter!(LOST, "Those of a worker that was cut off.");"#, "cut off"),
    ] {
        let found = retired(path, line);
        assert!(found.is_some_and(|found| found.starts_with(word)), "{line}: {found:?}");
    }
    for (path, line) in [
        ("README.md", SENTENCE),
        ("a.rs", "use ring::digest;"),
        ("a.rs", "documents.clean_staging(before)"),
        ("a.rs", "// One crypto library, ring."),
        ("a.rs", "self.parked_at"),
        ("a.rs", r#"#[sea_orm(column_name = "spared")]"#),
        ("a.rs", "/// Those with a `parked_at` wait for a person."),
        ("a.rs", "page.shows(\"Attempts\")"),
        ("a.rs", "let aggregate = delegate(investigate);"),
        ("a.js", "await new Promise((resolve) => setTimeout(resolve, PAUSE));"),
    ] {
        assert_eq!(retired(path, line), None, "{line}");
    }
}
