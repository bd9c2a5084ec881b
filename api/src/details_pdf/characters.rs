//! What is known of characters: their direction, how they join, and where a line may break between them.

use std::ops::Range;

use unicode_bidi::BidiInfo;
use unicode_normalization::char::is_combining_mark;
use unicode_script::UnicodeScript;

/// The runs of one direction, from left to right, and whether each is right-to-left.
pub(super) fn visual_runs(text: &str) -> Vec<(Range<usize>, bool)> {
    if !text.chars().any(is_right_to_left) {
        return vec![(0..text.len(), false)];
    }
    let bidi = BidiInfo::new(text, None);
    let runs = bidi.paragraphs.iter().flat_map(|paragraph| {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        runs.into_iter().map(move |run| {
            let is_rtl = levels[run.start].is_rtl();
            (run, is_rtl)
        })
    });
    runs.collect()
}

/// Whether a character belongs to a right-to-left script, or starts right-to-left text.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        || matches!(c, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Characters that are not drawn themselves: joiners, directional marks, variation selectors, skin tones.
pub(super) const fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is drawn together with the previous one.
pub(super) fn joins(c: char) -> bool {
    c >= '\u{ad}' && (is_ignorable(c) || is_combining_mark(c))
}

/// Whether a character belongs to this script, or to all scripts.
pub(super) fn is_of_script(c: char, script: unicode_script::Script) -> bool {
    let own = c.script();
    own == script || matches!(own, unicode_script::Script::Common | unicode_script::Script::Inherited)
}

/// Whether a line may break between two characters, one of which belongs to a script without spaces.
pub(super) fn may_break_between(before: Option<char>, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let opens = matches!(before, '（' | '「' | '『' | '【' | '〔' | '《' | '〈' | '“' | '‘' | '(' | '[');
    let closes = matches!(
        after,
        '、' | '。'
            | '，'
            | '．'
            | '）'
            | '」'
            | '』'
            | '】'
            | '〕'
            | '》'
            | '〉'
            | '！'
            | '？'
            | '：'
            | '；'
            | 'ー'
            | '…'
            | '”'
            | '’'
            | ')'
            | ']'
            | '.'
            | ','
    ) || matches!(
        after,
        'ぁ' | 'ぃ'
            | 'ぅ'
            | 'ぇ'
            | 'ぉ'
            | 'っ'
            | 'ゃ'
            | 'ゅ'
            | 'ょ'
            | 'ァ'
            | 'ィ'
            | 'ゥ'
            | 'ェ'
            | 'ォ'
            | 'ッ'
            | 'ャ'
            | 'ュ'
            | 'ョ'
    );
    (is_without_spaces(before) || is_without_spaces(after)) && !opens && !closes
}

const fn is_without_spaces(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(c, '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

/// Text for a single line: runs of white space and control characters become one space, none at the ends, and
/// directional controls cannot affect the following text.
///
/// No-break spaces are kept, since they are deliberate in amounts and names.
pub(super) fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.split(|letter: char| {
        letter.is_control() || turns(letter) || (letter.is_whitespace() && !matches!(letter, '\u{a0}' | '\u{202f}'))
    })
    .filter(|word| !word.is_empty())
    .collect::<Vec<_>>()
    .join(" ")
}
