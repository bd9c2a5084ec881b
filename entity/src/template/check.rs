//! What a template may consist of.

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};

use super::{Construct, LONGEST_TEMPLATE, TemplateError, Variable};
use crate::sms::{forbidden_control_in, shared_shortener_in};

/// Checks what can be seen before handlebars reads it; the length first, so that its parser is never given much.
pub(super) fn text(text: &str) -> Result<(), TemplateError> {
    let characters = text.chars().count();
    if characters > LONGEST_TEMPLATE {
        return Err(TemplateError::TooLong { characters });
    }
    for (line, content) in (1..).zip(text.split('\n')) {
        if let Some(character) = forbidden_control_in(content) {
            return Err(TemplateError::ControlCharacter { character, line });
        }
    }
    Ok(())
}

/// Checks that there is no link which carriers would filter.
pub(super) fn shorteners(text: &str) -> Result<(), TemplateError> {
    for (line, content) in (1..).zip(text.split('\n')) {
        if let Some(host) = shared_shortener_in(content) {
            return Err(TemplateError::SharedShortener { host, line });
        }
    }
    Ok(())
}

/// Checks that there is nothing but text, comments and known variables, the link among them.
pub(super) fn elements(parsed: &handlebars::Template) -> Result<(), TemplateError> {
    let mut has_link = false;
    for (element, place) in parsed.elements.iter().zip(&parsed.mapping) {
        has_link |= variable_in(element, place.0)? == Some(Variable::Link);
    }
    if has_link { Ok(()) } else { Err(TemplateError::NoLink) }
}

/// The variable that an element is, or `None` for what is only text.
fn variable_in(element: &TemplateElement, line: usize) -> Result<Option<Variable>, TemplateError> {
    let construct = match element {
        TemplateElement::RawString(_) | TemplateElement::Comment(_) => return Ok(None),
        TemplateElement::Expression(expression) | TemplateElement::HtmlExpression(expression) => {
            return variable(expression, line).map(Some);
        }
        TemplateElement::HelperBlock(_) => Construct::Block,
        TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => Construct::Partial,
        TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => Construct::Decorator,
        // Not ours, and open to additions: whatever else there will be is no variable.
        _ => Construct::Helper,
    };
    Err(TemplateError::NotAVariable { construct, line })
}

fn variable(expression: &HelperTemplate, line: usize) -> Result<Variable, TemplateError> {
    let name = match &expression.name {
        Parameter::Subexpression(_) => return Err(not_a_variable(Construct::Subexpression, line)),
        Parameter::Literal(_) => return Err(not_a_variable(Construct::Literal, line)),
        name => name.as_name().unwrap_or_default(),
    };
    if !expression.params.is_empty() || !expression.hash.is_empty() || expression.block_param.is_some() {
        return Err(not_a_variable(Construct::Helper, line));
    }
    Variable::named(name).ok_or_else(|| TemplateError::UnknownVariable { name: name.to_owned(), line })
}

const fn not_a_variable(construct: Construct, line: usize) -> TemplateError {
    TemplateError::NotAVariable { construct, line }
}

#[cfg(test)]
mod tests;
