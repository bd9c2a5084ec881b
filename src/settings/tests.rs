use super::{urls::is_kept_secret, *};

#[test]
fn keys_are_sent_by_tls_or_to_this_machine_only() {
    for kept in ["https://api.stripe.com", "http://127.0.0.1:12111/stripe", "http://[::1]:1", "http://localhost:1"] {
        assert!(is_kept_secret(kept), "{kept}");
    }
    let settings = Settings::load(None).unwrap();
    for told in
        ["http://api.stripe.com", "http://10.0.0.5", "ftp://localhost", "http://localhost.example", "stripe", ""]
    {
        assert!(!is_kept_secret(told), "{told}");
        let stripe = Settings { stripe_api_base: told.to_owned(), ..settings.clone() };
        assert!(stripe.check().unwrap_err().to_string().starts_with("stripe_api_base: "), "{told}");
        let sms = Settings { sms_api_base: told.to_owned(), ..settings.clone() };
        assert!(sms.check().unwrap_err().to_string().starts_with("sms_api_base: "), "{told}");
    }
    let base = "http://10.0.0.5".to_owned();
    let inside = Settings { sms_api_base: base, sms_http_allow_private: true, ..settings };
    assert!(inside.check().is_ok());
}

/// A setting in a file alone, without the defaults.
fn toml_of(text: &str, setting: &str) -> Option<String> {
    let alone = Config::builder().add_source(File::from_str(text, FileFormat::Toml)).build().unwrap();
    alone.get_string(setting).ok()
}

#[test]
fn the_example_file_is_the_defaults_and_is_valid() {
    let settings = Settings::load(None).unwrap();
    assert!(settings.times().is_ok());
    for tick in TICKS {
        let documented = toml_of(DEFAULTS, &cron_setting(*tick));
        assert_eq!(documented.as_deref(), Some(tick.cron), "{}", tick.name);
    }
    assert_eq!(settings.stripe_api_base, "https://api.stripe.com");
}

#[test]
fn a_tick_is_still_set_by_the_name_that_it_had() {
    let set = |variables: &[(&str, &str)]| {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_variables(owned).unwrap().scheduler.crons["notify"].clone()
    };
    assert_eq!(set(&[]), "*/5 * * * * *");
    assert_eq!(set(&[("PAYLINK_SCHEDULER__RING", "0 * * * * *")]), "0 * * * * *");
    assert_eq!(set(&[("PAYLINK_SCHEDULER__NOTIFY", "1 * * * * *")]), "1 * * * * *");
    let both = [("PAYLINK_SCHEDULER__RING", "0 * * * * *"), ("PAYLINK_SCHEDULER__NOTIFY", "1 * * * * *")];
    assert_eq!(set(&both), "1 * * * * *");
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let refused = Settings::load(Some(Path::new("/nonexistent/paylink.toml"))).unwrap_err();
    assert!(refused.with_sources().contains("/nonexistent/paylink.toml"), "{refused}");
}

#[test]
fn a_kind_can_have_a_concurrency_of_its_own() {
    let mut settings = Settings::load(None).unwrap();
    settings.concurrency_by_kind = HashMap::from([("send_sms".to_owned(), 3)]);
    let concurrency = settings.concurrency().unwrap();
    assert_eq!((concurrency.each, concurrency.named), (10, HashMap::from([(Kind::SendSms, 3)])));
    for (name, slots) in [("send_sms", 0), ("make_tea", 3)] {
        settings.concurrency_by_kind = HashMap::from([(name.to_owned(), slots)]);
        let refused = settings.clone().check().unwrap_err().to_string();
        assert!(refused.contains("concurrency_by_kind") && refused.contains(name), "{refused}");
    }
}
