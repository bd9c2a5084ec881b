// Amounts are decimal texts, from the keyboard to the API and back. Sums are made with whole numbers, never with floats.

const SHAPE = /^(\d{1,13})(?:\.(\d{1,2}))?$/;
const AROUND = /^[\s\u00a0]*(?:[A-Za-z]{3}|[\p{Sc}]|[A-Z]{0,2}\$)?[\s\u00a0]*([\d.,'’\s\u00a0\u202f]+?)[\s\u00a0]*(?:[A-Za-z]{3}|[\p{Sc}])?[\s\u00a0]*$/u;
const GROUPED = /^\d{1,3}(?:([.,'’\s\u00a0\u202f])\d{3})(?:\1\d{3})*$/u;

/** The amount in hundredths, or `null` if the text is not an amount. */
export function hundredths(text) {
  const match = SHAPE.exec(understood(text) ?? "");
  if (!match) return null;
  return BigInt(match[1]) * 100n + BigInt((match[2] ?? "").padEnd(2, "0"));
}

/**
 * What the API reads of what somebody wrote: `129.50` of `129,50`, `$129.50`, `1.129,50 EUR` or `1,129.50`. `null` if it is no amount,
 * or could be two: `1,129` is a thousand to some and little more than one to others.
 */
export function understood(text) {
  const written = AROUND.exec(String(text))?.[1].trim();
  if (!written) return null;
  if (/^\d+$/.test(written)) return written;
  const parts = /^(.*?)([.,])(\d{1,2})$/u.exec(written);
  if (parts) {
    const [, whole, sign, fraction] = parts;
    const digits = whole.includes(sign) ? null : wholeOf(whole);
    return digits === null ? null : `${digits}.${fraction}`;
  }
  // Without decimals only what cannot be a decimal sign says that these are thousands, or that there are several of them.
  const separators = written.match(/[.,'’\s\u00a0\u202f]/gu) ?? [];
  const isPlain = separators.length > 1 || !/[.,]/.test(separators[0] ?? ",");
  return isPlain ? wholeOf(written) : null;
}

function wholeOf(text) {
  if (/^\d+$/.test(text)) return text;
  return GROUPED.test(text) ? text.replace(/\D/gu, "") : null;
}

/** `unit` times a whole `quantity`, or `null`. */
export function times(unit, quantity) {
  const amount = hundredths(unit);
  return amount === null || !/^\d{1,9}$/.test(String(quantity)) ? null : amount * BigInt(quantity);
}

/** So many percent, a decimal text, of an amount in hundredths: rounded to what the currency has. */
export function shareOf(amount, percent, decimals) {
  const [whole, fraction = ""] = percent.split(".");
  const thousandths = BigInt(whole) * 1000n + BigInt(fraction.padEnd(3, "0"));
  const unit = decimals === 0 ? 100n : 1n;
  const parts = 100_000n * unit;
  return ((amount * thousandths + parts / 2n) / parts) * unit;
}

/** The decimal text, with as many decimals as `like` has: a currency without decimals stays without them. */
export function text(amount, like) {
  const whole = amount / 100n;
  const rest = String(amount % 100n).padStart(2, "0");
  return like.includes(".") || like.includes(",") || rest !== "00" ? `${whole}.${rest}` : `${whole}`;
}
