//! Refused templates and their error messages.

use super::super::{LONGEST_TEMPLATE, Template, TemplateError};
use crate::plain_template::{Construct, PlainTemplateError};

fn refusal(text: &str) -> TemplateError {
    Template::parse(text).expect_err(text)
}

#[test]
fn an_unknown_variable_is_named_with_its_line() {
    for (text, expected_name, expected_line) in [
        ("{{link}} {{name}}", "name", 1),
        ("{{link}}\n\n{{Amount}}", "Amount", 3),
        ("Hi\r\n{{link}}\r\n{{customer-name}}", "customer-name", 3),
        ("{{link}}{{this.link}}", "this.link", 1),
        ("{{link}}{{./link}}", "./link", 1),
        ("{{link}}{{../link}}", "../link", 1),
        ("{{link}}{{@root.link}}", "@root.link", 1),
        ("{{link}}{{@index}}", "@index", 1),
        ("{{link}}{{link.length}}", "link.length", 1),
        ("{{link}}{{amount/minor}}", "amount/minor", 1),
        ("{{link}}{{true}}", "true", 1),
        ("{{link}}{{lookup}}", "lookup", 1),
    ] {
        match refusal(text) {
            TemplateError::UnknownVariable { name, line } => {
                assert_eq!((name.as_str(), line), (expected_name, expected_line), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(
        refusal("{{link}}\n{{name}}").to_string(),
        "line 2: there is no variable {{name}}; there are merchant_name, customer_name, order_number, \
         invoice_number, amount, link, expires_on"
    );
}

#[test]
fn nothing_of_handlebars_but_variables_is_taken() {
    for (text, expected) in [
        ("{{link}}\n{{#if amount}}x{{/if}}", Construct::Block),
        ("{{link}}\n{{#each amount}}{{this}}{{/each}}", Construct::Block),
        ("{{link}}\n{{#link}}{{/link}}", Construct::Block),
        ("{{link}}\n{{#if amount}}{{else}}{{/if}}", Construct::Block),
        ("{{link}}\n{{{{raw}}}} {{link}} {{{{/raw}}}}", Construct::Block),
        ("{{link}}\n{{lookup this \"link\"}}", Construct::Helper),
        ("{{link}}\n{{log amount}}", Construct::Helper),
        ("{{link}}\n{{order number}}", Construct::Helper),
        ("{{link}}\n{{amount currency=\"usd\"}}", Construct::Helper),
        ("{{link}}\n{{{len link}}}", Construct::Helper),
        ("{{link}}\n{{(lookup this \"link\")}}", Construct::Subexpression),
        ("{{link}}\n{{(link)}}", Construct::Subexpression),
        ("{{link}}\n{{> footer}}", Construct::Partial),
        ("{{link}}\n{{#> footer}}{{/footer}}", Construct::Block),
        ("{{link}}\n{{* inline}}", Construct::Decorator),
        ("{{link}}\n{{/if}}", Construct::Block),
        ("{{link}}\n{{else}}", Construct::Block),
        ("{{link}}\n{{[link]}}", Construct::Literal),
        ("{{link}}\n{{\"link\"}}", Construct::Literal),
        ("{{link}}\n{{#*inline \"a\"}}{{/inline}}", Construct::Block),
    ] {
        match refusal(text) {
            TemplateError::Plain(PlainTemplateError::NotAVariable { construct, line }) => {
                assert_eq!((construct, line), (expected, 2), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(
        refusal("{{link}}\n{{#if amount}}x{{/if}}").to_string(),
        "line 2: a block ({{#…}}) cannot be used here, only plain variables such as {{name}}"
    );
}

#[test]
fn a_link_within_a_block_a_comment_or_an_escape_is_no_link() {
    for text in ["", "no link", "{{amount}}", "{{!link}}", "{{!-- {{link}} --}}", "\\{{link}}", "link", "{ {link} }"] {
        assert!(matches!(refusal(text), TemplateError::NoLink), "{text:?}");
    }
    assert_eq!(refusal("x").to_string(), "the template needs {{link}}, or the buyer cannot pay");
}

#[test]
fn braces_that_do_not_close_are_refused_with_their_line() {
    for (text, expected_line) in [
        ("{{link", 1),
        ("ok\n{{link}", 2),
        ("{{link}}\n\n{{", 3),
        ("{{}}", 1),
        ("{{link}}\n{{!-- }}", 2),
        ("{{link}}\n{{{link}}", 2),
    ] {
        match refusal(text) {
            TemplateError::Plain(PlainTemplateError::Unreadable { line }) => assert_eq!(line, expected_line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_shared_shortener_is_refused_with_its_line() {
    let error = refusal("{{link}}\nor https://bit.ly/abc");
    assert!(matches!(error, TemplateError::SharedShortener { host: "bit.ly", line: 2 }));
    assert!(Template::parse("{{link}} https://bit.lyon.example").is_ok());
}

#[test]
fn a_control_character_is_refused_with_its_line() {
    assert!(matches!(refusal("{{link}}\n\n\0"), TemplateError::ControlCharacter { character: '\0', line: 3 }));
}

#[test]
fn a_template_is_no_longer_than_a_thousand_characters() {
    let longest = "{{link}} ".to_owned() + &"é".repeat(LONGEST_TEMPLATE - 9);
    assert!(Template::parse(&longest).is_ok());
    let characters = LONGEST_TEMPLATE + 1;
    assert!(matches!(refusal(&(longest + "é")), TemplateError::TooLong { characters: found } if found == characters));
}

#[test]
fn a_deeply_nested_template_does_not_exhaust_the_stack() {
    for opening in
        ["{{#a}}", "{{a ", "{{a (", "{{#>a}}", "{{#*a}}", "{{a [", "{{a {'a':", "{{a a=(", "{{{{a}}}}", "\\{{"]
    {
        for repeated in [opening, "(a ", "a=(a ", "[", "{'a':", "{", "(", "\\"] {
            let text = opening.to_owned() + repeated;
            let text = opening.to_owned() + &repeated.repeat((LONGEST_TEMPLATE - text.len()) / repeated.len());
            assert!(Template::parse(&text).is_err(), "{opening} {repeated}");
        }
    }
}
