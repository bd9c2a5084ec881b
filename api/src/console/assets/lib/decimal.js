// Amounts are decimal texts, from the keyboard to the API and back. Sums are made with whole numbers, never with floats.

const SHAPE = /^(\d{1,13})(?:\.(\d{1,2}))?$/;

/** The amount in hundredths, or `null` if the text is not an amount. */
export function hundredths(text) {
  const match = SHAPE.exec(String(text).trim());
  if (!match) return null;
  return BigInt(match[1]) * 100n + BigInt((match[2] ?? "").padEnd(2, "0"));
}

/** `unit` times a whole `quantity`, or `null`. */
export function times(unit, quantity) {
  const amount = hundredths(unit);
  return amount === null || !/^\d{1,9}$/.test(String(quantity)) ? null : amount * BigInt(quantity);
}

/** The decimal text, with as many decimals as `like` has: a currency without decimals stays without them. */
export function text(amount, like) {
  const whole = amount / 100n;
  const rest = String(amount % 100n).padStart(2, "0");
  return like.includes(".") || rest !== "00" ? `${whole}.${rest}` : `${whole}`;
}
