//! The only way to turn somebody else's text into a template: plain variables with known names, and nothing more.
//!
//! Handlebars' parser is recursive, and takes quadratic time for some inputs: an arbitrary text could bring down the process. So a text is
//! first scanned here, in one pass and without recursion (`scan`), and everything but text, comments and known variables is refused.
//! `clippy.toml` bans handlebars' own compile functions everywhere else.

mod error;
mod output;
mod scan;

use handlebars::{Context, Handlebars, RenderContext, Renderable, template::TemplateElement};

pub use error::{Construct, PlainTemplateError, RenderingError};
pub use scan::PlainVariable;

use output::BoundedOutput;

/// The most characters that any template may have. Callers have limits of their own, below this.
pub const LONGEST: usize = 8_000;

/// A template that can be rendered without harm: its time is that of writing its output, which is bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainTemplate {
    parsed: handlebars::Template,
    variables: Vec<PlainVariable>,
}

impl PlainTemplate {
    /// Reads a text whose variables are those that `knows` knows.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line.
    pub fn compile(text: &str, knows: impl Fn(&str) -> bool) -> Result<Self, PlainTemplateError> {
        if text.chars().nth(LONGEST).is_some() {
            return Err(PlainTemplateError::TooLong);
        }
        let variables = scan::variables(text)?;
        if let Some(PlainVariable { name, line, .. }) = variables.iter().find(|variable| !knows(&variable.name)) {
            return Err(PlainTemplateError::UnknownVariable { name: name.clone(), line: *line });
        }
        #[expect(clippy::disallowed_methods, reason = "the one place, behind the scan")]
        let parsed = handlebars::Template::compile(text).map_err(PlainTemplateError::handlebars)?;
        // Two readers that disagree would be a way around the first one.
        if !read_alike(&parsed, &variables) {
            return Err(PlainTemplateError::Unreadable { line: 1 });
        }
        Ok(Self { parsed, variables })
    }

    /// Its variables, in the order in which they stand.
    #[must_use]
    pub fn variables(&self) -> &[PlainVariable] {
        &self.variables
    }

    /// What it makes of these values: no more than `most_bytes`.
    ///
    /// # Errors
    /// When it would be longer, or a value is missing.
    pub fn render(
        &self,
        handlebars: &Handlebars<'_>,
        values: serde_json::Value,
        most_bytes: usize,
    ) -> Result<String, RenderingError> {
        let context = Context::from(values);
        let mut output = BoundedOutput::new(most_bytes);
        match self.parsed.render(handlebars, &context, &mut RenderContext::new(None), &mut output) {
            _ if output.is_full() => Err(RenderingError::TooLong { most_bytes }),
            Ok(()) => Ok(output.into_text()),
            Err(error) => Err(RenderingError::Handlebars(Box::new(error))),
        }
    }
}

fn read_alike(parsed: &handlebars::Template, variables: &[PlainVariable]) -> bool {
    let read = parsed.elements.iter().filter_map(|element| match element {
        TemplateElement::RawString(_) | TemplateElement::Comment(_) => None,
        TemplateElement::Expression(expression) => Some((expression.name.as_name(), true)),
        TemplateElement::HtmlExpression(expression) => Some((expression.name.as_name(), false)),
        // Not ours, and open to additions: whatever else there will be is no variable.
        _ => Some((None, false)),
    });
    read.eq(variables.iter().map(|variable| (Some(variable.name.as_str()), variable.escaped)))
}

#[cfg(test)]
mod tests;
