// The head of a CSV that somebody dropped: what its columns are called, the first row, and what the columns probably mean.

import { HEADINGS } from "./headings.js";

const HEAD = 64 * 1024;

/** What a column may mean, as the API calls it. */
export const MEANINGS = ["number", "customer_name", "customer_phone", "amount", "currency", "customer_language", "notes", "key"];

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

/** What each column probably means: `""` where nothing is known. Each meaning is given once. */
export function guess(names) {
  const given = new Set();
  return names.map((name) => {
    const plain = plainly(name);
    const meaning = name.startsWith("metadata.") ? name : MEANINGS.find((it) => !given.has(it) && (plainly(it) === plain || HEADINGS[it].includes(plain)));
    given.add(meaning);
    return meaning ?? "";
  });
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
