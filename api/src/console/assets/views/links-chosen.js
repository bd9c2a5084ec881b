// Which payment links are chosen: on the page that is shown, and on those before and after it of the same list.

let kept = { list: null, links: new Map() };

/** The links that are chosen of the list that is narrowed so, by their ids; of another list none are. */
export function chosenOf({ cursor: _, ...narrowed }) {
  const list = JSON.stringify(narrowed);
  if (kept.list !== list) kept = { list, links: new Map() };
  return kept.links;
}

/** Forgets them, such as when somebody signs out. */
export function forgetChosen() {
  kept = { list: null, links: new Map() };
}
