//! The language that a browser prefers (`Accept-Language`).

use domain::is_of_language;

/// The languages of an `Accept-Language`, most preferred first; ties keep their order.
fn liked(accept_language: &str) -> Vec<&str> {
    let mut languages: Vec<(&str, f32)> = accept_language
        .split(',')
        .map(|entry| {
            let (language, rest) = entry.split_once(';').unwrap_or((entry, ""));
            let liked = rest.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>).unwrap_or(0.0);
            (language.trim(), liked)
        })
        .collect();
    languages.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    languages.into_iter().map(|(language, _)| language).collect()
}

/// The most preferred language.
pub(crate) fn favourite(accept_language: &str) -> Option<&str> {
    liked(accept_language).into_iter().next()
}

/// The entry in the most preferred available language, or the first one.
pub(crate) fn best<'a, T>(accept_language: &str, there: &'a [(&str, T)]) -> Option<&'a T> {
    let in_language = |language: &str| there.iter().find(|(known, _)| is_of_language(language, known));
    let found = liked(accept_language).into_iter().find_map(in_language);
    found.or(there.first()).map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best_of_those_that_there_are_is_chosen() {
        let there = [("en", 0), ("de", 1), ("pt-br", 2)];
        for (accepted, chosen) in [
            ("de-AT,de;q=0.9,en;q=0.8", 1),
            ("fr, en;q=0.1, de;q=0.2", 1),
            ("PT-BR", 2),
            ("pt", 0),
            ("den", 0),
            ("é;q=1", 0),
            ("de;q=x, en;q=0.1", 0),
            ("*", 0),
            ("", 0),
        ] {
            assert_eq!(best(accepted, &there), Some(&chosen), "{accepted}");
        }
        assert_eq!(best::<u8>("en", &[]), None);
    }
}
