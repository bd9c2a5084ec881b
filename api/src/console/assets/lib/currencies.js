// In which currency a shop mostly asks to be paid, by where it is.

const OF_REGIONS = {
  EUR: "AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK", USD: "EC PR SV US", GBP: "GB", CHF: "CH LI", PLN: "PL", CZK: "CZ",
  DKK: "DK", SEK: "SE", NOK: "NO", CAD: "CA", AUD: "AU", NZD: "NZ", JPY: "JP", MXN: "MX", BRL: "BR", INR: "IN", SGD: "SG", HKD: "HK", CNY: "CN", AED: "AE",
  SAR: "SA", ZAR: "ZA",
};

/** The currency, or nothing where it is not plain which. */
export function currencyOf(region) {
  return Object.keys(OF_REGIONS).find((currency) => OF_REGIONS[currency].split(" ").includes(region));
}
