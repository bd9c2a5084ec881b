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
mod tests {
    use super::Keyword;

    #[test]
    fn a_word_counts_with_anything_around_it_that_adds_nothing() {
        for text in [
            "STOP",
            " stop \n",
            "Stop.",
            "stop!",
            "STOP,",
            "“STOP”",
            "'stop'",
            "«Stop»",
            "(stop)",
            "*STOP*",
            "STOP\u{200b}",
            "\u{feff}STOP",
            "S\u{ad}TOP",
            "ＳＴＯＰ",
            "S.T.O.P",
            "s t o p",
            "Stop. Thank you",
            "STOP please",
            "please stop",
            "Hi, please stop. Thanks!",
            "STOP STOP STOP",
            "STOP 🛑",
            "🛑",
            "STOP 😡😡",
            "STOP\0",
            "STOP\n\nSent from my iPhone",
            "STOP\nSent from my Galaxy",
            "Stop\n--\nJohn Smith\nExample Ltd",
            "STOP\n\nJohn Smith",
            "Stop\n- John",
            "STOP - John Smith",
            "Stop -John",
            "stop, no thanks",
            "opt out",
            "Opt-Out",
            "OPTOUT",
            "opt me out",
            "I opt out.",
            "REMOVE",
            "Stop all",
            "stopall",
            "STOP ALL!",
            "Unsubscribe me",
            "unsubscribe!",
            "END",
            "quit",
            "Cancel",
            "REVOKE",
            "ARRET",
            "arrêt",
            "Arrêtez svp",
            "ALTO",
            "BAJA",
            "Parar por favor",
            "Abmelden bitte",
            "СТОП",
            "стоп!",
            "停止",
            "退订",
            "수신거부",
            "הסר",
            "إيقاف",
        ] {
            assert_eq!(Keyword::in_text(text), Some(Keyword::Stop), "{text:?}");
        }
    }

    #[test]
    fn what_a_person_would_understand_so_counts() {
        for text in [
            "stop texting me",
            "Please stop sending me messages",
            "stop all texts",
            "STOP NOW",
            "stop it",
            "Don't text me again",
            "do not contact me anymore",
            "no more texts please",
            "Keine SMS mehr bitte",
            "Bitte keine weiteren Nachrichten!",
            "bitte stoppen Sie die SMS",
            "Bitte keine SMS mehr schicken",
            "Bitte schicken Sie mir keine SMS mehr.",
            "Ich möchte keine Nachrichten mehr erhalten",
            "Por favor, no me envíen más mensajes",
            "No quiero recibir más mensajes",
            "Ne m’envoyez plus de SMS svp",
            "Je ne veux plus recevoir de messages",
            "Não me envie mais mensagens, por favor",
            "No más mensajes, por favor",
            "No more messages",
            "Remove me from your list",
            "take me off this list",
            "Unsubscribe me from these texts",
            "cancel my subscription to these texts",
            "I want to opt out",
            "I'd like to unsubscribe",
            "leave me alone",
            "quit texting me",
            "end messages",
            "I revoke my consent",
            "could you stop messaging me",
            "Never text this number again",
            "Wrong number. Stop.",
            "Wrong number, please stop texting me",
            "You have the wrong person! Unsubscribe",
            "STOP not interested",
            "Who is this? Stop texting me",
        ] {
            assert_eq!(Keyword::in_text(text), Some(Keyword::Stop), "{text:?}");
        }
    }

    #[test]
    fn a_sentence_that_merely_contains_a_word_is_a_sentence() {
        for text in [
            "Ich habe keine SMS mehr bekommen",
            "Ich möchte keine Rechnung mehr",
            "Schicken Sie mir keine Ware mehr",
            "No quiero más pan",
            "Je ne veux plus de gâteau",
            "Não quero mais o bolo",
            "",
            ".",
            "RED",
            "NO",
            "no thanks",
            "thanks",
            "wrong number",
            "Wrong number, sorry",
            "not interested",
            "Who is this?",
            "I will stop by tomorrow",
            "STOP 12345",
            "stop by",
            "don't stop",
            "bus stop",
            "non-stop",
            "The end",
            "cancel my order",
            "Cancel order 1001",
            "please cancel this",
            "can you cancel it",
            "end of the month?",
            "I can't stop laughing",
            "stop the delivery",
            "did you stop?",
            "Yes, thanks",
            "not yet",
            "don't",
            "remove the second item",
            "never mind",
            "When does it end",
            "unsubscribed already",
            "STOPPED",
            "estop",
            "Send the link again",
            "do not send the parcel to my house",
            "Please delete one cake",
            "text me the link",
            "Liked “Reply STOP to opt out”",
            "no more cake please",
            "stop\n\nat the shop and ask",
        ] {
            assert_eq!(Keyword::in_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn texts_again_and_help_are_words_too() {
        for text in ["start", "Yes", "YES!", "UNSTOP", "Start please", "“START”"] {
            assert_eq!(Keyword::in_text(text), Some(Keyword::Start), "{text:?}");
        }
        for text in ["help", "INFO?", "Help!", "HELP please", "\u{200b}help"] {
            assert_eq!(Keyword::in_text(text), Some(Keyword::Help), "{text:?}");
        }
        for text in ["yes please", "helpful", "I need help with my order", "info about the cake"] {
            assert_eq!(Keyword::in_text(text), None, "{text:?}");
        }
    }
}
