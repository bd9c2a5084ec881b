//! Names operations for generated clients: `list_orders`, `get_order`, `send_payment_link`.

/// The operation id, from method and path.
pub(super) fn of(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let is_variable = |part: &&str| part.starts_with('{');
    // A segment before a variable is named in the singular.
    let mut words: Vec<String> = Vec::new();
    for (at, part) in parts.iter().enumerate().filter(|(_, part)| !is_variable(part)) {
        let is_one = parts.get(at + 1).is_some_and(is_variable);
        words.push(if is_one { one_of(part) } else { plain(part) });
    }
    let ends_with_variable = parts.last().is_some_and(is_variable);
    let last = words.last().cloned().unwrap_or_default();
    let is_list = is_plural(&last) && !ends_with_variable;
    let (verb, words) = match method {
        "get" if is_list => ("list", words),
        "get" => ("get", words),
        "put" => ("put", words),
        "patch" => ("change", words),
        "delete" => ("delete", words),
        // `POST …/orders` creates one; `POST …/orders/{id}/archive` archives it.
        _ if is_list || is_thing(&last) => ("create", with_last(&words, &one_of(&last))),
        _ => {
            let (action, thing) =
                words.split_last().map_or((String::new(), &[][..]), |(last, rest)| (last.clone(), rest));
            return joined(&action, thing);
        }
    };
    joined(verb, &words)
}

fn joined(verb: &str, words: &[String]) -> String {
    let name = [&[verb.to_owned()], words].concat().join("_");
    name.trim_end_matches('_').to_owned()
}

fn with_last(words: &[String], last: &str) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(word) = words.last_mut() {
        last.clone_into(word);
    }
    words
}

fn plain(part: &str) -> String {
    part.replace(['-', '.'], "_")
}

fn is_plural(word: &str) -> bool {
    word.ends_with('s') && !word.ends_with("ss")
}

/// Singular nouns that are posted to.
fn is_thing(word: &str) -> bool {
    ["endpoint", "token", "test"].iter().any(|thing| word.ends_with(&format!("_{thing}")))
}

/// The singular: `payment_link` of `payment-links`.
fn one_of(part: &str) -> String {
    let word = plain(part);
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if let Some(stem) = word.strip_suffix("ches") {
        return format!("{stem}ch");
    }
    if is_plural(&word) { word[..word.len() - 1].to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_name_says_what_is_done_to_what() {
        for (method, path, name) in [
            ("get", "/v1/orders", "list_orders"),
            ("post", "/v1/orders", "create_order"),
            ("get", "/v1/orders/{id}", "get_order"),
            ("patch", "/v1/orders/{id}", "change_order"),
            ("get", "/v1/orders/by-number/{number}", "get_orders_by_number"),
            ("put", "/v1/orders/by-number/{number}", "put_orders_by_number"),
            ("get", "/v1/orders/{id}/details.pdf", "get_order_details_pdf"),
            ("post", "/v1/orders/{id}/payment-links", "create_order_payment_link"),
            ("post", "/v1/orders/{id}/archive", "archive_order"),
            ("post", "/v1/payment-links/{id}/send", "send_payment_link"),
            ("post", "/v1/payment-links/{id}/mark-paid", "mark_paid_payment_link"),
            ("delete", "/v1/merchant/logo", "delete_merchant_logo"),
            ("get", "/v1/message-template", "get_message_template"),
            ("get", "/v1/credits/entries", "list_credits_entries"),
            ("post", "/v1/batches", "create_batch"),
            ("get", "/v1/buyers/{phone}/export", "get_buyer_export"),
            ("post", "/v1/stripe-integration/webhook-endpoint", "create_stripe_integration_webhook_endpoint"),
            ("delete", "/v1/admin/merchants/{id}/keys/{key}", "delete_admin_merchant_key"),
            ("post", "/v1/admin/jobs/retry", "retry_admin_jobs"),
            ("post", "/v1/admin/jobs/{id}/retry", "retry_admin_job"),
        ] {
            assert_eq!(of(method, path), name, "{method} {path}");
        }
    }
}
