// The head of a CSV that somebody dropped: what its columns are called, the first row, and what the columns probably mean.

import { HEADINGS } from "./headings.js";

const HEAD = 64 * 1024;
const MOST_KEPT = 20;
const LONGEST_NAME = 40;

/** Codes of currencies that are no words, as "ALL" and "TRY" are. */
const USUAL = ["AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HUF", "INR", "JPY", "MXN", "NOK", "NZD", "PLN", "SAR", "SEK", "USD"];

/** What a column may mean, as the API calls it. */
export const MEANINGS = ["number", "customer_name", "customer_phone", "amount", "currency", "invoice_date", "due_date", "customer_language", "notes", "key"];

const DATES = ["invoice_date", "due_date"];
const A_DAY = /^(\d{1,4}[-./] ?\d{1,2}[-./] ?\d{1,4}|\d{8})([T ].*)?$/;

/** Without these no row can be done. */
export const NEEDED = ["number", "customer_name", "customer_phone", "amount"];

/** The names of the file's columns, and what stands below them in its first row. */
export async function headOf(file) {
  const text = decoded(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  const [firstLine = ""] = text.split("\n", 1);
  const delimiter = [";", "\t", ","].reduce((best, sign) => (count(firstLine, sign) > count(firstLine, best) ? sign : best));
  const [names = [], example = []] = records(text, delimiter);
  return { names, example };
}

/**
 * What each column probably means, by its name and what stands in its first row. Each meaning is given once; what is not known is kept with the
 * order, as far as it has room, so that nothing is lost that nobody left out.
 */
export function guess(names, example) {
  const given = new Set();
  const give = (meaning) => {
    if (!meaning || given.has(meaning)) return undefined;
    given.add(meaning);
    return meaning;
  };
  const known = names.map((name, at) => {
    const plain = plainly(name);
    const isCalled = (meaning) => plainly(meaning) === plain || HEADINGS[meaning].includes(plain);
    return give(name.startsWith("metadata.") ? name : MEANINGS.find((it) => !given.has(it) && isCalled(it) && !isOdd(it, example[at])));
  });
  const guessed = known.map((meaning, at) => meaning ?? (isCurrency(example[at]) ? give("currency") : undefined));
  let room = MOST_KEPT - guessed.filter((meaning) => meaning?.startsWith("metadata.")).length;
  return guessed.map((meaning, at) => {
    const kept = meaning ?? (room > 0 ? give(keptAs(names[at])) : "") ?? "";
    if (!meaning && kept) room -= 1;
    return kept;
  });
}

/** As what a column is kept with the order, if it has a name that can be. */
export function keptAs(name) {
  const own = name.replace(/^metadata\./, "").replaceAll(",", " ").trim();
  return own && own.length <= LONGEST_NAME ? `metadata.${own}` : null;
}

/** A name without letters is a number by which another program knows the buyer; a day has figures for the month and the year. */
function isOdd(meaning, cell) {
  if (DATES.includes(meaning)) return Boolean(cell) && !A_DAY.test(cell);
  return meaning === "customer_name" && /^[\p{Number}\p{Punctuation}\s]+$/u.test(cell ?? "");
}

function isCurrency(cell) {
  return USUAL.includes(cell);
}

/** As the server reads it: by its mark, or UTF-8 if it is that, or else what spreadsheets in the West write. */
function decoded(bytes) {
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
  if (marked) return new TextDecoder(marked).decode(bytes);
  try {
    // The end may be in the middle of a character.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function count(text, sign) {
  return text.split(sign).length - 1;
}

/** The first two rows. A cell in quotes may hold the delimiter, line breaks, and quotes twice. */
function records(text, delimiter) {
  const found = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    const row = found.at(-1);
    if (quoted && sign === '"' && text[at + 1] === '"') row[row.length - 1] += text[(at += 1)];
    else if (sign === '"' && (quoted || row.at(-1) === "")) quoted = !quoted;
    else if (!quoted && sign === delimiter) row.push("");
    else if (!quoted && sign === "\n") {
      if (found.length === 2) break;
      found.push([""]);
    } else if (quoted || sign !== "\r") row[row.length - 1] += sign;
  }
  return found.map((row) => row.map((cell) => cell.trim()));
}

function plainly(name) {
  return name.normalize("NFKD").toLowerCase().replace(/[^\p{Letter}\p{Number}]/gu, "");
}
