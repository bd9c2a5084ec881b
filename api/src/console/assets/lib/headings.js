// What other programs call the columns of a batch, in small letters without accents, spaces and signs.

/** By the API's name. */
export const HEADINGS = {
  number: [
    "invoice", "invoiceno", "invoicenr", "invoicenumber", "order", "orderno", "ordernr", "ordernumber", "documentno", "documentnumber", "reference",
    "rechnung", "rechnungsnr", "rechnungsnummer", "belegnr", "belegnummer", "nummer", "bestellnummer", "auftragsnummer", "auftragsnr",
    "factura", "numerodefactura", "nfactura", "pedido", "numerodepedido", "facture", "numerodefacture", "nfacture", "commande", "numerodecommande",
    "fatura", "numerodafatura", "numerodopedido", "发票号", "发票号码", "订单号", "رقمالفاتورة", "رقمالطلب",
  ],
  customer_name: [
    "customer", "name", "client", "buyer", "company", "debtor", "customername", "clientname", "companyname", "contact",
    "kunde", "kundenname", "firma", "debitor", "empfanger", "cliente", "nombre", "nombredelcliente", "nom", "nomduclient", "societe",
    "nome", "nomedocliente", "客户", "客户名称", "姓名", "العميل", "اسمالعميل", "الاسم",
  ],
  customer_phone: [
    "phone", "mobile", "cell", "telephone", "phonenumber", "mobilenumber", "mobilephone", "cellphone", "tel", "sms",
    "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "mobiltelefon", "telefono", "movil", "celular",
    "mobileportable", "portable", "telefone", "telemovel", "电话", "手机", "手机号", "الهاتف", "رقمالهاتف", "الجوال",
  ],
  amount: [
    "total", "sum", "amountdue", "totalamount", "invoiceamount", "openamount", "balance", "grandtotal", "gross",
    "betrag", "summe", "gesamtbetrag", "rechnungsbetrag", "offenerbetrag", "offen", "brutto", "bruttobetrag",
    "importe", "monto", "importetotal", "montant", "montantttc", "valor", "valortotal", "金额", "总额", "المبلغ", "الاجمالي", "الإجمالي",
  ],
  currency: [
    "currencycode", "isocode", "ccy", "wkz", "whg", "whrg", "wahr", "waehr", "waehrung", "wahrung", "waehrungscode", "wahrungscode", "waehrungskennzeichen",
    "wahrungskennzeichen", "moneda", "divisa", "devise", "monnaie", "moeda", "curr", "货币", "币种", "العملة",
  ],
  invoice_date: [
    "date", "invoicedate", "issuedate", "issuedon", "documentdate", "billdate", "datum", "rechnungsdatum", "belegdatum", "ausstellungsdatum", "vom",
    "fecha", "fechadefactura", "fechadelafactura", "fechafactura", "fechadeemision", "datefacture", "datedefacture", "datedelafacture", "datedemission",
    "data", "datadafatura", "dataemissao", "datadeemissao", "日期", "发票日期", "开票日期", "التاريخ", "تاريخالفاتورة",
  ],
  due_date: [
    "due", "dueon", "duedate", "paymentdue", "payby", "payuntil", "fallig", "faelligkeit", "falligkeit", "falligam", "faelligam", "falligkeitsdatum",
    "faelligkeitsdatum", "zahlbarbis", "zahlungsziel", "vencimiento", "fechadevencimiento", "vence", "echeance", "datedecheance", "dateecheance", "vencimento",
    "datadevencimento", "datavencimento", "到期日", "付款期限", "تاريخالاستحقاق", "الاستحقاق",
  ],
  customer_language: ["language", "lang", "sprache", "idioma", "langue", "语言", "اللغة"],
  notes: ["note", "comment", "comments", "remark", "remarks", "memo", "bemerkung", "notiz", "notizen", "notas", "remarque", "observacoes", "备注", "ملاحظات"],
  key: ["id", "uid", "uuid"],
};
