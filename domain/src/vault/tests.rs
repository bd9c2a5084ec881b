use super::*;
use chrono::Utc;

fn vault() -> Vault {
    Vault::new(&Vault::generate_key().unwrap()).unwrap()
}

#[test]
fn a_sealed_secret_opens_only_where_it_belongs() {
    let (vault, merchant) = (vault(), MerchantId::new(Utc::now()));
    let sealed = vault.seal(&Secret::new("sk_test_1"), merchant, "secret_key").unwrap();
    assert_eq!(vault.open(&sealed, merchant, "secret_key").unwrap().expose(), "sk_test_1");
    assert_eq!(vault.open(&sealed, merchant, "webhook_secrets"), Err(VaultError::Damaged));
    let stranger = MerchantId::from_uuid(uuid::Uuid::nil());
    assert_eq!(vault.open(&sealed, stranger, "secret_key"), Err(VaultError::Damaged));
    assert_eq!(self::vault().open(&sealed, merchant, "secret_key"), Err(VaultError::OtherKey));
}

#[test]
fn what_a_previous_key_has_sealed_opens_and_is_known_as_such() {
    let (old, new) = (Vault::generate_key().unwrap(), Vault::generate_key().unwrap());
    let merchant = MerchantId::new(Utc::now());
    let before = Vault::new(&old).unwrap();
    let sealed = before.seal(&Secret::new("sk_test_1"), merchant, "secret_key").unwrap();
    let after = Vault::with_previous(&new, &[old]).unwrap();
    assert_eq!(after.open(&sealed, merchant, "secret_key").unwrap().expose(), "sk_test_1");
    assert!(before.is_current(&sealed) && !after.is_current(&sealed));
    let anew = after.seal(&Secret::new("sk_test_1"), merchant, "secret_key").unwrap();
    assert!(after.is_current(&anew));
    assert_eq!(Vault::new(&new).unwrap().open(&sealed, merchant, "secret_key"), Err(VaultError::OtherKey));
}

#[test]
fn tokens_and_hashes_come_from_the_root_and_not_from_the_key() {
    let (root, link) = (Vault::generate_key().unwrap(), LinkId::new(Utc::now()));
    let (one, other) = (vault().rooted_in(&root).unwrap(), vault().rooted_in(&root).unwrap());
    assert_eq!(one.link_token(link), other.link_token(link));
    let (merchant, phone) = (MerchantId::new(Utc::now()), PhoneNumber::from_e164("+12025550123").unwrap());
    assert_eq!(one.phone_hash(merchant, &phone), other.phone_hash(merchant, &phone));
    assert_ne!(one.link_token(link), vault().link_token(link));
    let token = ClientToken {
        merchant,
        key: crate::ApiKeyId::new(Utc::now()),
        order: crate::OrderId::new(Utc::now()),
        may: Vec::new(),
        origin: "https://shop.example".to_owned(),
        expires: chrono::DateTime::UNIX_EPOCH,
    };
    let signed = one.sign_client_token(&token).unwrap();
    assert_eq!(other.read_client_token(signed.expose()), Some(token));
}

#[test]
fn a_number_has_another_hash_with_each_merchant() {
    let (vault, merchant) = (vault(), MerchantId::new(Utc::now()));
    let hash = |merchant, number: &str| vault.phone_hash(merchant, &PhoneNumber::from_e164(number).unwrap());
    assert_eq!(hash(merchant, "+12025550123").len(), 32);
    assert_eq!(hash(merchant, "+12025550123"), hash(merchant, "+12025550123"));
    assert_ne!(hash(merchant, "+12025550123"), hash(merchant, "+12025550124"));
    assert_ne!(hash(merchant, "+12025550123"), hash(MerchantId::new(Utc::now()), "+12025550123"));
}

#[test]
fn what_is_sealed_twice_does_not_look_the_same() {
    let (vault, merchant, secret) = (vault(), MerchantId::new(Utc::now()), Secret::new("sk_test_1"));
    let sealed = || vault.seal(&secret, merchant, "secret_key").unwrap();
    assert_ne!(sealed(), sealed());
}

#[test]
fn a_secret_says_by_its_prefix_what_it_is_for_and_is_never_the_same() {
    let made = || [random_secret("pk_").unwrap(), random_token("pk_").unwrap()];
    for ((one, other), bytes) in made().iter().zip(&made()).zip([24, 32]) {
        assert_ne!(one.expose(), other.expose());
        let random = URL_SAFE_NO_PAD.decode(one.expose().strip_prefix("pk_").unwrap()).unwrap();
        assert_eq!(random.len(), bytes);
    }
    assert_ne!(Vault::generate_key().unwrap().expose(), Vault::generate_key().unwrap().expose());
}

#[test]
fn neither_keys_nor_tokens_print() {
    let (vault, token) = (vault(), LinkToken::presented("3f9KcQ2mZr8TtVw1xYb7Na"));
    assert_eq!(format!("{vault:?} {token:?}"), "Vault(…) LinkToken(…)");
}

#[test]
fn a_sealed_secret_that_was_tampered_with_does_not_open() {
    let (vault, merchant) = (vault(), MerchantId::new(Utc::now()));
    let sealed = vault.seal(&Secret::new("sk_test_1"), merchant, "secret_key").unwrap();
    for position in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[position] ^= 1;
        assert!(vault.open(&damaged, merchant, "secret_key").is_err());
        assert!(vault.open(&sealed[..position], merchant, "secret_key").is_err());
    }
}

#[test]
fn a_link_token_is_22_characters_and_the_same_each_time() {
    let (vault, link) = (vault(), LinkId::new(Utc::now()));
    assert_eq!(vault.link_token(link).expose().len(), 22);
    assert_eq!(vault.link_token(link), vault.link_token(link));
    assert_ne!(vault.link_token(link), vault.link_token(LinkId::from_uuid(uuid::Uuid::nil())));
    let page = format!("https://pay.example.com/p/{}", vault.link_token(link).expose());
    assert_eq!(vault.buyer_url("https://pay.example.com", link), page);
    // A token is found by the SHA-256 of its text (FIPS 180-2, B.1).
    let hash = LinkToken::presented("abc").hash();
    assert_eq!((hash.len(), &hash[..4]), (32, &[0xba, 0x78, 0x16, 0xbf][..]));
}

#[test]
fn a_key_that_is_not_32_bytes_is_refused() {
    assert_eq!(Vault::new(&Secret::new("c2hvcnQ=")).unwrap_err(), VaultError::BadKey);
    assert_eq!(Vault::new(&Secret::new("not base64!")).unwrap_err(), VaultError::BadKey);
}
