//! Bundles the console into the two files that a browser loads. Loading some seventy modules one by one would cost a
//! round trip each on a slow connection.
//!
//! The console is written as ordinary ES modules and can be served as such. The bundler wraps each module in a function
//! that returns its exports, and orders them by their imports. It understands only the syntax that the console uses:
//! imports at the start of a line, and exported functions, classes and constants. A test keeps the console within that.

use std::{borrow::Cow, collections::BTreeSet};

use super::{CSS, FILES, SCRIPT, texts};

/// The entry module.
const MAIN: &str = "main.js";
/// The name under which modules import the texts.
const SAID: &str = "strings.js";

/// All style sheets, in the order of the list.
pub(super) fn styles() -> String {
    let sheets = FILES.iter().filter(|(_, kind, _)| *kind == CSS).map(|(_, _, content)| *content);
    sheets.collect::<Vec<_>>().join("\n")
}

/// All modules, with the texts in this language.
pub(super) fn script(language: &str) -> String {
    let mut bundle = Bundle { said: texts::module(language), done: BTreeSet::new(), text: String::new() };
    bundle.add(MAIN);
    bundle.text
}

struct Bundle {
    /// The generated module of the texts.
    said: String,
    done: BTreeSet<String>,
    text: String,
}

impl Bundle {
    /// Adds a module after its dependencies. An unlisted module fails the build, since the console would not load.
    fn add(&mut self, path: &str) {
        if !self.done.insert(path.to_owned()) {
            return;
        }
        let Some(content) = self.content(path) else {
            panic!("{path} is imported and is not among the console's files (files.rs)");
        };
        let module = Module::read(path, &content);
        for (needed, _) in &module.imports {
            self.add(needed);
        }
        let imports = module.imports.iter().map(|(needed, names)| format!("const {names} = {};\n", variable(needed)));
        let imports: String = imports.collect();
        let exports = module.exports.join(", ");
        let (name, body) = (variable(path), module.body);
        let module = format!("const {name} = (() => {{\n{imports}{body}return {{ {exports} }};\n}})();\n");
        self.text.push_str(&module);
    }

    fn content(&self, path: &str) -> Option<Cow<'static, str>> {
        if path == SAID {
            return Some(self.said.clone().into());
        }
        FILES.iter().find(|(name, kind, _)| *name == path && *kind == SCRIPT).map(|(_, _, content)| (*content).into())
    }
}

/// The variable of a module: `$lib_dom_js` of `lib/dom.js`.
fn variable(path: &str) -> String {
    let plain = path.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    format!("${}", plain.collect::<String>())
}

struct Module<'a> {
    /// The imported modules, each with a destructuring pattern.
    imports: Vec<(String, String)>,
    exports: Vec<&'a str>,
    body: String,
}

impl<'a> Module<'a> {
    fn read(path: &str, content: &'a str) -> Self {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut module = Self { imports: Vec::new(), exports: Vec::new(), body: String::new() };
        let mut lines = content.lines();
        while let Some(mut line) = lines.next().map(str::trim_end) {
            if line.starts_with("import ") {
                let mut statement = line.to_owned();
                while !statement.ends_with(';') {
                    let Some(more) = lines.next() else { break };
                    statement += more;
                }
                module.imports.extend(import(folder, &statement));
            } else if let Some(declaration) = line.strip_prefix("export ") {
                module.exports.extend(name_of(declaration));
                module.body += declaration;
                module.body.push('\n');
            } else if line.trim_start().starts_with("/*") {
                while !line.ends_with("*/") {
                    let Some(more) = lines.next() else { break };
                    line = more.trim_end();
                }
            } else if let Some(code) = code_of(line) {
                module.body += code;
                module.body.push('\n');
            }
        }
        module
    }
}

/// The line without indentation; `None` if it is empty or a comment.
fn code_of(line: &str) -> Option<&str> {
    let line = line.trim();
    (!line.is_empty() && !line.starts_with("//")).then_some(line)
}

/// The module and the pattern of `import { one, two as other } from "../lib/it.js";`.
fn import(folder: &str, statement: &str) -> Option<(String, String)> {
    let (what, from) = statement.strip_prefix("import ")?.split_once(" from ")?;
    let from = from.trim_matches(['"', ';', ' ']);
    let path = match from.strip_prefix("../") {
        Some(rest) => rest.to_owned(),
        None if folder.is_empty() => from.trim_start_matches("./").to_owned(),
        None => format!("{folder}/{}", from.trim_start_matches("./")),
    };
    let names = what.strip_prefix("* as ").map_or_else(|| what.replace(" as ", ": "), str::to_owned);
    Some((path, names))
}

/// The declared name: `show` of `async function show(…`.
fn name_of(declaration: &str) -> Option<&str> {
    let declaration = declaration.strip_prefix("async ").unwrap_or(declaration);
    let (kind, rest) = declaration.split_once(' ')?;
    let is_declared = matches!(kind, "function" | "class" | "const");
    rest.split([' ', '(', '=', '{']).next().filter(|name| is_declared && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::generated;

    #[test]
    fn every_module_is_in_it_once_after_those_that_it_needs() {
        let bundle = script("en");
        let said = texts::module("en");
        let modules = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT).map(|(path, _, content)| (*path, *content));
        for (path, content) in modules.chain([(SAID, said.as_str())]) {
            let declared = format!("const {} = (() => {{", variable(path));
            assert_eq!(bundle.matches(&declared).count(), 1, "{path}");
            let at = bundle.find(&declared).unwrap();
            for (needed, _) in Module::read(path, content).imports {
                let other = format!("const {} = (() => {{", variable(&needed));
                assert!(bundle.find(&other).is_some_and(|before| before < at), "{path} comes before {needed}");
            }
        }
    }

    #[test]
    fn nothing_of_the_language_is_used_that_it_does_not_understand() {
        let bundle = script("en");
        for line in bundle.lines() {
            assert!(!line.starts_with("import ") && !line.starts_with("export ") && !line.starts_with('*'), "{line}");
        }
        for (path, kind, content) in FILES {
            for line in content.lines().filter(|_| *kind == SCRIPT) {
                let exported = line.strip_prefix("export ");
                assert!(exported.is_none_or(|declaration| name_of(declaration).is_some()), "{path}: {line}");
                assert!(!line.trim_start().starts_with("import("), "{path}: {line}");
                // No template literal spans several lines, since the bundler changes indentation.
                assert!(line.matches('`').count() % 2 == 0, "{path}: {line}");
                // No code follows a comment that starts a line, and a comment that spans lines ends at the end of one.
                let (begins, ends) = (line.trim_start().starts_with("/*"), line.trim_end().ends_with("*/"));
                assert!(!begins || ends || !line.contains("*/"), "{path}: {line}");
            }
        }
    }

    #[test]
    fn it_is_small_over_the_line() {
        for (language, script) in generated::SCRIPTS {
            let sizes = (script.gzip.len(), script.brotli.len());
            // Arabic is the largest: 110,746 and 96,864 bytes. The operator's page took 6 KB of them for its charts and for
            // what `why` tells, in English and in the reader's language.
            assert!(sizes.0 < 111_500 && sizes.1 < 97_500, "{language}: {sizes:?}");
            assert_eq!(script.plain().unwrap(), super::script(language).as_bytes(), "{language}");
        }
        assert!(generated::STYLES.gzip.len() < 15_000);
        assert_eq!(generated::STYLES.plain().unwrap(), styles().as_bytes());
    }
}
