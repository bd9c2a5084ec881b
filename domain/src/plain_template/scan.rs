//! A single-pass scan of a template before handlebars parses it.
//!
//! The boundaries of text and tags follow handlebars' grammar exactly. Inside tags much less is allowed: nothing that
//! makes its grammar recurse or backtrack gets through.

use super::{Construct, PlainTemplateError};

/// The most variables, comments and escaped braces in total: handlebars determines the line of each by counting from
/// the start.
const MOST_TAGS: usize = 100;

/// The most characters of a variable with its braces, and the most consecutive backslashes, each of which handlebars
/// tries as an escape up to the end of the run.
const LONGEST_TAG: usize = 200;
const LONGEST_NAME: usize = 100;
const MOST_BACKSLASHES: usize = 100;

/// The white space that handlebars skips inside braces.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A variable in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainVariable {
    /// Its name, such as `link` or `secrets.key`.
    pub name: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// Whether its value is escaped, that is, not in triple braces or with `&`.
    pub escaped: bool,
}

/// The variables of a template, in order.
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
    /// The byte up to which the text has been read.
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

    /// Advances to the next tag and returns whether there is one. Braces after one backslash are text; after more, they
    /// are a tag.
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

    /// Reads the tag at the current position: a variable, or `None` for a comment.
    fn tag(&mut self) -> Result<Option<PlainVariable>, PlainTemplateError> {
        let rest = &self.rest()["{{".len()..];
        if let Some(comment) = rest.strip_prefix('!') {
            let after = after_comment(comment).ok_or_else(|| self.unreadable())?;
            self.at = self.text.len() - after.len();
            return Ok(None);
        }
        let line = self.line();
        let tag = TemplateTag::read(rest).map_err(|fault| fault.at(line))?;
        let length = self.rest().len() - tag.after.len();
        if length > LONGEST_TAG || tag.name.len() > LONGEST_NAME {
            return Err(self.unreadable());
        }
        self.at += length;
        Ok(Some(PlainVariable { name: tag.name.to_owned(), line, escaped: tag.escaped }))
    }
}

/// The text after a comment, if the comment ends. One that starts with two dashes ends with two.
fn after_comment(comment: &str) -> Option<&str> {
    let (_, after) = match comment.trim_start_matches(SPACE).strip_prefix("--") {
        Some(dashed) => dashed.split_once("--}}")?,
        None => comment.split_once("}}")?,
    };
    Some(after)
}

/// A variable tag and the text after it.
struct TemplateTag<'a> {
    name: &'a str,
    escaped: bool,
    after: &'a str,
}

/// Why a tag is not a variable.
enum TagFault {
    Unreadable,
    NotAVariable(Construct),
}

impl TagFault {
    fn at(self, line: usize) -> PlainTemplateError {
        match self {
            Self::Unreadable => PlainTemplateError::Unreadable { line },
            Self::NotAVariable(construct) => PlainTemplateError::NotAVariable { construct, line },
        }
    }
}

impl<'a> TemplateTag<'a> {
    /// Parses the text after the opening braces. `~` trims the space next to the tag.
    fn read(rest: &'a str) -> Result<Self, TagFault> {
        if rest.starts_with("{{") {
            return Err(TagFault::NotAVariable(Construct::Block));
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
            return Err(TagFault::NotAVariable(Construct::Block));
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

/// Accepts more than names may contain, so that errors can quote the whole name.
fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.@/$:".contains(character) || !character.is_ascii()
}

/// Why there is no name where one should start.
fn not_a_name(rest: &str) -> TagFault {
    match rest.chars().next() {
        Some('#' | '^') => TagFault::NotAVariable(Construct::Block),
        Some('(') => TagFault::NotAVariable(Construct::Subexpression),
        Some('>') => TagFault::NotAVariable(Construct::Partial),
        Some('*') => TagFault::NotAVariable(Construct::Decorator),
        Some('"' | '\'' | '[') => TagFault::NotAVariable(Construct::Literal),
        _ => TagFault::Unreadable,
    }
}

/// Why a tag continues after its name.
fn after_name(rest: &str) -> TagFault {
    match rest.chars().next() {
        None | Some('}' | '{') => TagFault::Unreadable,
        Some(_) => TagFault::NotAVariable(Construct::Helper),
    }
}
