//! Minimal HTML for the sandbox's pages.

use poem::{Response, http::StatusCode};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}\
h1{font-size:1.4rem}.amount{font-size:2.4rem;font-weight:600;margin:.5rem 0}.quiet{color:#697386}\
button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.4rem;background:#4b45c6;color:#fff;cursor:pointer}\
a{color:#4b45c6}article{border:1px solid #e3e8ee;border-radius:.5rem;padding:.8rem 1rem;margin:1rem 0}\
pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0}\
input{font:inherit;padding:.5rem;border:1px solid #c1c9d2;border-radius:.4rem;width:60%}";

/// A page with this title and this body, which is HTML already.
pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    Response::builder()
        .status(status)
        .header("Cache-Control", "no-store")
        .header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
        .content_type("text/html; charset=utf-8")
        .body(html)
}

/// `text` as it must be written into HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// `text` with its web addresses made into links.
pub(crate) fn with_links(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(word_with_link).collect()
}

fn word_with_link(word: &str) -> String {
    let Some(start) = ["http://", "https://"].iter().filter_map(|scheme| word.find(scheme)).min() else {
        return escape(word);
    };
    let (before, rest) = word.split_at(start);
    let address = rest.trim_end().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    let (href, after) = (escape(address), &rest[address.len()..]);
    format!("{}<a href=\"{href}\">{href}</a>{}", escape(before), escape(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_text_becomes_a_link_without_the_full_stop_after_it() {
        assert_eq!(
            with_links("Pay <here>: http://127.0.0.1/p/x?a=1&b=2.\nThanks"),
            "Pay &lt;here&gt;: <a href=\"http://127.0.0.1/p/x?a=1&amp;b=2\">http://127.0.0.1/p/x?a=1&amp;b=2</a>.\nThanks"
        );
    }
}
