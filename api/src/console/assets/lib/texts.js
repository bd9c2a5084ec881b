// What the console says, made out of the table of a language: a text, or what makes one of the values that are filled in.
//
// A key such as `links(count)` names what is filled in, in the order in which it is given; the text has it as `{count}`. Where a language
// has several forms, the first value chooses one of them: `{ "one": …, "other": … }` by the names of Intl.PluralRules, `"=0"` before them.

const SIGNATURE = /^(\w+)\((.*)\)$/;
/** In a text that runs from right to left each value keeps its own direction: a number or a name must not be torn. */
const [ISOLATE, END] = ["\u2068", "\u2069"];

let numbers = new Intl.NumberFormat();

/** Writes numbers that are filled in as people do there. */
export function writeNumbersAs(locale) {
  numbers = new Intl.NumberFormat(locale);
}

/** The texts of a table. */
export function textsOf(table) {
  writeNumbersAs(table.locale);
  return group(table, { rules: new Intl.PluralRules(table.locale), isolates: table.direction === "rtl" });
}

function group(table, language) {
  const texts = {};
  for (const [key, text] of Object.entries(table)) {
    const [, name, names] = SIGNATURE.exec(key) ?? [];
    if (name) texts[name] = filled(text, names.split(", "), language);
    else texts[key] = typeof text === "string" ? text : group(text, language);
  }
  return texts;
}

function filled(forms, names, { rules, isolates }) {
  const form = (value) => forms[`=${value}`] ?? forms[rules.select(Number(value))] ?? forms.other;
  const written = (value) => {
    const text = typeof value === "number" ? numbers.format(value) : String(value);
    return isolates ? ISOLATE + text + END : text;
  };
  return (...values) => {
    const text = typeof forms === "string" ? forms : form(values[0]);
    // What was filled in is not looked through again: braces in a name are a part of it.
    return text.replace(/\{(\w+)\}/g, (hole, name) => (names.includes(name) ? written(values[names.indexOf(name)]) : hole));
  };
}
