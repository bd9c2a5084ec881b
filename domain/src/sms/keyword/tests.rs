use super::Keyword;

#[test]
fn a_word_counts_with_anything_around_it_that_adds_nothing() {
    for text in [
        "STOP",
        " stop \n",
        "Stop.",
        "stop!",
        "STOP,",
        "“STOP”",
        "'stop'",
        "«Stop»",
        "(stop)",
        "*STOP*",
        "STOP\u{200b}",
        "\u{feff}STOP",
        "S\u{ad}TOP",
        "ＳＴＯＰ",
        "S.T.O.P",
        "s t o p",
        "Stop. Thank you",
        "STOP please",
        "please stop",
        "Hi, please stop. Thanks!",
        "STOP STOP STOP",
        "STOP 🛑",
        "🛑",
        "STOP 😡😡",
        "STOP\0",
        "STOP\n\nSent from my iPhone",
        "STOP\nSent from my Galaxy",
        "Stop\n--\nJohn Smith\nExample Ltd",
        "Stop\n--\nExample Ltd, 12 Main Street",
        "__\nSTOP\n\nJohn",
        "STOP\n\nJohn Smith",
        "Stop\n- John",
        "STOP - John Smith",
        "Stop -John",
        "stop, no thanks",
        "opt out",
        "Opt-Out",
        "OPTOUT",
        "opt me out",
        "I opt out.",
        "REMOVE",
        "Stop all",
        "stopall",
        "STOP ALL!",
        "Unsubscribe me",
        "unsubscribe!",
        "END",
        "quit",
        "Cancel",
        "REVOKE",
        "ARRET",
        "arrêt",
        "Arrêtez svp",
        "ALTO",
        "BAJA",
        "Parar por favor",
        "Abmelden bitte",
        "СТОП",
        "стоп!",
        "停止",
        "退订",
        "수신거부",
        "הסר",
        "إيقاف",
    ] {
        assert_eq!(Keyword::in_text(text), Some(Keyword::Stop), "{text:?}");
    }
}

#[test]
fn what_a_person_would_understand_so_counts() {
    for text in [
        "stop texting me",
        "Please stop sending me messages",
        "stop all texts",
        "STOP NOW",
        "stop it",
        "Don't text me again",
        "do not contact me anymore",
        "no more texts please",
        "Keine SMS mehr bitte",
        "Bitte keine weiteren Nachrichten!",
        "bitte stoppen Sie die SMS",
        "Bitte keine SMS mehr schicken",
        "Bitte schicken Sie mir keine SMS mehr.",
        "Ich möchte keine Nachrichten mehr erhalten",
        "Por favor, no me envíen más mensajes",
        "No quiero recibir más mensajes",
        "Ne m’envoyez plus de SMS svp",
        "Je ne veux plus recevoir de messages",
        "Não me envie mais mensagens, por favor",
        "No más mensajes, por favor",
        "No more messages",
        "Remove me from your list",
        "take me off this list",
        "Unsubscribe me from these texts",
        "cancel my subscription to these texts",
        "I want to opt out",
        "I'd like to unsubscribe",
        "leave me alone",
        "quit texting me",
        "end messages",
        "I revoke my consent",
        "could you stop messaging me",
        "Never text this number again",
        "Wrong number. Stop.",
        "Wrong number, please stop texting me",
        "You have the wrong person! Unsubscribe",
        "STOP not interested",
        "Who is this? Stop texting me",
    ] {
        assert_eq!(Keyword::in_text(text), Some(Keyword::Stop), "{text:?}");
    }
}

#[test]
fn a_sentence_that_merely_contains_a_word_is_a_sentence() {
    for text in [
        "Ich habe keine SMS mehr bekommen",
        "Ich möchte keine Rechnung mehr",
        "Schicken Sie mir keine Ware mehr",
        "No quiero más pan",
        "Je ne veux plus de gâteau",
        "Não quero mais o bolo",
        "",
        ".",
        "RED",
        "NO",
        "no thanks",
        "thanks",
        "wrong number",
        "Wrong number, sorry",
        "not interested",
        "Who is this?",
        "I will stop by tomorrow",
        "STOP 12345",
        "stop by",
        "don't stop",
        "bus stop",
        "non-stop",
        "The end",
        "cancel my order",
        "Cancel order 1001",
        "please cancel this",
        "can you cancel it",
        "end of the month?",
        "I can't stop laughing",
        "stop the delivery",
        "did you stop?",
        "Yes, thanks",
        "not yet",
        "don't",
        "remove the second item",
        "never mind",
        "When does it end",
        "unsubscribed already",
        "STOPPED",
        "estop",
        "Send the link again",
        "do not send the parcel to my house",
        "Please delete one cake",
        "text me the link",
        "Liked “Reply STOP to opt out”",
        "no more cake please",
        "stop\n\nat the shop and ask",
        "stop\n\nat the shop",
        "Stop\n\nPaid already",
        "Cancel\nTuesday",
        "Stop\n- by the shop",
    ] {
        assert_eq!(Keyword::in_text(text), None, "{text:?}");
    }
}

#[test]
fn texts_again_and_help_are_words_too() {
    for text in ["start", "Yes", "YES!", "UNSTOP", "Start please", "“START”"] {
        assert_eq!(Keyword::in_text(text), Some(Keyword::Start), "{text:?}");
    }
    for text in ["help", "INFO?", "Help!", "HELP please", "\u{200b}help"] {
        assert_eq!(Keyword::in_text(text), Some(Keyword::Help), "{text:?}");
    }
    for text in ["yes please", "helpful", "I need help with my order", "info about the cake"] {
        assert_eq!(Keyword::in_text(text), None, "{text:?}");
    }
}
