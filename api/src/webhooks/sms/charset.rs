//! Decodes bodies as gateways send them: UTF-8, the charset they declare, or undeclared Latin-1.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use percent_encoding::percent_decode;

/// The charset of a content type, if it is known.
pub(super) fn named(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1);
    let value =
        parameters.filter_map(|one| one.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    value.and_then(|(_, label)| label_of(label))
}

/// The charset with this name.
pub(super) fn label_of(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches('"');
    // Kannel's name for it.
    let label = if label.eq_ignore_ascii_case("UTF16-BE") { "UTF-16BE" } else { label };
    Encoding::for_label(label.as_bytes())
}

/// Decodes bytes in this charset; without one as UTF-8 if valid, else as Windows-1252.
pub(super) fn text(bytes: &[u8], charset: Option<&'static Encoding>) -> String {
    match charset {
        Some(charset) if charset != UTF_8 => charset.decode_without_bom_handling(bytes).0.into_owned(),
        Some(_) | None => match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
        },
    }
}

/// The names and values of a form. A form that names its charset in a field (`charset=ISO-8859-1`, as Kannel does) is
/// decoded with it.
pub(super) fn form(bytes: &[u8], charset: Option<&'static Encoding>) -> Vec<(String, String)> {
    type Raw<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);
    let raw: Vec<Raw<'_>> = bytes
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            (unescaped(&pair[..at]), unescaped(pair.get(at + 1..).unwrap_or_default()))
        })
        .collect();
    let says_charset = |(name, _): &&Raw<'_>| name.eq_ignore_ascii_case(b"charset");
    let own = raw.iter().find(says_charset).and_then(|(_, label)| label_of(&String::from_utf8_lossy(label)));
    let charset = charset.or(own);
    // Names are ASCII, whatever the charset of the values.
    raw.iter().map(|(name, value)| (text(name, None), text(value, charset))).collect()
}

/// Decodes `+` to a space and `%E9` to a byte.
fn unescaped(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(bytes);
    }
    let spaced: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8], content_type: &str) -> String {
        form(bytes, named(content_type)).into_iter().find(|(name, _)| name == "text").unwrap().1
    }

    #[test]
    fn a_text_is_read_in_the_charset_in_which_it_was_written() {
        let plain = "application/x-www-form-urlencoded";
        for (bytes, content_type, text) in [
            (&b"text=caf%C3%A9+au+lait"[..], plain, "café au lait"),
            (b"text=caf%E9", plain, "café"),
            (b"text=caf\xe9", plain, "café"),
            (b"text=%80+5", plain, "€ 5"),
            (b"text=caf%E9", "application/x-www-form-urlencoded; charset=iso-8859-1", "café"),
            (b"text=%F3%F2%EF%F0", "application/x-www-form-urlencoded; charset=\"ISO-8859-7\"", "σςοπ"),
            (b"text=caf%C3%A9", "application/x-www-form-urlencoded; charset=utf-8", "café"),
            (b"charset=ISO-8859-1&text=%C3%A9", plain, "Ã©"),
            (b"text=%00S%00T%00O%00P&charset=UTF16-BE", plain, "STOP"),
            (b"a&text=1%2B1%3D2&=x", plain, "1+1=2"),
            (b"text=100%", plain, "100%"),
        ] {
            assert_eq!(one(bytes, content_type), text, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(text(b"\xef\xbb\xbfSTOP", None), "STOP");
        assert_eq!(named("text/plain; charset=nonsense"), None);
    }
}
