//! Rendering of templates with arbitrary values.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::testing::{LINK, variables};
use super::{Language, Template, TemplateError, TemplateWarning, Variable, Variables};
use crate::sms::{BodyError, Encoding, Typography};

fn rendered(text: &str, variables: &Variables<'_>) -> String {
    Template::parse(text).unwrap().render(variables).unwrap().into_text()
}

#[test]
fn every_variable_is_put_in() {
    let text =
        "{{merchant_name}}|{{customer_name}}|{{order_number}}|{{invoice_number}}|{{amount}}|{{expires_on}}|{{link}}";
    assert_eq!(
        rendered(text, &variables()),
        format!("Blue Dove Books|Ada Lovelace|A-1001|INV-2026-0042|1,234.50 EUR|1 Dec 2026|{LINK}")
    );
}

#[test]
fn the_default_template_is_one_gsm7_segment_without_warnings() {
    let preview = Template::default().preview(&variables()).unwrap();
    let segments = preview.body.segments();
    assert_eq!((segments.encoding(), segments.count()), (Encoding::Gsm7, 1));
    assert!(segments.units() < 145, "{}", segments.units());
    assert_eq!(preview.warnings, []);
    assert_eq!(
        preview.body.text(),
        format!("Blue Dove Books: invoice INV-2026-0042, 1,234.50 EUR. View and pay it by 1 Dec 2026: {LINK}")
    );
}

#[test]
fn a_variable_may_be_written_in_every_way_that_means_just_it() {
    for text in ["{{link}}", "{{ link }}", "{{{link}}}", "{{&link}}", "{{~link~}}", "{{! not sent }}{{link}}"] {
        assert_eq!(rendered(text, &variables()), LINK, "{text}");
    }
}

#[test]
fn text_stays_as_it_was_written() {
    assert_eq!(Template::parse("Pay: {{ link }}").unwrap().as_str(), "Pay: {{ link }}");
    for text in ["Pay:\n\n  {{link}}\nThanks", "a } b { c }} {{link}}", "5 < 6 & \"7\" {{link}}"] {
        assert_eq!(rendered(text, &variables()), text.replace("{{link}}", LINK));
    }
}

#[test]
fn metadata_stands_in_the_text_and_what_is_lacking_is_told() {
    let template = Template::parse("{{merchant_name}}, table {{metadata.table}}{{metadata.seat}}: {{link}}").unwrap();
    let example = template.preview(&variables()).unwrap();
    assert_eq!(example.body.text(), format!("Blue Dove Books, table tableseat: {LINK}"), "an example shows the keys");
    assert_eq!(example.warnings, []);
    let metadata = BTreeMap::from([("table".to_owned(), "7\nb".to_owned())]);
    let preview = template.preview(&Variables { metadata: Some(&metadata), ..variables() }).unwrap();
    assert_eq!(preview.body.text(), format!("Blue Dove Books, table 7 b: {LINK}"));
    assert_eq!(preview.warnings, [TemplateWarning::NoMetadata { key: "seat".to_owned() }]);
    assert_eq!(
        preview.warnings[0].to_string(),
        "Neither the link nor its order has metadata seat: nothing stands in its place."
    );
}

#[test]
fn a_metadata_key_in_a_template_is_a_plain_identifier() {
    for name in ["metadata.table", "metadata.Table_2", "metadata._"] {
        assert!(Template::parse(&format!("{{{{{name}}}}} {{{{link}}}}")).is_ok(), "{name}");
    }
    for name in ["metadata", "metadata.", "metadata.2nd", "metadata.a-b", "metadata.a.b", "metadata.é", "metadatatable"]
    {
        assert!(Template::parse(&format!("{{{{{name}}}}} {{{{link}}}}")).is_err(), "{name}");
    }
}

#[test]
fn a_template_has_a_language_and_its_typography_or_none() {
    let template = Template::parse("It’s {{amount}} until {{expires_on}}: {{link}}").unwrap();
    let text = |template: Template| template.render(&variables()).unwrap().into_text();
    let german = text(template.clone().in_language(Language::De));
    assert_eq!(german, format!("It's 1.234,50 EUR until 1.12.2026: {LINK}"));
    let typeset = text(template.set(Typography::AsWritten));
    assert_eq!(typeset, format!("It’s 1,234.50 EUR until 1 Dec 2026: {LINK}"));
}

#[test]
fn a_value_is_never_read_as_a_template() {
    let hostile =
        Variables { customer_name: "{{link}} {{#each this}}{{this}}{{/each}} {{{merchant_name}}}", ..variables() };
    assert_eq!(rendered("{{customer_name}}: {{link}}", &hostile), format!("{}: {LINK}", hostile.customer_name));
}

#[test]
fn a_value_is_not_escaped_for_html() {
    let shop = Variables { merchant_name: "Smith & Sons <\"best\"> 'n more", ..variables() };
    for text in ["{{merchant_name}} {{link}}", "{{{merchant_name}}} {{link}}", "{{&merchant_name}} {{link}}"] {
        assert_eq!(rendered(text, &shop), format!("{} {LINK}", shop.merchant_name));
    }
}

#[test]
fn a_value_cannot_add_a_line_or_turn_the_text_around() {
    let hostile = Variables { customer_name: "Ada\n\nYour code is 1234\u{202e}\0", ..variables() };
    assert_eq!(rendered("Hi {{customer_name}}, {{link}}", &hostile), format!("Hi Ada Your code is 1234, {LINK}"));
}

#[test]
fn values_that_make_the_text_too_long_are_an_error() {
    let long = "x".repeat(1_600);
    let values = Variables { customer_name: &long, ..variables() };
    let error = Template::parse("{{customer_name}} {{link}}").unwrap().render(&values).unwrap_err();
    assert!(matches!(error, TemplateError::Body(BodyError::TooLong { characters: 1_649 })), "{error:?}");
}

#[test]
fn what_is_rendered_is_made_plain_before_it_is_counted() {
    let template = Template::parse("It’s ready: {{link}}").unwrap();
    let body = template.render(&variables()).unwrap();
    assert_eq!(body.text(), format!("It's ready: {LINK}"));
    assert_eq!(body.segments().encoding(), Encoding::Gsm7);
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_refused_and_never_a_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "{{", "}}", "{{{", "}}}", "{{{{", "}}}}", "#", "/", "^", "else", ">", "*", "!", "!--", "--", "&", "~", "link",
                "amount", "if", "as |x|", "(", ")", "[", "]", "\"", "'", "=", ".", "..", "@root", "this", "true", "1", "\\",
                "\n", " ", "é", "😀", "a=b",
            ]),
            0..24,
        ),
    ) {
        let text = parts.concat();
        if let Ok(template) = Template::parse(&text) {
            let used_link = template.render(&variables()).map(|body| body.text().contains("https://pay.example.com"));
            prop_assert!(used_link.unwrap_or(true));
        }
    }

    #[test]
    fn whatever_the_name_it_stands_in_the_text_as_it_is(name in "[ -~éß€]{1,60}") {
        let values = Variables { customer_name: &name, ..variables() };
        let expected = format!("Hi {}, {LINK}", values.value(Variable::CustomerName));
        prop_assume!(!name.contains('`'));
        prop_assert_eq!(rendered("Hi {{customer_name}}, {{link}}", &values), expected);
    }
}
