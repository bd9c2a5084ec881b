//! Scans a template from beginning to end before handlebars sees it.
//!
//! Where text ends and a tag begins follows handlebars' grammar exactly. What a tag may contain is far less than handlebars accepts:
//! nothing that makes its parser recurse or backtrack gets through.

use super::{Construct, PlainTemplateError};

/// The most variables, comments and escaped braces together: handlebars looks up each one's line from the beginning.
const MOST_TAGS: usize = 100;

/// The most characters of a variable with its braces, and the most backslashes in a row, each of which handlebars tries as an
/// escape of braces to the end of the row.
const LONGEST_TAG: usize = 200;
const LONGEST_NAME: usize = 100;
const MOST_BACKSLASHES: usize = 100;

/// What handlebars skips within braces.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A variable of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainVariable {
    /// Its name, such as `link` or `secrets.key`.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// Whether its value is escaped: not in three braces, nor with `&`.
    pub escaped: bool,
}

/// The variables of a template, in their order.
pub(super) fn variables(text: &str) -> Result<Vec<PlainVariable>, PlainTemplateError> {
    let mut scan = Scan { text, at: 0, tags: 0 };
    let mut variables = Vec::new();
    while scan.skip_text()? {
        variables.extend(scan.tag()?);
    }
    Ok(variables)
}

struct Scan<'a> {
    text: &'a str,
    /// Everything before this byte was read.
    at: usize,
    tags: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn line(&self) -> usize {
        self.text[..self.at].matches('\n').count() + 1
    }

    fn unreadable(&self) -> PlainTemplateError {
        PlainTemplateError::Unreadable { line: self.line() }
    }

    fn count_tag(&mut self) -> Result<(), PlainTemplateError> {
        self.tags += 1;
        if self.tags > MOST_TAGS { Err(PlainTemplateError::TooMany { line: self.line() }) } else { Ok(()) }
    }

    /// Goes to the next tag, and says whether there is one. Braces after one backslash are text; after more, they are a tag.
    fn skip_text(&mut self) -> Result<bool, PlainTemplateError> {
        while let Some(found) = self.rest().find(['{', '\\']) {
            self.at += found;
            if self.rest().starts_with("{{") {
                self.count_tag()?;
                return Ok(true);
            }
            let after = self.rest().trim_start_matches('\\');
            let backslashes = self.rest().len() - after.len();
            if backslashes > MOST_BACKSLASHES {
                return Err(self.unreadable());
            }
            self.at += backslashes.max(1);
            if backslashes == 1 && after.starts_with("{{") {
                self.count_tag()?;
                self.at += if after.starts_with("{{{{") { 4 } else { 2 };
            }
        }
        Ok(false)
    }

    /// The variable at the braces that come next, or nothing if they are a comment.
    fn tag(&mut self) -> Result<Option<PlainVariable>, PlainTemplateError> {
        let rest = &self.rest()["{{".len()..];
        if let Some(comment) = rest.strip_prefix('!') {
            let after = after_comment(comment).ok_or_else(|| self.unreadable())?;
            self.at = self.text.len() - after.len();
            return Ok(None);
        }
        let line = self.line();
        let tag = Tag::read(rest).map_err(|fault| fault.at(line))?;
        let length = self.rest().len() - tag.after.len();
        if length > LONGEST_TAG || tag.name.len() > LONGEST_NAME {
            return Err(self.unreadable());
        }
        self.at += length;
        Ok(Some(PlainVariable { name: tag.name.to_owned(), line, escaped: tag.escaped }))
    }
}

/// What follows a comment, if it ends. One that begins with two dashes ends with two.
fn after_comment(comment: &str) -> Option<&str> {
    let (_, after) = match comment.trim_start_matches(SPACE).strip_prefix("--") {
        Some(dashed) => dashed.split_once("--}}")?,
        None => comment.split_once("}}")?,
    };
    Some(after)
}

/// A variable within its braces, and what follows them.
struct Tag<'a> {
    name: &'a str,
    escaped: bool,
    after: &'a str,
}

/// What a tag is instead of a variable.
enum Fault {
    Unreadable,
    NotAVariable(Construct),
}

impl Fault {
    fn at(self, line: usize) -> PlainTemplateError {
        match self {
            Self::Unreadable => PlainTemplateError::Unreadable { line },
            Self::NotAVariable(construct) => PlainTemplateError::NotAVariable { construct, line },
        }
    }
}

impl<'a> Tag<'a> {
    /// Reads what follows two braces. `~` takes the spaces beside the tag away.
    fn read(rest: &'a str) -> Result<Self, Fault> {
        if rest.starts_with("{{") {
            return Err(Fault::NotAVariable(Construct::Block));
        }
        let rest = without_tilde(rest);
        let (in_three, rest) = take(rest, '{');
        let (with_and, rest) = take(rest, '&');
        let rest = without_tilde(rest);
        let end = rest.find(|character| !is_of_name(character)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if name.is_empty() {
            return Err(not_a_name(rest));
        }
        if name.starts_with('/') || name == "else" {
            return Err(Fault::NotAVariable(Construct::Block));
        }
        let rest = without_tilde(rest);
        let rest = if in_three { rest.strip_prefix('}').ok_or_else(|| after_name(rest))? } else { rest };
        let rest = if in_three { without_tilde(rest) } else { rest };
        let after = rest.strip_prefix("}}").ok_or_else(|| after_name(rest))?;
        Ok(Self { name, escaped: !in_three && !with_and, after })
    }
}

fn take(rest: &str, sign: char) -> (bool, &str) {
    rest.strip_prefix(sign).map_or((false, rest), |after| (true, after))
}

fn without_tilde(rest: &str) -> &str {
    let rest = rest.trim_start_matches(SPACE);
    rest.strip_prefix('~').unwrap_or(rest).trim_start_matches(SPACE)
}

/// More than any name has, so that a name that is wrong can be told.
fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.@/$:".contains(character) || !character.is_ascii()
}

/// Why there is no name where one should begin.
fn not_a_name(rest: &str) -> Fault {
    match rest.chars().next() {
        Some('#' | '^') => Fault::NotAVariable(Construct::Block),
        Some('(') => Fault::NotAVariable(Construct::Subexpression),
        Some('>') => Fault::NotAVariable(Construct::Partial),
        Some('*') => Fault::NotAVariable(Construct::Decorator),
        Some('"' | '\'' | '[') => Fault::NotAVariable(Construct::Literal),
        _ => Fault::Unreadable,
    }
}

/// Why a tag goes on after its name.
fn after_name(rest: &str) -> Fault {
    match rest.chars().next() {
        None | Some('}' | '{') => Fault::Unreadable,
        Some(_) => Fault::NotAVariable(Construct::Helper),
    }
}
