// What the server says in sentences of its own, such as why a field is wrong or a text did not leave, in the language of the console.
//
// The server speaks English. The table `server` has its sentences: the English one is the pattern that it is known by, another language's is
// what is said instead. What stands in no table is said as it came.

import { english, strings } from "../strings.js";
import { dayText, money } from "./format.js";

const HOLE = /\{\{\w+\}\}|\{(\w+)\}/g;
const AMOUNT = /^(\d[\d,]*(?:\.\d+)?) ([A-Z]{3})$/;
const SIGNATURE = /^(\w+)(?:\((.*)\))?$/;

/** Those with the most text of their own first: they say most exactly what is meant. */
const KNOWN = Object.entries(english).map(known).sort((one, other) => other.weight - one.weight);

function known([key, text]) {
  const [, name, names = ""] = SIGNATURE.exec(key);
  let pattern = "";
  let weight = 0;
  let from = 0;
  const literal = (part) => {
    pattern += part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    weight += part.length;
  };
  for (const hole of text.matchAll(HOLE)) {
    literal(text.slice(from, hole.index));
    if (hole[1]) pattern += `(?<${hole[1]}>.+?)`;
    else literal(hole[0]);
    from = hole.index + hole[0].length;
  }
  literal(text.slice(from));
  return { name, holes: names.split(", ").filter(Boolean), pattern: new RegExp(`^${pattern}$`, "s"), weight };
}

/** What is filled in: a sentence within a sentence is one itself, and amounts and the day on which somebody will pay are written as they are here. */
function filled(name, hole, text) {
  if (hole === "said" || hole === "why") return translated(text);
  const [, amount, currency] = AMOUNT.exec(text) ?? [];
  if (amount) return money(amount.replaceAll(",", ""), currency);
  const day = name === "willPay" && hole === "day" ? new Date(`${text} 12:00 UTC`) : null;
  return day && !Number.isNaN(day.getTime()) ? dayText(day) : text;
}

/** The same in the language of the console. */
export function translated(text) {
  for (const { name, holes, pattern } of KNOWN) {
    const found = pattern.exec(text ?? "");
    if (!found) continue;
    const said = strings.server[name];
    return holes.length > 0 ? said(...holes.map((hole) => filled(name, hole, found.groups[hole]))) : said;
  }
  return text;
}

/** Why a job failed, with its causes after colons: those that are in no table, such as a library's, stay as they came. */
export function translatedError(text) {
  const said = translated(text);
  return said === text ? text.split(": ").map(translated).join(": ") : said;
}

/** What a buyer said by a button of their page; what they wrote themselves stays as it is. */
export function saidByBuyer(text) {
  // English needs no table of what it says.
  const beginning = english["onPage(said)"]?.split("{")[0];
  return beginning && text?.startsWith(beginning) ? translated(text) : text;
}
