//! Templates of texts about payment links: handlebars restricted to plain variables.
//!
//! `{{merchant_name}}: invoice {{invoice_number}}, {{amount}}. View and pay it here: {{link}}`
//!
//! A template is checked completely when it is saved, before handlebars parses it, so that sending can only fail
//! because the values are too long. Values are inserted literally: they are not parsed as templates, nor escaped for
//! HTML, because the result is plain text.

mod check;
mod error;
mod language;
mod preview;
mod purpose;
mod variables;

use std::sync::LazyLock;

use handlebars::{Handlebars, no_escape};

pub use error::TemplateError;
pub use language::Language;
pub use preview::{Preview, TemplateWarning};
pub use purpose::Purpose;
pub use variables::{Variable, Variables};

use variables::metadata_key;

use crate::{
    plain_template::PlainTemplate,
    sms::{Body, Typography},
};

/// The most characters of a template.
pub(crate) const LONGEST_TEMPLATE: usize = 1_000;

/// The most bytes of a rendered template: more than any message may have, so that the error for a long message can tell
/// its length.
const MOST_BYTES: usize = 256 * 1024;

/// A checked template: it parses, uses only known variables, and has the link if its purpose needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    plain: PlainTemplate,
    typography: Typography,
    language: Language,
}

impl Template {
    /// Parses and checks a merchant's template.
    ///
    /// # Errors
    /// Returns the first problem, with its line: see [`TemplateError`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::parse_for(Purpose::Request, text)
    }

    /// Parses and checks a template for this purpose, which may not need a link.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn parse_for(purpose: Purpose, text: &str) -> Result<Self, TemplateError> {
        check::shorteners(text)?;
        Self::parse_draft(purpose, text)
    }

    /// Parses a template for a preview, which warns of links that carriers filter instead of refusing them.
    ///
    /// # Errors
    /// As [`Template::parse`], except for public shorteners.
    pub fn parse_draft(purpose: Purpose, text: &str) -> Result<Self, TemplateError> {
        check::text(text)?;
        let plain =
            PlainTemplate::compile(text, |name| Variable::named(name).is_some() || metadata_key(name).is_some())?;
        let has_link = plain.variables().iter().any(|variable| variable.name == Variable::Link.name());
        if purpose.needs_link() && !has_link {
            return Err(TemplateError::NoLink);
        }
        Ok(Self { text: text.to_owned(), plain, typography: Typography::default(), language: Language::En })
    }

    /// Sets the treatment of typography.
    #[must_use]
    pub fn set(self, typography: Typography) -> Self {
        Self { typography, ..self }
    }

    /// Sets the language, which determines the format of dates.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The metadata keys that it uses.
    pub(crate) fn metadata_keys(&self) -> impl Iterator<Item = &str> {
        self.plain.variables().iter().filter_map(|variable| metadata_key(&variable.name))
    }

    /// The template's source.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Renders a message, ready to be counted and sent.
    ///
    /// # Errors
    /// Returns [`TemplateError::Body`] if the message is too long, which long names can cause.
    pub fn render(&self, variables: &Variables<'_>) -> Result<Body, TemplateError> {
        let values = variables.values(self.language, self.metadata_keys());
        let text = self.plain.render(&STRICT, values.into(), MOST_BYTES)?;
        Ok(Body::set(&text, self.typography)?)
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::parse(Purpose::Request.default_text(Language::En)).expect("the default template is checked by a test")
    }
}

/// Has no helpers or partials, escapes nothing, and treats missing values as errors.
static STRICT: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(no_escape);
    handlebars
});

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
