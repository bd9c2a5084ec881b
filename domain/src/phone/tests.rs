//! Numbers as people write them, and ways to misread them.

use proptest::prelude::*;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use super::{PhoneError, PhoneNote, PhoneNumber, Region};

pub(super) fn parse(text: &str, region: &str) -> Result<PhoneNumber, PhoneError> {
    PhoneNumber::parse(text, Region::parse(region).unwrap())
}

fn e164(text: &str, region: &str) -> String {
    parse(text, region).unwrap_or_else(|error| panic!("{text}: {error}")).as_e164().to_owned()
}

fn every_region() -> Vec<Region> {
    let letters = || b'A'..=b'Z';
    letters()
        .flat_map(|a| letters().map(move |b| [a, b]))
        .filter_map(|code| Region::parse(std::str::from_utf8(&code).unwrap()).ok())
        .collect()
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    for text in [
        "+12025550123",
        "+1 202-555-0123",
        "+1 (202) 555.0123",
        "(202) 555-0123",
        "202/555/0123",
        "2025550123",
        "1 202 555 0123",
        "011 1 202 555 0123",
        " \u{202a}+1\u{a0}202\u{2011}555\u{2011}0123\u{202c} ",
    ] {
        assert_eq!(e164(text, "US"), "+12025550123", "{text:?}");
    }
}

#[test]
fn what_lists_and_spreadsheets_and_other_scripts_make_of_a_number_is_read() {
    for (text, region, number) in [
        ("cell: +44 7400 123456", "GB", "+447400123456"),
        ("Tel. 0450 00 12 34", "BE", "+32450001234"),
        ("T: 0450 00 12 34", "BE", "+32450001234"),
        (": 0450 00 12 34", "BE", "+32450001234"),
        ("tel:+48512345678", "PL", "+48512345678"),
        ("whatsapp:+573211234567", "CO", "+573211234567"),
        ("Mobile: (415) 555-0132", "US", "+14155550132"),
        ("Mobile 415 555 0132", "US", "+14155550132"),
        ("Cell (415) 555-0132", "US", "+14155550132"),
        ("Mob +44 7400 123456", "GB", "+447400123456"),
        ("+1 415-555-0132 (mobile)", "US", "+14155550132"),
        ("415 555 (0132)", "US", "+14155550132"),
        ("📱 +1 415 555 0132", "US", "+14155550132"),
        ("☎\u{fe0f} 415·555·0132", "US", "+14155550132"),
        ("+1•415•555•0132", "US", "+14155550132"),
        ("\"+79123456789\"", "RU", "+79123456789"),
        ("«+79123456789»", "RU", "+79123456789"),
        ("=\"+14155550132\"", "US", "+14155550132"),
        ("'+43664123456", "AT", "+43664123456"),
        ("[+33612345678]", "FR", "+33612345678"),
        ("05012345678;", "TR", "+905012345678"),
        ("++4534412345", "DK", "+4534412345"),
        ("+39\u{2212}312\u{2212}345\u{2212}6789", "IT", "+393123456789"),
        ("+1\u{2009}415\u{2009}555\u{2009}0132", "US", "+14155550132"),
        ("０１５１２　３４５６７８９", "DE", "+4915123456789"),
        ("०७०-१२३ ४५ ६७", "SE", "+46701234567"),
        ("٠٦ ٢٠ ١٢٣ ٤٥٦٧", "HU", "+36201234567"),
        ("+٩٦٦٥٠١٢٣٤٥٦٧", "SA", "+966501234567"),
        ("۰۹۱۲ ۳۴۵ ۶۷۸۹", "IR", "+989123456789"),
    ] {
        assert_eq!(e164(text, region), number, "{text} in {region}");
    }
}

#[test]
fn an_extension_is_left_out_and_noted() {
    for text in [
        "601 123 456 x12",
        "601 123 456 ext. 12",
        "601123456;ext=12",
        "601 123 456 #12",
        "+420601123456,,,5",
        "601 123 456 poste 12",
        "+420 601 123 456 доб. 5",
        "601 123 456 Durchwahl: 12",
        "601 123 456, ramal 4",
    ] {
        let (number, note) = PhoneNumber::parse_noting(text, Region::parse("CZ").unwrap()).unwrap();
        assert_eq!((number.as_e164(), note), ("+420601123456", Some(PhoneNote::ExtensionLeftOut)), "{text:?}");
    }
    let (_, note) = PhoneNumber::parse_noting("601 123 456", Region::parse("CZ").unwrap()).unwrap();
    assert_eq!(note, None);
}

#[test]
fn the_national_form_is_that_of_the_region() {
    for (text, region, number) in [
        ("0151 23456789", "DE", "+4915123456789"),
        ("07911 123456", "GB", "+447911123456"),
        ("06 31 96 65 43", "FR", "+33631966543"),
        ("333 123 4567", "IT", "+393331234567"),
        ("02 3661 8300", "IT", "+390236618300"),
        ("0491 570 156", "AU", "+61491570156"),
        ("070-174 06 05", "SE", "+46701740605"),
        ("06 20 123 4567", "HU", "+36201234567"),
        ("8 916 123 45 67", "RU", "+79161234567"),
        ("11 96123-4567", "BR", "+5511961234567"),
        ("11 15-2345-6789", "AR", "+5491123456789"),
        ("0987 654 3210", "IN", "+919876543210"),
        ("01 23 45 67 89", "CI", "+2250123456789"),
    ] {
        assert_eq!(e164(text, region), number, "{text} in {region}");
    }
}

#[test]
fn a_number_with_a_country_code_is_the_same_in_every_region() {
    for number in ["+8613123456789", "+998901234567", "+447911123456", "+390236618300", "+12025550123"] {
        for region in every_region() {
            assert_eq!(e164(number, region.as_str()), number, "in {region}");
        }
    }
}

#[test]
fn the_example_of_a_mobile_number_in_every_region_is_read_in_each_of_its_forms() {
    for region in every_region() {
        let plan = region.as_str().parse().unwrap();
        let Ok(example) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(plan, PhoneNumberType::Mobile)
        else {
            continue;
        };
        let number = PHONE_NUMBER_UTIL.format(&example, PhoneNumberFormat::E164).into_owned();
        let national = example.get_national_significant_number();
        let as_dialled = PHONE_NUMBER_UTIL.format(&example, PhoneNumberFormat::National).into_owned();
        for text in [&number, &national, &as_dialled] {
            assert_eq!(e164(text, region.as_str()), number, "{text} in {region}");
        }
    }
}

#[test]
fn a_national_number_that_starts_like_its_country_code_keeps_those_digits() {
    for (text, region, number) in [
        ("91234 56789", "IN", "+919123456789"),
        ("391 234 5678", "IT", "+393912345678"),
        ("55 99612 3456", "BR", "+5555996123456"),
        ("771 000 9998", "KZ", "+77710009998"),
    ] {
        assert_eq!(e164(text, region), number, "{text} in {region}");
    }
}

#[test]
fn a_country_code_may_come_without_its_plus_where_it_cannot_be_mistaken() {
    for (text, region, number) in [
        ("91 91234 56789", "IN", "+919123456789"),
        ("39 391 234 5678", "IT", "+393912345678"),
        ("44 7911 123456", "GB", "+447911123456"),
        ("1 202 555 0123", "US", "+12025550123"),
    ] {
        assert_eq!(e164(text, region), number, "{text} in {region}");
    }
}

#[test]
fn digits_that_are_two_numbers_are_refused_rather_than_guessed() {
    // A mobile number including the country code, or a number in the area 04915.
    assert!(matches!(parse("49 151 23456789", "DE"), Err(PhoneError::Ambiguous)));
    assert_eq!(e164("+49 151 23456789", "DE"), "+4915123456789");
    assert_eq!(e164("0151 23456789", "DE"), "+4915123456789");
}

#[test]
fn a_dialling_prefix_counts_only_at_the_start() {
    assert_eq!(e164("202 301-1555", "US"), "+12023011555");
}

#[test]
fn the_domestic_form_after_a_country_code_is_read_as_its_country_does() {
    assert_eq!(e164("+54 11 15 2345 6789", "AR"), "+5491123456789");
    assert_eq!(e164("+36 06 30 123 4567", "HU"), "+36301234567");
    assert_eq!(e164("+7 800 555 35 35", "RU"), "+78005553535");
}

#[test]
fn the_other_form_of_a_handsets_number_is_read_as_the_one_that_is_valid() {
    assert_eq!(e164("+52 1 55 1234 5678", "US"), "+525512345678");
    assert_eq!(e164("+55 11 8765 4321", "US"), "+5511987654321");
    assert_eq!(e164("+54 9 11 2345 6789", "AR"), "+5491123456789");
}

#[test]
fn a_number_may_end_in_a_word() {
    assert_eq!(e164("1-800-FLOWERS", "US"), "+18003569377");
    assert_eq!(e164("800 FLOWERS", "US"), "+18003569377");
    assert_eq!(e164("(202) 555-cake", "US"), "+12025552253");
    // The letter O, which is on the key 6.
    for slip in ["+1 415 555 O132", "415-555-o132", "+1 415 55S 0132", "415 555 OI32", "O415 555 0132"] {
        assert!(matches!(parse(slip, "US"), Err(PhoneError::NotDigits)), "{slip}");
    }
}

#[test]
fn numbers_of_ranges_that_are_new_are_valid() {
    for number in [
        "+19835550123",
        "+12735550123",
        "+962711501672",
        "+258880414444",
        "+5977315140",
        "+8806422484081",
        "+99372453047",
        // Newer than the crate.
        "+263751786299",
        "+593930609039",
        "+4915410123456",
    ] {
        assert_eq!(e164(number, "US"), number);
    }
    for (text, region, number) in [
        ("0751 786 299", "ZW", "+263751786299"),
        ("093 060 9039", "EC", "+593930609039"),
        ("01541 0123456", "DE", "+4915410123456"),
    ] {
        assert_eq!(e164(text, region), number, "{text} in {region}");
    }
}

#[test]
fn a_foreign_number_may_be_written_with_the_dialling_prefix_of_the_region() {
    assert_eq!(e164("011 86 131 2345 6789", "US"), "+8613123456789");
    assert_eq!(e164("0086 131 2345 6789", "DE"), "+8613123456789");
    assert_eq!(e164("0011 1 202 555 0123", "AU"), "+12025550123");
}

#[test]
fn a_trunk_zero_after_the_country_code_is_left_out() {
    assert_eq!(e164("+44 (0)7911 123456", "US"), "+447911123456");
    assert_eq!(e164("+33 (0)6 31 96 65 43", "FR"), "+33631966543");
    assert_eq!(e164("+390236618300", "US"), "+390236618300");
}

#[test]
fn a_landline_is_known_where_its_country_tells_it_from_a_handset() {
    let is_landline = |text: &str| PhoneNumber::from_e164(text).unwrap().is_landline();
    assert!(is_landline("+493012345678") && is_landline("+33142685300"));
    assert!(!is_landline("+4915123456789") && !is_landline("+12025550123") && !is_landline("+999123456789"));
}

#[test]
fn a_number_in_e164_is_taken_back_as_it_is() {
    for text in ["+12025550123", "+447700900123", "+1234567", "+123456789012345"] {
        assert_eq!(PhoneNumber::from_e164(text).unwrap().as_e164(), text);
    }
    for text in ["", "+", "12025550123", "+0123456789", "+1 2025550123", "+123456", "+1234567890123456", "+1202555012a"]
    {
        assert!(PhoneNumber::from_e164(text).is_err(), "{text:?}");
    }
}

#[test]
fn debug_never_shows_the_number() {
    let number = parse("+12025550123", "US").unwrap();
    assert_eq!(format!("{number:?}"), "PhoneNumber(***23)");
    assert_eq!(number.masked(), "***23");
}

proptest! {
    // Few cases, because each new region compiles its patterns.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_reading_panic(
        text in "[+0-9 ().-]{0,24}|\\PC{0,30}",
        region in proptest::sample::select(every_region()),
    ) {
        if let Ok(number) = PhoneNumber::parse(&text, region) {
            prop_assert!(PhoneNumber::from_e164(number.as_e164()).is_ok());
        }
    }

    #[test]
    fn an_international_number_is_read_as_written_or_not_at_all(
        digits in "[1-9][0-9]{6,14}",
        region in proptest::sample::select(every_region()),
    ) {
        let written = format!("+{digits}");
        if let Ok(number) = PhoneNumber::parse(&written, region) {
            // Digits that form a number are that number; otherwise at least the country code stays.
            let read = PHONE_NUMBER_UTIL.parse(number.as_e164(), None).unwrap();
            let code = read.country_code.to_string();
            prop_assert!(digits.starts_with(&code), "{} became {}", written, number.as_e164());
        }
    }
}
