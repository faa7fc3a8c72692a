// The first screen: how good, where it fails, what changed.

const overview = document.getElementById("overview");
// Of the samples that regressed, as many are seen at once, and as many are listed at all.
const SEEN = 10;
const LISTED = 1000;

function drawOverview() {
  drawTitle();
  const parts = [gateOf(), ...tablesOf(), scoresOf(), mistakesOf(), comparisonsOf(), regressedOf(), plotsOf(), notesOf()];
  overview.replaceChildren(...parts.filter(Boolean));
}

function drawTitle() {
  const models = [...new Set(allSides.map((side) => side.model))];
  const on = benchmarks.length > 4 ? `${benchmarks.length} benchmarks` : benchmarks.join(", ");
  const title = screenData.title ? screenData.title : rows.length ? `${models.join(", ")} on ${on}` : "No samples";
  document.title = visible(title);
  const runs = screenData.scores.map(({ run }) => `run ${run.id.slice(0, 8)} (${run.time})`).join(" → ");
  const outcomes = ["right", "wrong", "measured", "error", "unscored"].map((kind) => [kind, rows.filter((row) => row.outcome === kind).length]);
  const samples = screenData.tables.length ? "" : ` · ${count(rows.length)} samples: ${outcomes.filter(([, n]) => n).map(([kind, n]) => `${count(n)} ${kind === "error" ? "in error" : kind}`).join(", ")}`;
  document.getElementById("title").replaceChildren(make("h1", {}, visible(title)), make("p", { class: "facts" }, runs + samples, exitOf()));
  // A run of load tests has no samples.
  document.querySelector("nav").hidden = Boolean(screenData.tables.length);
}

function exitOf() {
  return screenData.exit_status === null ? "" : ` · exit status ${screenData.exit_status}`;
}

function part_(title, ...children) {
  return make("section", { class: "part" }, make("h2", {}, title), ...children);
}

function gateOf() {
  if (!screenData.gate.length) return null;
  const worst = ["failed", "invalid", "inconclusive", "passed"].find((result) => screenData.gate.some((line_) => line_.result === result));
  return make("section", { class: "part" }, make("h2", {}, "Gate ", badge(worst)),
    tableOf("", [["result", (g) => badge(g.result)], ["gate", (g) => visible(g.name)], ["why", (g) => visible(g.why)]], screenData.gate));
}

/** Tables that are texts already, their first line the titles. */
function tablesOf() {
  return screenData.tables.map(({ title, cells: [head, ...lines] }) =>
    part_(title, tableOf("", head.map((name, at) => [name, (line_) => visible(line_[at]), at > 0]), lines)));
}

function scoresOf() {
  if (screenData.tables.length) return null;
  const all = screenData.scores.flatMap(({ rows: lines }, run) => lines.map((line_) => ({ run, ...line_ })));
  const tags = screenData.scores.flatMap(({ tags: lines }, run) => lines.map((line_) => ({ run, ...line_ })));
  const whole = all.filter((line_) => !line_.part);
  if (!whole.length) return part_("Scores", make("p", {}, "Nothing was scored."));
  const names = [...new Set(all.filter((line_) => line_.part).map((line_) => line_.benchmark))];
  return part_("Scores", scoreTable(whole, "benchmark"),
    names.map((name) => folded(`${name} by subset`, all.filter((line_) => line_.part && line_.benchmark === name))),
    tags.length && whole.length > 1 ? folded("by tag", tags) : null);
}

function folded(title, lines) {
  return make("details", { open: lines.length <= 12 }, make("summary", {}, visible(`${title} (${lines.length})`)), scoreTable(lines, "part"));
}

/** A table of scores; what several models or runs scored in the same stands together. */
function scoreTable(unordered, of) {
  const order = [...new Set(unordered.map((line_) => line_[of]))];
  const lines = sorted(unordered, (line_) => order.indexOf(line_[of]), false);
  const several = allSides.length > 1;
  const stored = lines.some((line_) => line_.stored);
  const metrics = lines.some((line_) => metricOf(line_) !== "main");
  return tableOf("", [
    ["model", (l) => (several ? visible(sideLabel(l.run, l.model)) : null)],
    [of === "part" ? "part" : "benchmark", (l) => visible(l[of])],
    ["metric", (l) => (metrics ? visible(metricOf(l)) : null)],
    ["samples", (l) => count(l.samples), true],
    ["errors", (l) => count(l.errors), true],
    ["unscored", (l) => (lines.some((each) => each.unscored) ? count(l.unscored) : null), true],
    ["score", (l) => decimal(l.score), true],
    ["95% interval", (l) => (l.low === null ? "–" : `[${decimal(l.low)}, ${decimal(l.high)}]`), true],
    ["0 … 1", (l) => (isShare(l) ? bar(l) : null)],
    ["tokens", (l) => (l.prompt_tokens + l.completion_tokens ? count(l.prompt_tokens + l.completion_tokens) : null), true],
    ["seconds", (l) => (l.seconds ? decimal(l.seconds, 1) : null), true],
    ["new", (l) => (stored ? count(l.new) : null), true],
    ["stored", (l) => (stored ? count(l.stored) : null), true],
  ], lines);
}

/** Whether a line's score is a share of what is right: 0 to 1, with a pass mark. */
function isShare({ range, better, measured }) {
  return range[0] === 0 && range[1] === 1 && better === "higher" && !measured;
}

/** The metric, with ↓ where lower is better, and whether it is only measured. */
function metricOf({ metric, better, measured }) {
  return `${metric}${better === "lower" ? " ↓" : ""}${measured ? " measured" : ""}`;
}

/** A score on the line from 0 to 1, with its interval around it. */
function bar(line_) {
  const element = make("span", { class: "bar", "aria-hidden": "true" });
  if (line_.score === null) return element;
  const interval = make("i");
  const low = line_.low ?? line_.score;
  interval.style.left = `${low * 100}%`;
  interval.style.width = `${((line_.high ?? line_.score) - low) * 100}%`;
  const dot = make("b");
  dot.style.left = `${line_.score * 100}%`;
  element.append(interval, dot);
  return element;
}

/** How many samples of each side went wrong in which way; a number leads to its samples. */
function mistakesOf() {
  const kinds = [...new Set(rows.map((row) => row.mistake).filter(Boolean))].sort();
  if (!kinds.length) return null;
  const number = (side, kind) => {
    const n = rows.filter((row) => row.run === side.run && row.model === side.model && row.mistake === kind).length;
    return make("button", { type: "button", class: "link", disabled: !n, click: () => showFiltered({ mistake: kind, model: side.model }) }, count(n));
  };
  return part_("What went wrong", tableOf("", [["", (kind) => visible(kind)], ...allSides.map((side) => [visible(side.label), (kind) => number(side, kind), true])], kinds));
}

function comparisonsOf() {
  if (!screenData.comparisons.length) return null;
  return part_("Models compared", tableOf("Difference of the second from the first, in percentage points, on the samples that both scored", [
    ["benchmark", (c) => visible(c.benchmark)], ["first", (c) => visible(c.models[0])], ["second", (c) => visible(c.models[1])],
    ["samples", (c) => count(c.samples), true], ["difference", (c) => points(c.change), true],
    ["95% interval", (c) => `[${points(c.low)}, ${points(c.high)}]`],
    ["only the first better", (c) => count(c.first_better), true], ["only the second better", (c) => count(c.second_better), true],
    ["", (c) => make("button", { type: "button", class: "link", click: () => showPair(c) }, "side by side")],
  ], screenData.comparisons));
}

function regressedOf() {
  const found = screenData.regressed;
  if (!found.length) return null;
  const last = screenData.scores.length - 1;
  const rowsByName = new Map(rows.filter((row) => row.run === last).map((row) => [`${row.model}\0${row.benchmark}\0${row.sample}`, row]));
  const name = (r) => {
    const row = rowsByName.get(`${r.model}\0${r.benchmark}\0${r.sample}`);
    const text = visible(`${r.benchmark}[${r.sample}]`);
    return row ? make("button", { type: "button", class: "link", click: () => openRow(row) }, text) : text;
  };
  const listed = (samples) => tableOf("", [
    ["sample", name], ["model", (r) => (allSides.length > 1 ? visible(r.model) : null)], ["before", (r) => decimal(r.before, 2), true],
    ["now", (r) => decimal(r.after, 2), true], ["", (r) => (r.flaky ? "flaky" : null)],
  ], samples);
  const rest = found.slice(SEEN, LISTED);
  const unlisted = found.length - SEEN - rest.length;
  return part_(`Regressed (${count(found.length)})`, listed(found.slice(0, SEEN)),
    rest.length ? make("details", {}, make("summary", {}, `${count(rest.length)} more`), listed(rest)) : null,
    unlisted > 0 ? make("p", {}, `… and ${count(unlisted)} that are not listed`) : null);
}

function plotsOf() {
  const figure = ({ title, svg }) => {
    const image = make("img", { src: `data:image/svg+xml;base64,${svg}`, alt: title });
    return make("figure", {}, make("figcaption", {}, visible(title)), image);
  };
  return screenData.plots.length ? part_("Plots", make("div", { class: "plots" }, screenData.plots.map(figure))) : null;
}

function notesOf() {
  return screenData.notes.length ? part_("Notes", make("ul", {}, screenData.notes.map((note) => make("li", {}, visible(note))))) : null;
}
