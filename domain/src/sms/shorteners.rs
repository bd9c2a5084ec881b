//! Public URL shorteners. Carriers filter texts that contain them, so we do not send any.

/// Host names under which anybody can shorten a link.
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

/// The first shared shortener that a text links to, with or without `https://`, or `None`.
///
/// Whole host names are compared, without regard to case: `www.bit.ly` is one, `bit.lyon.example`, `orbit.ly` and the
/// file `shop.example/t.ly` are not.
pub(crate) fn shared_shortener_in(text: &str) -> Option<&'static str> {
    hosts_in(text).find_map(|host| SHARED.iter().copied().find(|shared| is_or_is_below(host, shared)))
}

/// Whatever in the text could be the host of a link: runs of host name characters, but for the segments of a path.
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

/// Letters without case (those of Chinese, say) are text that runs into a link, not a part of its host name.
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
