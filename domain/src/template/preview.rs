//! Previews of a template, with warnings for the merchant.

use std::fmt;

use super::{Template, TemplateError, Variable, Variables};
use crate::sms::{Body, Replacement, Ucs2Character, first_ucs2_character, shared_shortener_in, transliterate};

/// Texts with more characters than this are rarely read to the end.
const LONG: usize = 320;

/// A message as it would be sent, with warnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The text and its size: `body.text()`, `body.segments()`.
    pub body: Body,
    /// The warnings. None prevents sending; each has a `Display` for people.
    pub warnings: Vec<TemplateWarning>,
}

/// Something that makes a message more expensive or harder to understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateWarning {
    /// The text does not say who it is from.
    NoMerchantName,
    /// The link touches other characters and may not open.
    LinkNotApart,
    /// The text is long.
    Long {
        /// The number of characters.
        characters: usize,
    },
    /// It links through a public shortener.
    SharedShortener {
        /// The shortener.
        host: &'static str,
    },
    /// A character makes the text UCS-2.
    Ucs2(Ucs2Character),
    /// Neither the link nor its order has metadata under this key.
    NoMetadata {
        /// The key.
        key: String,
    },
    /// Typography was replaced, which kept the text in GSM-7.
    MadePlain(Vec<Replacement>),
}

impl Template {
    /// Renders the template and collects warnings.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn preview(&self, variables: &Variables<'_>) -> Result<Preview, TemplateError> {
        let body = self.render(variables)?;
        let text = body.text();
        let characters = text.chars().count();
        let merchant = variables.value(Variable::MerchantName);
        let lacking = self.metadata_keys().filter(|key| variables.lacks(key));
        let lacking = lacking.map(|key| TemplateWarning::NoMetadata { key: key.to_owned() }).collect::<Vec<_>>();
        let warnings = [
            (!names(text, &merchant)).then_some(TemplateWarning::NoMerchantName),
            (!stands_apart(text, &variables.value(Variable::Link))).then_some(TemplateWarning::LinkNotApart),
            (characters > LONG).then_some(TemplateWarning::Long { characters }),
            shared_shortener_in(text).map(|host| TemplateWarning::SharedShortener { host }),
            first_ucs2_character(text).map(TemplateWarning::Ucs2),
            (!body.replaced().is_empty()).then(|| TemplateWarning::MadePlain(body.replaced().to_vec())),
        ];
        Ok(Preview { warnings: warnings.into_iter().flatten().chain(lacking).collect(), body })
    }
}

/// Whether the text contains the merchant's name, as written or with plain typography.
fn names(text: &str, merchant: &str) -> bool {
    !merchant.is_empty() && (text.contains(merchant) || text.contains(&transliterate(merchant).text))
}

/// Whether phones would recognize every occurrence of the link.
fn stands_apart(text: &str, link: &str) -> bool {
    let runs_on = |character: char| character.is_alphanumeric() || "/?&=#%-_@~+".contains(character);
    text.match_indices(link).all(|(at, link)| {
        let before = text[..at].chars().next_back();
        let after = text[at + link.len()..].chars().next();
        !before.is_some_and(runs_on) && !after.is_some_and(runs_on)
    })
}

impl fmt::Display for TemplateWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMerchantName => f.write_str("The text does not say who it is from: use {{merchant_name}}."),
            Self::LinkNotApart => f.write_str("The link touches other text and may not open: put spaces around it."),
            Self::Long { characters } => {
                write!(f, "The text has {characters} characters; more than {LONG} are seldom read to the end.")
            }
            Self::SharedShortener { host } => {
                write!(f, "Carriers filter texts with links through {host}: a template with one is not taken.")
            }
            Self::NoMetadata { key } => {
                write!(f, "Neither the link nor its order has metadata {key}: nothing stands in its place.")
            }
            Self::Ucs2(cause) => describe_ucs2(f, *cause),
            Self::MadePlain(replaced) => {
                let list: Vec<String> = replaced.iter().map(ToString::to_string).collect();
                write!(f, "Replaced by plain characters, which cost less: {}.", list.join(", "))
            }
        }
    }
}

fn describe_ucs2(f: &mut fmt::Formatter<'_>, cause: Ucs2Character) -> fmt::Result {
    let character = cause.character;
    if character.is_control() || character.is_whitespace() {
        write!(f, "U+{:04X}", u32::from(character))?;
    } else {
        write!(f, "\"{character}\"")?;
    }
    let them = match cause.others {
        0 => {
            f.write_str(" makes")?;
            "it"
        }
        1 => {
            f.write_str(" and one other character make")?;
            "them"
        }
        others => {
            write!(f, " and {others} other characters make")?;
            "them"
        }
    };
    f.write_str(" this a Unicode message, which ")?;
    match cause.segments_saved {
        0 => f.write_str("holds less than half as much but costs no more at this length."),
        1 => write!(f, "takes one segment more than without {them}."),
        saved => write!(f, "takes {saved} segments more than without {them}."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{LINK, variables};
    use super::{Template, TemplateWarning, Ucs2Character, Variables};
    use crate::template::Purpose;

    fn warnings(text: &str, variables: &Variables<'_>) -> Vec<TemplateWarning> {
        Template::parse(text).unwrap().preview(variables).unwrap().warnings
    }

    #[test]
    fn a_preview_warns_of_what_makes_a_message_dear() {
        let polish = Variables { customer_name: "Wisława Szymborska", ..variables() };
        let found = warnings("{{merchant_name}}, {{customer_name}}: {{link}}", &polish);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["\"ł\" makes this a Unicode message, which takes one segment more than without it."]);
        let found = warnings("{{merchant_name}} ‘{{amount}}’ – {{link}}", &variables());
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["Replaced by plain characters, which cost less: ‘ → ', ’ → ', – → -."]);
    }

    #[test]
    fn a_unicode_warning_counts_the_characters_and_what_they_cost() {
        let told = |character, others, segments_saved| {
            TemplateWarning::Ucs2(Ucs2Character { character, others, segments_saved }).to_string()
        };
        assert_eq!(
            told('ł', 1, 3),
            "\"ł\" and one other character make this a Unicode message, which takes 3 segments more than without them."
        );
        assert_eq!(
            told('\u{2003}', 2, 0),
            "U+2003 and 2 other characters make this a Unicode message, which holds less than half as much but costs \
             no more at this length."
        );
    }

    #[test]
    fn a_preview_warns_of_a_text_without_the_merchants_name() {
        assert_eq!(warnings("Pay here: {{link}}", &variables()), [TemplateWarning::NoMerchantName]);
        assert_eq!(warnings("Blue Dove Books: {{link}}", &variables()), []);
        let typeset = Variables { merchant_name: "Ada’s Books", ..variables() };
        let found = warnings("{{merchant_name}}: {{link}}", &typeset);
        assert!(matches!(found.as_slice(), [TemplateWarning::MadePlain(_)]), "{found:?}");
        let nameless = Variables { merchant_name: " ", ..variables() };
        assert_eq!(warnings("{{merchant_name}}: {{link}}", &nameless), [TemplateWarning::NoMerchantName]);
    }

    #[test]
    fn a_preview_warns_of_a_link_that_touches_other_text() {
        for text in [
            "{{link}}{{merchant_name}}",
            "{{link}}/{{merchant_name}}",
            "{{merchant_name}}{{link}}",
            "{{link}}? {{merchant_name}}",
        ] {
            assert_eq!(warnings(text, &variables()), [TemplateWarning::LinkNotApart], "{text}");
        }
        for text in
            ["{{merchant_name}} ({{link}}).", "{{merchant_name}}\n{{link}}\n", "{{merchant_name}}:{{link}}, thanks"]
        {
            assert_eq!(warnings(text, &variables()), [], "{text}");
        }
    }

    #[test]
    fn a_preview_warns_of_a_shortener_that_carriers_filter() {
        let draft = Template::parse_draft(Purpose::Request, "{{merchant_name}} bit.ly/x {{link}}").unwrap();
        let found = draft.preview(&variables()).unwrap().warnings;
        assert_eq!(found, [TemplateWarning::SharedShortener { host: "bit.ly" }]);
        assert!(found[0].to_string().contains("bit.ly"));
        // A name may contain a shortener as well.
        let named = Variables { customer_name: "tinyurl.com/x", ..variables() };
        let found = warnings("{{merchant_name}} {{customer_name}} {{link}}", &named);
        assert_eq!(found, [TemplateWarning::SharedShortener { host: "tinyurl.com" }]);
    }

    #[test]
    fn a_preview_warns_of_more_than_320_characters() {
        let of_length =
            |length: usize| "{{merchant_name}} ".to_owned() + &"x".repeat(length - 16 - 1 - LINK.len()) + " {{link}}";
        assert_eq!(warnings(&of_length(320), &variables()), []);
        assert_eq!(warnings(&of_length(321), &variables()), [TemplateWarning::Long { characters: 321 }]);
    }
}
