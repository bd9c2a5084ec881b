//! Compiles untrusted templates: plain variables with known names, and nothing else. This is the only place that does.
//!
//! Handlebars' parser is recursive and in part quadratic, so a malicious template could crash or stall the process.
//! Therefore each template is first scanned here, in one pass and without recursion (`scan`); anything but text,
//! comments and known variables is refused. `clippy.toml` bans compiling with handlebars anywhere else.

mod error;
mod output;
mod scan;

use handlebars::{Context, Handlebars, RenderContext, Renderable, template::TemplateElement};

pub use error::{Construct, PlainTemplateError, RenderingError};
pub use scan::PlainVariable;

use output::BoundedOutput;

/// The most characters of any template. Callers have lower limits of their own.
pub const LONGEST: usize = 8_000;

/// A template that is safe to render: rendering takes time linear in its output, which is bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainTemplate {
    parsed: handlebars::Template,
    variables: Vec<PlainVariable>,
}

impl PlainTemplate {
    /// Compiles a template. `knows` says which variables are known.
    ///
    /// # Errors
    /// Returns the first problem, with its line.
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
        // If the two parsers disagreed, the scan could be bypassed.
        if !read_alike(&parsed, &variables) {
            return Err(PlainTemplateError::Unreadable { line: 1 });
        }
        Ok(Self { parsed, variables })
    }

    /// Its variables, in order of appearance.
    #[must_use]
    pub fn variables(&self) -> &[PlainVariable] {
        &self.variables
    }

    /// Renders the template with these values, to at most `most_bytes`.
    ///
    /// # Errors
    /// Returns an error if the result would be longer, or if a value is missing.
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
        // The enum is handlebars' and non-exhaustive; no other element is a variable.
        _ => Some((None, false)),
    });
    read.eq(variables.iter().map(|variable| (Some(variable.name.as_str()), variable.escaped)))
}

#[cfg(test)]
mod tests;
