//! The grammar of PDF objects (ISO 32000-1, 7.2 and 7.3), read leniently and at a price.

use lopdf::{Dictionary, Object, ObjectId, StringFormat};

use super::budget::Budget;

/// How deep arrays and dictionaries may be nested. Real files stay below ten.
const DEEPEST: usize = 64;

/// What is wrong with the structure of a PDF.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Something else stands where a part of the structure was looked for.
    #[error("expected {expected} at byte {at}")]
    Syntax {
        /// What was looked for.
        expected: &'static str,
        /// Where: an offset into the file, or into the decompressed stream that holds the object.
        at: usize,
    },
    /// A stream of the structure does not decompress or decrypt.
    #[error("a stream cannot be decoded")]
    Stream(#[source] lopdf::Error),
    /// The budget for reading the file is spent.
    #[error("reading the structure takes too long")]
    OverBudget,
}

/// Where `needle` first occurs.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Where `needle` last occurs.
pub(super) fn find_last(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).rposition(|window| window == needle)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// A place in some bytes, moving forward.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    budget: &'a Budget,
}

impl<'a> Cursor<'a> {
    /// A cursor at an offset, which may lie beyond the end.
    pub(super) fn new(bytes: &'a [u8], at: usize, budget: &'a Budget) -> Self {
        Self { bytes, at, budget }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn fault(&self, expected: &'static str) -> Fault {
        Fault::Syntax { expected, at: self.at }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn advance(&mut self, count: usize) -> Result<(), Fault> {
        self.budget.spend(count)?;
        self.at += count;
        Ok(())
    }

    /// The bytes from here on for which `belongs` holds.
    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> Result<&'a [u8], Fault> {
        let rest = self.rest();
        let count = rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
        self.advance(count)?;
        Ok(&rest[..count])
    }

    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) -> Result<(), Fault> {
        self.take(is_space)?;
        while self.peek() == Some(b'%') {
            self.take(|byte| !matches!(byte, b'\r' | b'\n'))?;
            self.take(is_space)?;
        }
        Ok(())
    }

    /// Skips white space, then `word` if that is what follows.
    pub(super) fn keyword(&mut self, word: &[u8]) -> Result<bool, Fault> {
        self.skip_space()?;
        let found = self.rest().starts_with(word);
        if found {
            self.advance(word.len())?;
        }
        Ok(found)
    }

    /// A number without sign or fraction, after any white space.
    pub(super) fn unsigned(&mut self) -> Result<u64, Fault> {
        self.skip_space()?;
        let at = self.at;
        let digits = self.take(|byte| byte.is_ascii_digit())?;
        parse(digits).ok_or(Fault::Syntax { expected: "a number", at })
    }

    /// The head of an indirect object, `12 0 obj`.
    pub(super) fn object_head(&mut self) -> Result<ObjectId, Fault> {
        let number = u32::try_from(self.unsigned()?).map_err(|_| self.fault("an object number"))?;
        let generation = u16::try_from(self.unsigned()?).map_err(|_| self.fault("a generation number"))?;
        if self.keyword(b"obj")? { Ok((number, generation)) } else { Err(self.fault("the keyword obj")) }
    }

    /// Skips the keyword `stream` and the end of its line, and says whether it was there.
    pub(super) fn stream_keyword(&mut self) -> Result<bool, Fault> {
        let found = self.keyword(b"stream")?;
        if found {
            let rest = self.rest();
            let line_end = if rest.starts_with(b"\r\n") { 2 } else { usize::from(matches!(rest, [b'\r' | b'\n', ..])) };
            self.advance(line_end)?;
        }
        Ok(found)
    }

    /// An object, after any white space.
    pub(super) fn object(&mut self) -> Result<Object, Fault> {
        self.nested(DEEPEST)
    }

    fn nested(&mut self, depth: usize) -> Result<Object, Fault> {
        self.skip_space()?;
        self.budget.spend(size_of::<Object>())?;
        match self.rest() {
            [b'<', b'<', ..] => self.dictionary(depth).map(Object::Dictionary),
            [b'<', ..] => self.hexadecimal(),
            [b'(', ..] => self.literal(),
            [b'/', ..] => self.name().map(Object::Name),
            [b'[', ..] => self.array(depth),
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Object, Fault> {
        let fault = self.fault("an object");
        match self.take(is_regular)? {
            b"true" => Ok(Object::Boolean(true)),
            b"false" => Ok(Object::Boolean(false)),
            b"null" => Ok(Object::Null),
            _ => Err(fault),
        }
    }

    /// A number, or a reference, which starts with two of them.
    fn number(&mut self) -> Result<Object, Fault> {
        let digits = self.take(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.'))?;
        let Some(number) = parse::<i64>(digits) else {
            // Nothing that is read here is a fraction; its value does not matter.
            return Ok(Object::Real(parse(digits).unwrap_or_default()));
        };
        let mut ahead = self.clone();
        if let Ok(number) = u32::try_from(number)
            && let Ok(Ok(generation)) = ahead.unsigned().map(u16::try_from)
            && ahead.keyword(b"R")?
            && !ahead.peek().is_some_and(is_regular)
        {
            self.at = ahead.at;
            return Ok(Object::Reference((number, generation)));
        }
        Ok(Object::Integer(number))
    }

    fn name(&mut self) -> Result<Vec<u8>, Fault> {
        self.advance(1)?;
        let mut raw = self.take(is_regular)?.iter().copied();
        let mut name = Vec::new();
        while let Some(byte) = raw.next() {
            let mut ahead = raw.clone();
            match (byte, ahead.next().and_then(hex), ahead.next().and_then(hex)) {
                (b'#', Some(high), Some(low)) => {
                    name.push(high << 4 | low);
                    raw = ahead;
                }
                _ => name.push(byte),
            }
        }
        Ok(name)
    }

    fn array(&mut self, depth: usize) -> Result<Object, Fault> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.fault("less nesting"))?;
        self.advance(1)?;
        let mut items = Vec::new();
        while !self.keyword(b"]")? {
            items.push(self.nested(depth)?);
        }
        Ok(Object::Array(items))
    }

    fn dictionary(&mut self, depth: usize) -> Result<Dictionary, Fault> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.fault("less nesting"))?;
        self.advance(2)?;
        let mut entries = Dictionary::new();
        while !self.keyword(b">>")? {
            if self.peek() != Some(b'/') {
                return Err(self.fault("a key or the end of the dictionary"));
            }
            let key = self.name()?;
            entries.set(key, self.nested(depth)?);
        }
        Ok(entries)
    }

    fn hexadecimal(&mut self) -> Result<Object, Fault> {
        self.advance(1)?;
        let digits: Vec<u8> = self.take(|byte| byte != b'>')?.iter().copied().filter_map(hex).collect();
        self.advance(1)?;
        let bytes = digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect();
        Ok(Object::String(bytes, StringFormat::Hexadecimal))
    }

    fn literal(&mut self) -> Result<Object, Fault> {
        self.advance(1)?;
        let mut text = Vec::new();
        let mut open = 1_usize;
        while let Some(byte) = self.peek() {
            self.advance(1)?;
            match byte {
                b'\\' => text.extend(self.escaped()?),
                b'(' => open += 1,
                b')' if open == 1 => return Ok(Object::String(text, StringFormat::Literal)),
                b')' => open -= 1,
                _ => {}
            }
            if byte != b'\\' {
                text.push(byte);
            }
        }
        Err(self.fault("the end of a string"))
    }

    /// What follows a backslash: a letter, up to three octal digits, the end of a line, or the character itself.
    fn escaped(&mut self) -> Result<Option<u8>, Fault> {
        let rest = self.rest();
        let (length, byte) = match rest {
            [b'\r', b'\n', ..] => (2, None),
            [b'\r' | b'\n', ..] => (1, None),
            [b'n', ..] => (1, Some(b'\n')),
            [b'r', ..] => (1, Some(b'\r')),
            [b't', ..] => (1, Some(b'\t')),
            [b'b', ..] => (1, Some(0x08)),
            [b'f', ..] => (1, Some(0x0c)),
            [b'0'..=b'7', ..] => {
                let digits = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
                let length = digits.clone().count();
                (length, Some(digits.fold(0_u8, |value, digit| value << 3 | (digit - b'0'))))
            }
            [other, ..] => (1, Some(*other)),
            [] => (0, None),
        };
        self.advance(length)?;
        Ok(byte)
    }
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn parse<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
