//! Checks that what documents mention exists: make's targets, sub-commands and their options, files, settings and
//! metrics.

use std::{collections::BTreeSet, fs};

use crate::{
    Source, assert_none,
    documents::{code, documents},
    root, sources,
};

/// Folders at the root whose files documents name between backticks.
const FOLDERS: [&str; 14] = [
    "api/",
    "benches/",
    "docs/",
    "domain/",
    "entity/",
    "fuzz/",
    "migration/",
    "queue/",
    "sandbox/",
    "scheduler/",
    "scripts/",
    "src/",
    "tests/",
    "worker/",
];

/// The contents of the repository to compare documents with.
struct Known {
    makefile: String,
    targets: BTreeSet<String>,
    commands: BTreeSet<String>,
    /// The program's sources, concatenated.
    program: String,
    /// All Rust sources.
    rust: String,
    settings: String,
}

impl Known {
    fn read() -> Self {
        let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
        let targets = makefile.lines().filter_map(|line| line.split_once(':')).map(|(target, _)| target.to_owned());
        let targets = targets.collect();
        let rust = sources(&[".rs"]);
        let of_program = rust.iter().filter(|source| source.path.starts_with("src/"));
        Self {
            makefile,
            targets,
            commands: commands(),
            program: of_program.map(|source| source.text.as_str()).collect(),
            rust: rust.iter().filter(|source| !source.path.starts_with("tests/")).map(|source| &*source.text).collect(),
            settings: fs::read_to_string(root().join("paylink.example.toml")).unwrap(),
        }
    }

    fn fault(&self, code: &str) -> Option<String> {
        let words: Vec<&str> = code.split_whitespace().collect();
        let targets = words.windows(2).filter(|pair| pair[0] == "make").map(|pair| pair[1]);
        if let Some(target) = targets.into_iter().find(|target| !self.targets.contains(*target)) {
            return Some(format!("make {target} is no target"));
        }
        // As a program, or as cargo runs it.
        for invocation in code.replace("cargo run --locked -- ", "paylink ").split([';', '&', '|', '(', ')']) {
            if let Some(fault) = self.fault_of_invocation(invocation) {
                return Some(fault);
            }
        }
        let pieces = || code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let setting = pieces().find(|word| word.starts_with("PAYLINK_") && !self.has_setting(word));
        let metric = pieces().find(|word| word.starts_with("paylink_") && !self.rust.contains(word));
        let unknown = setting.map(|name| format!("{name} is no setting"));
        unknown.or(metric.map(|name| format!("{name} is no metric"))).or_else(|| fault_of_file(code))
    }

    /// Parses `paylink <command> [<action>] [--option]…`, with anything before it.
    fn fault_of_invocation(&self, text: &str) -> Option<String> {
        let mut words = text.split_whitespace().skip_while(|word| *word != "paylink").skip(1).peekable();
        let command = words.next_if(|word| is_name(word))?;
        if !self.commands.contains(command) {
            return Some(format!("paylink {command} is no sub-command"));
        }
        if let Some(action) = words.next_if(|word| is_name(word)) {
            let command = format!("{command} {action}");
            if !self.commands.contains(&command) {
                return Some(format!("paylink {command} is no sub-command"));
            }
        }
        let options = words.filter_map(|word| word.strip_prefix("--")).filter(|option| *option != "help");
        let mut unknown = options.filter(|option| !self.program.contains(&format!("{}:", option.replace('-', "_"))));
        unknown.next().map(|option| format!("--{option} is no option"))
    }

    /// Whether the example settings contain it, at the top level or in a section, or the Makefile uses it.
    fn has_setting(&self, variable: &str) -> bool {
        let name = variable.trim_start_matches("PAYLINK_").to_lowercase();
        let name = name.rsplit("__").next().unwrap_or_default();
        let mut lines = self.settings.lines().map(|line| line.trim_start_matches("# "));
        let is_documented = lines.any(|line| line.split_once(" = ").is_some_and(|(documented, _)| documented == name));
        // `PAYLINK_*` means all of them.
        name.is_empty() || is_documented || self.makefile.contains(variable)
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// Checks that a file or folder between backticks exists.
fn fault_of_file(code: &str) -> Option<String> {
    let is_path = FOLDERS.iter().any(|folder| code.starts_with(folder));
    let is_whole = code.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    (is_path && is_whole && !root().join(code).exists()).then(|| format!("{code} is not there"))
}

/// `up`, `jobs`, `jobs retry` and so on: the variants of the command line's enums.
fn commands() -> BTreeSet<String> {
    let variants_in = |file: &str, name: &str| {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        variants(&text, name)
    };
    let mut all = BTreeSet::new();
    for command in variants_in("src/cli.rs", "enum Command {") {
        let actions = variants_in(&format!("src/{command}.rs"), "enum Action {");
        all.extend(actions.iter().map(|action| format!("{command} {action}")));
        all.insert(command);
    }
    all
}

/// The variants of an enum, as the command line spells them.
fn variants(text: &str, opening: &str) -> Vec<String> {
    let body = text.split(opening).nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or_default();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.filter_map(|line| line.split([' ', '(', ',']).next()).map(kebab).collect()
}

fn kebab(name: &str) -> String {
    let spelled: Vec<String> = name
        .chars()
        .map(|c| if c.is_ascii_uppercase() { format!("-{}", c.to_ascii_lowercase()) } else { c.to_string() })
        .collect();
    spelled.concat().trim_start_matches('-').to_owned()
}

#[test]
fn what_documents_name_is_there() {
    let known = Known::read();
    let mut wrong = Vec::new();
    for Source { path, text } in documents() {
        let faults = code(&text).into_iter().filter_map(|code| Some((code.line, known.fault(code.text)?)));
        wrong.extend(faults.map(|(line, fault)| format!("{path}:{line}: {fault}")));
    }
    assert_none(&wrong, "what documents name and is not there");
}

#[test]
fn what_is_not_there_is_told() {
    let known = Known::read();
    assert!(known.commands.contains("merchant top-up") && known.commands.contains("up"), "{:?}", known.commands);
    for code in [
        "make run",
        "paylink up --demo",
        "PAYLINK_PUBLIC_URL=https://pay.example.com paylink up &",
        "paylink jobs retry --kind send_sms --dry-run",
        "cargo run --locked -- merchant audit",
        "paylink_jobs_dead",
        "queue/src/lib.rs",
    ] {
        assert_eq!(known.fault(code), None, "{code}");
    }
    for code in [
        "make tea",
        "paylink dance",
        "paylink jobs dance",
        "paylink up --loudly",
        "PAYLINK_LOUDNESS",
        "paylink_dances_total",
        "queue/src/nowhere.rs",
    ] {
        assert!(known.fault(code).is_some(), "{code}");
    }
}
