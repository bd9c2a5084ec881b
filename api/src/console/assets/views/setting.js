// A section of the settings that is read once and then edited: nobody's writing is overwritten by what comes later.

import { h, swap } from "../lib/dom.js";
import { failure, region } from "./page.js";

/** Draws the section: `load(signal)` reads what `content(data, redraw)` makes into what is shown. Answers how to stop. */
export function editable(root, { title, lead, wide = false, load, content }) {
  const place = region("div");
  const leaving = new AbortController();
  const draw = (data) => swap(place, content(data, draw));
  const read = async () => {
    try {
      draw(await load(leaving.signal));
    } catch (problem) {
      if (!leaving.signal.aborted) failure(place, problem, read);
    }
  };
  swap(root, h(wide ? "section.card.setting.setting-wide" : "section.card.setting", h("h2", title), lead && h("p", lead), place));
  read();
  return () => leaving.abort();
}
