//! The purposes of texts about a link, and their default templates.

use super::Language;

words! {
    /// The purpose of a text about a link.
    pub enum Purpose {
        /// Ask for the payment.
        Request = "request",
        /// Ask again.
        Reminder = "reminder",
        /// Confirm the payment.
        Receipt = "receipt",
        /// Say that payment is no longer requested.
        Voided = "voided",
    }
}

/// The default texts in one language.
struct Texts {
    request: &'static str,
    reminder: &'static str,
    receipt: &'static str,
    voided: &'static str,
}

const EN: Texts = Texts {
    request: "{{merchant_name}}: invoice {{invoice_number}}, {{amount}}. View and pay it by {{expires_on}}: {{link}}",
    reminder: "{{merchant_name}}: a reminder of invoice {{invoice_number}}, {{amount}}. View and pay it by {{expires_on}}: {{link}}",
    receipt: "{{merchant_name}}: we have received {{amount}} for invoice {{invoice_number}}. Thank you!",
    voided: "{{merchant_name}}: invoice {{invoice_number}} over {{amount}} was withdrawn. There is nothing to pay.",
};

// A native speaker has to review each of the following before a release calls it done. Where the alphabet allows it
// they are GSM-7, so that they cost no more than the English ones.

/// Not yet reviewed by a native speaker.
const ES: Texts = Texts {
    request: "{{merchant_name}}: factura {{invoice_number}}, {{amount}}. Puede verla y pagarla hasta el {{expires_on}}: {{link}}",
    reminder: "{{merchant_name}}: le recordamos la factura {{invoice_number}}, {{amount}}. Puede pagarla hasta el {{expires_on}}: {{link}}",
    receipt: "{{merchant_name}}: hemos recibido {{amount}} por la factura {{invoice_number}}. ¡Gracias!",
    voided: "{{merchant_name}}: la factura {{invoice_number}} de {{amount}} ha sido retirada. No tiene que pagar nada.",
};

/// Not yet reviewed by a native speaker.
const FR: Texts = Texts {
    request: "{{merchant_name}} : facture {{invoice_number}}, {{amount}}. A consulter et à régler jusqu'au {{expires_on}} : {{link}}",
    reminder: "{{merchant_name}} : rappel de la facture {{invoice_number}}, {{amount}}. Vous pouvez la régler jusqu'au {{expires_on}} : {{link}}",
    receipt: "{{merchant_name}} : votre paiement de {{amount}} pour la facture {{invoice_number}} est bien arrivé. Merci !",
    voided: "{{merchant_name}} : la facture {{invoice_number}} de {{amount}} est retirée. Vous n'avez rien à payer.",
};

/// Not yet reviewed by a native speaker.
const DE: Texts = Texts {
    request: "{{merchant_name}}: Rechnung {{invoice_number}}, {{amount}}. Ansehen und bezahlen bis {{expires_on}}: {{link}}",
    reminder: "{{merchant_name}}: Erinnerung an Rechnung {{invoice_number}}, {{amount}}. Bezahlen bis {{expires_on}}: {{link}}",
    receipt: "{{merchant_name}}: {{amount}} für Rechnung {{invoice_number}} sind eingegangen. Vielen Dank!",
    voided: "{{merchant_name}}: Rechnung {{invoice_number}} über {{amount}} wurde zurückgezogen. Es ist nichts zu zahlen.",
};

/// Not yet reviewed by a native speaker.
const PT: Texts = Texts {
    request: "{{merchant_name}}: fatura {{invoice_number}}, {{amount}}. Pode ver e pagar até {{expires_on}}: {{link}}",
    reminder: "{{merchant_name}}: lembrete da fatura {{invoice_number}}, {{amount}}. Pode pagar até {{expires_on}}: {{link}}",
    receipt: "{{merchant_name}}: recebemos {{amount}} pela fatura {{invoice_number}}. Obrigado!",
    voided: "{{merchant_name}}: a fatura {{invoice_number}} de {{amount}} foi retirada. Nada tem a pagar.",
};

/// Not yet reviewed by a native speaker.
const ZH_HANS: Texts = Texts {
    request: "{{merchant_name}}：账单 {{invoice_number}}，{{amount}}。查看并付款（截至 {{expires_on}}）： {{link}}",
    reminder: "{{merchant_name}}：提醒您支付账单 {{invoice_number}}，{{amount}}（截至 {{expires_on}}）： {{link}}",
    receipt: "{{merchant_name}}：已收到账单 {{invoice_number}} 的付款 {{amount}}。谢谢！",
    voided: "{{merchant_name}}：账单 {{invoice_number}}（{{amount}}）已撤回，无需付款。",
};

/// Not yet reviewed by a native speaker.
const AR: Texts = Texts {
    request: "{{merchant_name}}: الفاتورة {{invoice_number}} بمبلغ {{amount}}. يمكن الاطلاع عليها ودفعها حتى {{expires_on}}: {{link}}",
    reminder: "{{merchant_name}}: تذكير بالفاتورة {{invoice_number}} بمبلغ {{amount}}. يمكن دفعها حتى {{expires_on}}: {{link}}",
    receipt: "{{merchant_name}}: استلمنا {{amount}} عن الفاتورة {{invoice_number}}. شكرا لكم.",
    voided: "{{merchant_name}}: تم إلغاء الفاتورة {{invoice_number}} بمبلغ {{amount}}. لا يلزمك دفع شيء.",
};

impl Purpose {
    /// The template of merchants who have not written one.
    #[must_use]
    pub const fn default_text(self, language: Language) -> &'static str {
        let texts = match language {
            Language::En => &EN,
            Language::Es => &ES,
            Language::Fr => &FR,
            Language::De => &DE,
            Language::Pt => &PT,
            Language::ZhHans => &ZH_HANS,
            Language::Ar => &AR,
        };
        match self {
            Self::Request => texts.request,
            Self::Reminder => texts.reminder,
            Self::Receipt => texts.receipt,
            Self::Voided => texts.voided,
        }
    }

    /// Whether the text is useless to the buyer without the link.
    #[must_use]
    pub(crate) const fn needs_link(self) -> bool {
        match self {
            Self::Request | Self::Reminder => true,
            Self::Receipt | Self::Voided => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Template, testing::variables};
    use super::*;
    use crate::sms::Encoding;

    #[test]
    fn our_own_texts_are_templates_without_a_fault_and_no_dearer_than_they_must_be() {
        for purpose in Purpose::ALL.iter().copied() {
            for language in Language::ALL.iter().copied() {
                let template =
                    Template::parse_for(purpose, purpose.default_text(language)).unwrap().in_language(language);
                let preview = template.preview(&variables()).unwrap();
                assert_eq!(preview.body.replaced(), [], "{purpose} {language}");
                let is_latin = !matches!(language, Language::ZhHans | Language::Ar);
                let encoding = preview.body.segments().encoding();
                assert_eq!(encoding == Encoding::Gsm7, is_latin, "{purpose} {language}: {preview:?}");
                let most = 1 + u32::from(purpose.needs_link()) + u32::from(!is_latin);
                assert!(preview.body.segments().count() <= most, "{purpose} {language}: {preview:?}");
                if is_latin {
                    assert_eq!(preview.warnings, [], "{purpose} {language}");
                }
            }
        }
    }
}
