//! Public URL shorteners. Carriers filter texts that contain one, so they are not sent.

/// Hosts on which anyone can shorten links.
const SHARED: &[&str] = &[
    "bit.ly",
    "bitly.com",
    "j.mp",
    "tinyurl.com",
    "t.ly",
    "is.gd",
    "v.gd",
    "ow.ly",
    "buff.ly",
    "cutt.ly",
    "rb.gy",
    "rebrand.ly",
    "lnkd.in",
    "tiny.cc",
    "goo.gl",
    "bit.do",
    "shorturl.at",
    "t.co",
    "adf.ly",
];

/// The first public shortener that a text links to, with or without `https://`.
///
/// Whole host names are compared, ignoring case: `www.bit.ly` matches, but `bit.lyon.example`, `orbit.ly` and the file
/// `shop.example/t.ly` do not.
pub(crate) fn shared_shortener_in(text: &str) -> Option<&'static str> {
    hosts_in(text).find_map(|host| SHARED.iter().copied().find(|shared| is_or_is_below(host, shared)))
}

/// The parts of the text that could be a link's host: runs of host name characters outside of paths.
fn hosts_in(text: &str) -> impl Iterator<Item = &str> {
    let mut end = 0;
    text.split_inclusive(|character| !is_host_character(character)).filter_map(move |piece| {
        let before = &text[..end];
        end += piece.len();
        let in_path = before.ends_with('/') && !before.ends_with("//");
        let host = piece.trim_matches(|c| !is_host_character(c) || matches!(c, '.' | '-'));
        (!in_path).then_some(host)
    })
}

/// Whether a character can be in a host name. Letters without case (such as Chinese ones) are text next to a link, not
/// part of its host.
fn is_host_character(character: char) -> bool {
    matches!(character, '.' | '-' | '_' | '0'..='9') || character.is_lowercase() || character.is_uppercase()
}

fn is_or_is_below(host: &str, domain: &str) -> bool {
    let Some(at) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let ends_so = host.is_char_boundary(at) && host[at..].eq_ignore_ascii_case(domain);
    ends_so && (at == 0 || host[..at].ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{SHARED, shared_shortener_in};

    #[test]
    fn a_shared_shortener_is_found_wherever_a_link_may_stand() {
        for text in [
            "bit.ly/abc",
            "https://bit.ly/abc",
            "HTTPS://BIT.LY/ABC",
            "Pay: http://www.bit.ly:443/abc?x=1",
            "(bit.ly/abc)",
            "See bit.ly.",
            "-bit.ly/abc-",
            "see=bit.ly/a,or call",
            "https://shop.example/go?to=https://bit.ly/abc",
            "首页bit.ly/abc",
            "{{order_number}}bit.ly/{{order_number}}",
            "bit.ly",
            "//bit.ly",
            "line one\nbit.ly/abc",
        ] {
            assert_eq!(shared_shortener_in(text), Some("bit.ly"), "{text}");
        }
    }

    #[test]
    fn a_host_that_only_looks_like_one_is_let_through() {
        for text in [
            "",
            "bit.lyon.example",
            "https://bit.ly.example/abc",
            "orbit.ly/abc",
            "my-bit.ly",
            "my_bit.ly",
            "übit.ly",
            "bit.ly-offer.example",
            "bit ly",
            "bitly",
            "shop.example/t.ly",
            "https://shop.example/t.co/x",
            "https://pay.example/p/abc",
            "{{link}}",
            "is.gdansk.example",
            "at.com",
            "Order 12.5 is.",
        ] {
            assert_eq!(shared_shortener_in(text), None, "{text}");
        }
    }

    #[test]
    fn every_shortener_of_the_list_is_found_and_the_first_is_named() {
        for shared in SHARED {
            assert_eq!(shared_shortener_in(&format!("Go to {shared}/x now")), Some(*shared));
        }
        assert_eq!(shared_shortener_in("t.ly/a and bit.ly/b"), Some("t.ly"));
    }
}
