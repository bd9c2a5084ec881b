// Who did it: the names of keys, each with a colour of its own. They are read once, and again when an id is met that is not known.

import { get } from "./api.js";
import { h } from "./dom.js";

const COLOURS = 8;
const PAGES = 10;

let known = new Map();
let reading = null;

/** Forgets them, such as when somebody signs out. */
export function forgetPeople() {
  known = new Map();
  reading = null;
}

/** Everybody who has or had a key: `{ id, name, last_four }`. */
export async function people() {
  reading ??= readAll();
  await reading;
  return [...known.values()];
}

async function readAll() {
  let cursor;
  for (let page = 0; page < PAGES; page += 1) {
    const { items, next_cursor: next } = await get("/people", { query: { limit: "100", cursor } });
    for (const person of items) known.set(person.id, person);
    if (!next) return;
    cursor = next;
  }
}

/** The name of whoever did something, with their colour; nothing if it was nobody with a key. */
export function person(actor) {
  if (!actor?.startsWith("key_")) return null;
  const name = h("span", known.get(actor)?.name);
  if (!known.has(actor)) fill(actor, name);
  return h("span.person", mark(actor), name);
}

/** The colour of a key, which says nothing that the name beside it does not. */
export function mark(id) {
  return h(`span.person-mark.person-${colourOf(id)}`, { "aria-hidden": "true" });
}

async function fill(actor, name) {
  try {
    await people();
    if (!known.has(actor)) {
      reading = null;
      await people();
    }
    name.textContent = known.get(actor)?.name ?? "";
  } catch {
    // Without the names the page still says what was done.
    reading = null;
  }
}

function colourOf(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 65_521;
  return sum % COLOURS;
}
