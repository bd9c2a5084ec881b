//! Files of a crate do not import each other in circles. A file may use its own folder, and what is in a folder the file
//! above it: they are one room.

use std::collections::{BTreeMap, BTreeSet};

use crate::{assert_none, code, is_test, sources};

const CRATES: [&str; 8] =
    ["api/src/", "domain/src/", "entity/src/", "queue/src/", "sandbox/src/", "scheduler/src/", "src/", "worker/src/"];

/// The circles that stay, and why.
const ALLOWED: [(&[&str], &str); 4] = [
    (&["api/src/state.rs", "api/src/http/throttle.rs"], "a limit belongs to the state, and asks it whom to believe"),
    (
        &["entity/src/link/list_query.rs", "entity/src/link/search.rs"],
        "a search is put together from queries, each of which is of a search",
    ),
    (&["entity/src/order/list_query.rs", "entity/src/order/search.rs"], "the same"),
    (
        &[
            "queue/src/enqueue.rs",
            "queue/src/event_jobs.rs",
            "queue/src/executor/finish.rs",
            "queue/src/executor/lease.rs",
        ],
        "to finish is what a lease is for, a job that continues another goes into its lane, and that of an event into its merchant's",
    ),
];

/// A module by its path in the crate; the library itself has an empty one.
type Module = Vec<String>;

/// The modules of a crate: their files, and what is declared in them or passed on.
struct Crate {
    files: BTreeMap<Module, String>,
    code: BTreeMap<Module, String>,
    declared: BTreeSet<(Module, String)>,
    passed_on: BTreeMap<Module, Vec<Module>>,
}

/// The lines of code without comments.
fn bare(text: &str) -> String {
    code(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &str, folder: &str) -> Module {
    let mut parts: Module = path[folder.len()..path.len() - ".rs".len()].split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] || parts == ["main"] {
        parts.pop();
    }
    parts
}

/// The parts of `text` between commas that are not inside of braces.
fn split_outside(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// The paths that a tree of imports names.
fn expand(tree: &str, before: &[String], into: &mut Vec<Module>) {
    let tree = tree.trim();
    if tree.is_empty() {
        return;
    }
    let (path, inner) = match tree.split_once('{') {
        Some((path, inner)) => (path, inner.strip_suffix('}')),
        None => (tree.split(" as ").next().unwrap_or(tree), None),
    };
    let mut whole = before.to_vec();
    whole.extend(path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()));
    match inner {
        Some(inner) => split_outside(inner).into_iter().for_each(|part| expand(part, &whole, into)),
        None => into.push(whole),
    }
}

/// The imports of a file: with `passed_on` those that it makes visible to others, otherwise its own.
fn imports(code: &str, passed_on: bool) -> Vec<Module> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let line = &code[code[..at].rfind('\n').map_or(0, |end| end + 1)..at];
        let is_import = line.trim().is_empty() || (line.trim_start().starts_with("pub") && !line.contains('='));
        if is_import && line.contains("pub") == passed_on {
            let end = code[at..].find(';').map_or(code.len(), |end| at + end);
            expand(&code[at + "use ".len()..end], &[], &mut found);
        }
    }
    found
}

/// The paths from the crate or from the module above that code names outside of imports.
fn written_out(code: &str) -> Vec<Module> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let pieces = code.split(|c: char| !is_path(c));
    let paths = pieces.filter(|piece| piece.starts_with("crate::") || piece.starts_with("super::"));
    paths.map(|path| path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()).collect()
}

/// The names that a file declares for others.
fn declared(code: &str) -> impl Iterator<Item = String> {
    const KINDS: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "static"];
    code.lines().filter(|line| line.trim_start().starts_with("pub")).filter_map(|line| {
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        words.find(|word| KINDS.contains(word))?;
        words.find(|word| *word != "fn").map(str::to_owned)
    })
}

impl Crate {
    fn new(folder: &str, files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut all = Self {
            files: BTreeMap::new(),
            code: BTreeMap::new(),
            declared: BTreeSet::new(),
            passed_on: BTreeMap::new(),
        };
        for (path, text) in files {
            let (module, code) = (module_of(&path, folder), bare(&text));
            all.declared.extend(declared(&code).map(|name| (module.clone(), name)));
            all.passed_on.insert(module.clone(), imports(&code, true));
            all.files.insert(module.clone(), path);
            all.code.insert(module, code);
        }
        all
    }

    /// A path as a module sees it, from the crate's root; `None` if it leads to another crate.
    fn absolute(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([from.as_slice(), rest].concat()),
            "super" => {
                let above = from.split_last()?.1.to_vec();
                match rest.first() {
                    Some(next) if next == "super" => self.absolute(&above, rest),
                    _ => Some([above.as_slice(), rest].concat()),
                }
            }
            _ => {
                let below = [from.as_slice(), std::slice::from_ref(first)].concat();
                self.code.contains_key(&below).then(|| [from.as_slice(), path].concat())
            }
        }
    }

    /// The module whose file declares what the path names, through all who pass it on.
    fn home(&self, path: &[String], tries: usize) -> Option<Module> {
        if self.code.contains_key(path) {
            return Some(path.to_vec());
        }
        let (module, rest) =
            (0..path.len()).rev().map(|at| path.split_at(at)).find(|(module, _)| self.code.contains_key(*module))?;
        let (module, name) = (module.to_vec(), rest.first()?);
        if tries == 0 || self.declared.contains(&(module.clone(), name.clone())) {
            return Some(module);
        }
        let passed_on = self.passed_on.get(&module).into_iter().flatten();
        let found = passed_on.filter(|import| import.last().is_some_and(|last| last == name || last == "*"));
        let mut homes = found.filter_map(|import| {
            let path = [&import[..import.len() - 1], std::slice::from_ref(name)].concat();
            self.home(&self.absolute(&module, &path)?, tries - 1)
        });
        Some(homes.next().unwrap_or(module))
    }

    /// The modules that a module uses, without those above it.
    fn used_by(&self, module: &Module) -> BTreeSet<Module> {
        let code = &self.code[module];
        let paths = imports(code, false).into_iter().chain(written_out(code));
        let homes = paths.filter_map(|path| self.home(&self.absolute(module, &path)?, 8));
        homes.filter(|home| !module.starts_with(home)).collect()
    }

    /// The circles, each by its files.
    fn circles(&self) -> BTreeSet<BTreeSet<String>> {
        let used: Uses<'_> = self.code.keys().map(|module| (module, self.used_by(module))).collect();
        let all: BTreeMap<&Module, BTreeSet<&Module>> =
            self.code.keys().map(|module| (module, reached(&used, module))).collect();
        let with = |module: &Module| {
            let around = all[module].iter().filter(|other| all[**other].contains(module));
            around.map(|other| self.files[*other].clone()).collect::<BTreeSet<String>>()
        };
        self.code.keys().map(with).filter(|circle| !circle.is_empty()).collect()
    }
}

/// What each module uses.
type Uses<'a> = BTreeMap<&'a Module, BTreeSet<Module>>;

/// All that a module uses, and what that uses in turn.
fn reached<'a>(used: &'a Uses<'_>, from: &'a Module) -> BTreeSet<&'a Module> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        next.extend(used[module].iter().filter(|module| reached.insert(*module)));
    }
    reached
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let all = sources(&[".rs"]);
    let allowed: BTreeSet<BTreeSet<String>> =
        ALLOWED.iter().map(|(files, _)| files.iter().map(|file| (*file).to_owned()).collect()).collect();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for folder in CRATES {
        let of_crate = all.iter().filter(|source| source.path.starts_with(folder) && !is_test(&source.path));
        let files = of_crate.map(|source| (source.path.clone(), source.text.clone()));
        for circle in Crate::new(folder, files).circles() {
            match allowed.get(&circle) {
                Some(known) => _ = seen.insert(known),
                None => wrong.push(format!("{circle:?}")),
            }
        }
    }
    wrong.extend(allowed.iter().filter(|circle| !seen.contains(circle)).map(|circle| format!("no more: {circle:?}")));
    assert_none(&wrong, "circles of imports");
}

#[test]
fn a_circle_is_found_through_those_who_pass_names_on() {
    let circles = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Crate::new("a/src/", files).circles().len()
    };
    let one = ("a/src/one.rs", "use crate::{\n    other,\n    two::{Two, Three as Four},\n};\npub struct One;\n");
    let two = ("a/src/two/mod.rs", "mod inner;\npub use inner::Two;\n");
    let inner = ("a/src/two/inner.rs", "pub(crate) struct Two(crate::One);\n");
    let library = ("a/src/lib.rs", "mod one;\nmod two;\npub use one::One;\n");
    assert_eq!(circles(&[one, two, inner, library]), 1);
    let apart = ("a/src/two/inner.rs", "use super::Other;\npub(crate) struct Two;\n");
    assert_eq!(circles(&[one, two, apart, library]), 0, "what is in a folder may use the file above it");
}
