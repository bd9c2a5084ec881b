//! Keywords in buyers' texts: opting out, opting in, and asking for help.
//!
//! A word counts regardless of anything around it that adds nothing: punctuation, quotes, invisible characters,
//! courtesies, a signature. So do phrases that a person would understand in the same way (47 CFR 64.1200(a)(10)): "stop
//! texting me", "take me off your list". A sentence that merely contains such a word does not count: "I will stop by
//! tomorrow", "cancel my order".

mod lists;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use lists::{ABOUT_TEXTS, COURTESIES, FILLING, HELP, NO_MORE, NO_MORE_OF_TEXTS, SIGN, SIGNATURES, START, STOP};

/// The meaning of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keyword {
    /// Opt out.
    Stop,
    /// Opt in again.
    Start,
    /// Ask who is texting.
    Help,
}

/// The most words of a name used as a signature.
const LONGEST_NAME: usize = 3;

impl Keyword {
    /// The keyword, if the text means one and nothing else.
    #[must_use]
    pub fn in_text(text: &str) -> Option<Self> {
        Self::in_words(&words(text)).or_else(|| Self::in_words(&words(without_signature(text))))
    }

    fn in_words(all: &[String]) -> Option<Self> {
        let said = without_courtesies(all);
        match Self::exactly(said) {
            // "Yes please" may be a polite answer rather than an opt-in.
            Some(Self::Start) if said == ["yes"] && all.len() > 1 => None,
            Some(keyword) => Some(keyword),
            None => asks_for_no_more(said).then_some(Self::Stop),
        }
    }

    fn exactly(said: &[String]) -> Option<Self> {
        let said = said.join(" ");
        let is_one_of = |words: &[&str]| words.contains(&said.as_str());
        if is_one_of(STOP) {
            Some(Self::Stop)
        } else if is_one_of(START) {
            Some(Self::Start)
        } else if is_one_of(HELP) {
            Some(Self::Help)
        } else {
            None
        }
    }
}

/// Whether the words ask to opt out in a longer phrase.
fn asks_for_no_more(said: &[String]) -> bool {
    let is_about_texts = |word: &String| ABOUT_TEXTS.contains(&word.as_str());
    let says_nothing_else = |rest: &[String]| {
        !rest.is_empty() && rest.iter().all(|word| is_about_texts(word) || FILLING.contains(&word.as_str()))
    };
    let begins = |with: &&str| after(said, with).is_some_and(says_nothing_else);
    let has_texts = || said.iter().any(is_about_texts);
    let needs_texts = |with: &&str| NO_MORE_OF_TEXTS.contains(with);
    NO_MORE.iter().filter(|with| !needs_texts(with)).any(&begins)
        || (has_texts() && NO_MORE_OF_TEXTS.iter().any(begins))
}

/// The words after `with`, if the text starts with it.
fn after<'a>(said: &'a [String], with: &str) -> Option<&'a [String]> {
    let mut rest = said;
    for word in with.split(' ') {
        let (first, others) = rest.split_first()?;
        if first != word {
            return None;
        }
        rest = others;
    }
    Some(rest)
}

/// The words before `with`, if the text ends with it.
fn before<'a>(said: &'a [String], with: &str) -> Option<&'a [String]> {
    let mut rest = said;
    for word in with.rsplit(' ') {
        let (last, others) = rest.split_last()?;
        if last != word {
            return None;
        }
        rest = others;
    }
    Some(rest)
}

fn without_courtesies(mut said: &[String]) -> &[String] {
    // A courtesy alone is not a keyword, so something must be left.
    while let Some(rest) = COURTESIES
        .iter()
        .find_map(|courtesy| after(said, courtesy).or_else(|| before(said, courtesy)).filter(|rest| !rest.is_empty()))
    {
        said = rest;
    }
    said
}

/// Removes the signature of a phone, a mail program or a person.
fn without_signature(text: &str) -> &str {
    let text = text.trim();
    let mut end = 0;
    let mut after_gap = false;
    for line in text.split_inclusive('\n') {
        let said = words(line);
        let is_rule = said.is_empty() && line.contains(['-', '_', '\u{2014}']);
        let is_signature =
            end > 0 && (is_signed_by_machine(&said) || (after_gap && is_name(line)) || is_dashed_name(line));
        if (is_rule && end > 0) || is_signature {
            return &text[..end];
        }
        after_gap = said.is_empty();
        end += line.len();
    }
    // `STOP - John Smith`
    let dash = [" -", " \u{2013}", " \u{2014}"].into_iter().filter_map(|dash| text.rfind(dash)).max();
    dash.filter(|&at| is_dashed_name(&text[at..])).map_or(text, |at| &text[..at])
}

fn is_signed_by_machine(said: &[String]) -> bool {
    SIGNATURES.iter().any(|signature| after(said, signature).is_some())
}

fn is_dashed_name(line: &str) -> bool {
    let name = line.trim().trim_start_matches(['-', '\u{2013}', '\u{2014}', '~']);
    name.len() < line.trim().len() && is_name(name)
}

/// Whether a line is a few capitalized words.
fn is_name(line: &str) -> bool {
    let mut words = line.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).peekable();
    let is_capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && letters.all(|letter| letter.is_lowercase() || matches!(letter, '\'' | '\u{2019}' | '-'))
    };
    words.peek().is_some() && words.clone().count() <= LONGEST_NAME && words.all(is_capitalised)
}

/// Splits a text into words of letters and digits, without case, accents and width. Consecutive single letters, as in
/// `S.T.O.P`, form one word. Repeated words count once.
fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words: Vec<String> = Vec::new();
    let mut spelled = false;
    for word in folded.split(|c: char| !c.is_alphanumeric() && c != '🛑').filter(|word| !word.is_empty()) {
        let is_letter =
            word.chars().count() == 1 && word.chars().all(|c| c.is_ascii_alphabetic() && c != 'i' && c != 'u');
        match words.last_mut() {
            Some(last) if is_letter && spelled => last.push_str(word),
            Some(last) if last == word => {}
            Some(_) | None => words.push(word.to_owned()),
        }
        spelled = is_letter;
    }
    // The sign adds nothing to words.
    if words.iter().any(|word| word != SIGN) {
        words.retain(|word| word != SIGN);
    }
    words
}

/// Folds to lower case without accents and invisible characters, and removes apostrophes.
fn fold(text: &str) -> String {
    let is_invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fffc}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.nfkd()
        .filter(|&c| !is_combining_mark(c) && !is_invisible(c) && !matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '`'))
        .flat_map(char::to_lowercase)
        .nfkc()
        .collect()
}

#[cfg(test)]
mod tests;
