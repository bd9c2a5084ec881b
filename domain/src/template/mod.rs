//! The template of the text that carries a payment link: handlebars, restricted to plain variables.
//!
//! `{{merchant_name}}: invoice {{invoice_number}}, {{amount}}. View and pay it here: {{link}}`
//!
//! A template is validated completely when it is saved, before handlebars sees it, so sending can fail only if the values make the text too
//! long. Values are inserted verbatim: they are never parsed as templates, nor escaped for HTML, since the result is plain text.

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

/// The most characters that a template may have.
pub(crate) const LONGEST_TEMPLATE: usize = 1_000;

/// The most bytes that a template may make: more than any message takes, so that a message too long is told with its length.
const MOST_BYTES: usize = 256 * 1024;

/// A template that can be rendered: it parses, uses known variables only, and has the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    plain: PlainTemplate,
    typography: Typography,
    language: Language,
}

impl Template {
    /// Reads and checks a template as a merchant wrote it.
    ///
    /// # Errors
    /// The first thing wrong with it, with its line: see [`TemplateError`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::parse_for(Purpose::Request, text)
    }

    /// The same for a text of this purpose, which may need no link.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn parse_for(purpose: Purpose, text: &str) -> Result<Self, TemplateError> {
        check::shorteners(text)?;
        Self::parse_draft(purpose, text)
    }

    /// Reads a template to be previewed: what carriers would filter is warned of there, and not refused yet.
    ///
    /// # Errors
    /// As [`Template::parse`], but for shared shorteners.
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

    /// The same in this typography.
    #[must_use]
    pub fn set(self, typography: Typography) -> Self {
        Self { typography, ..self }
    }

    /// The same as a text in this language, in which it writes days.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The keys of metadata that it uses.
    pub(crate) fn metadata_keys(&self) -> impl Iterator<Item = &str> {
        self.plain.variables().iter().filter_map(|variable| metadata_key(&variable.name))
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text of a message, ready to be counted and sent.
    ///
    /// # Errors
    /// [`TemplateError::Body`] if it is longer than a message may be, which long names can make it.
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

/// No helpers of our own, no partials; a variable without a value is an error, and nothing is escaped.
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
