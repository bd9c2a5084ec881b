// How many jobs waited, and how many were done, over the last hour or day.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { number, time } from "../lib/format.js";
import { live } from "../lib/live.js";
import { strings } from "../strings.js";
import { failure } from "./page.js";

const PACE = 20_000;
/** In hours, by the name of each choice. */
const SPANS = { hour: 1, day: 24 };
const POINTS = 60;
const [WIDTH, HEIGHT] = [600, 120];
const SVG = "http://www.w3.org/2000/svg";

/** Draws the charts of a kind of job, or of all, into `place`, and follows them; answers how to stop. */
export function showCharts(place, kind) {
  const t = strings.queues.charts;
  let hours = SPANS.hour;
  const charts = h("div.charts");
  const following = live({
    name: () => `queues ${kind ?? ""} ${hours}`,
    load: (signal) => get("/admin/queues/history", { query: { kind, hours }, signal }),
    show: (history) => draw(charts, history),
    fail: (problem) => failure(charts, problem, following.refresh),
    pace: () => PACE,
  });
  const choose = (span) => {
    hours = SPANS[span];
    following.refresh();
  };
  const choices = Object.keys(SPANS).map((span) => h("label.choice",
    h("input", { type: "radio", name: "span", value: span, checked: SPANS[span] === hours, onchange: () => choose(span) }),
    h("span", t.spans[span])));
  swap(place, h("section.card.charts-card", { "aria-label": t.title },
    h("fieldset.choices", h("legend.visually-hidden", t.span), choices), charts));
  return following.stop;
}

function draw(charts, history) {
  const t = strings.queues.charts;
  const of = (name, value, look) => ({ name, look, values: spread(history, value) });
  const waiting = [
    of(strings.queues.columns.ready, ({ ready }) => ready, "first"),
    of(strings.queues.columns.delayed, ({ delayed }) => delayed, "second"),
  ];
  const perMinute = ({ done }) => Math.round((10 * done) / history.minutes) / 10;
  swap(charts,
    chart(t.depth, waiting, history),
    chart(t.throughput, [of(t.done, perMinute, "first")], history));
}

/** A value for each point in time, and none where nothing was measured. */
function spread({ items, minutes, since }, value) {
  const values = new Array(POINTS).fill(undefined);
  const start = Date.parse(since);
  for (const item of items) values[Math.round((Date.parse(item.at) - start) / (minutes * 60_000))] = value(item);
  return values.slice(0, POINTS);
}

function chart(name, lines, { since, items }) {
  const t = strings.queues.charts;
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.filter((value) => value !== undefined)));
  return h("figure.chart",
    h("figcaption", h("h2", name), h("ul.chart-key", lines.map(key))),
    items.length === 0
      ? h("p.quiet", t.none)
      : h("div.chart-area", { "aria-hidden": "true" },
          h("span.chart-most", number(most)),
          drawing(lines, most),
          h("div.chart-ends", time(since, { short: true }), h("span", t.now))));
}

/** What the line shows, in words and figures: who does not see it reads the same. */
function key({ name, values, look }) {
  const t = strings.queues.charts;
  const known = values.filter((value) => value !== undefined);
  return h("li", h(`span.chart-line-${look}`, { "aria-hidden": "true" }), " ", name,
    known.length > 0 && [": ", t.figures(known.at(-1), Math.max(...known))]);
}

function drawing(lines, most) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  for (const { values, look } of lines) {
    for (const run of runs(values)) svg.append(line(run, most, look));
  }
  return svg;
}

/** Points that follow each other: a gap in what was measured is a gap in the line. */
function runs(values) {
  const all = [];
  values.forEach((value, at) => {
    if (value === undefined) return;
    if (at === 0 || values[at - 1] === undefined) all.push([]);
    all.at(-1).push([at, value]);
  });
  return all;
}

function line(run, most, look) {
  const path = document.createElementNS(SVG, "path");
  const x = (at) => ((at * WIDTH) / (POINTS - 1)).toFixed(1);
  const y = (value) => (HEIGHT - (value * HEIGHT) / most).toFixed(1);
  const points = run.map(([at, value]) => `${x(at)} ${y(value)}`);
  // A single point is as long as its minutes.
  path.setAttribute("d", `M${points.join("L")}${run.length === 1 ? "h4" : ""}`);
  path.setAttribute("class", `chart-path chart-path-${look}`);
  return path;
}
