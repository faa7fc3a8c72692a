// The first screen: how good, where it fails, what changed.

const overview = document.getElementById("overview");
// Of the samples that regressed, as many are seen at once, and as many are listed at all.
const SEEN = 10;
const LISTED = 1000;
// The plot that stands beside the scores.
const HEADLINE = "Scores";

function drawOverview() {
  drawTitle();
  const tables = tablesOf();
  const [first, last] = screenData.title ? [tables, []] : [[], tables];
  const parts = [gateOf(), ...first, scoresOf(), mistakesOf(), comparisonsOf(), regressedOf(), ...last, plotsOf(), notesOf()];
  overview.replaceChildren(...parts.filter(Boolean));
}

function drawTitle() {
  const models = [...new Set(allSides.map((side) => side.model))];
  const on = benchmarks.length > 4 ? `${benchmarks.length} benchmarks` : benchmarks.join(", ");
  const title = screenData.title ? screenData.title : rows.length ? `${models.join(", ")} on ${on}` : "No samples";
  document.title = visible(title);
  const runs = screenData.scores.map(({ run }) => `run ${run.id.slice(0, 8)} (${run.time})`).join(" → ");
  const outcomes = ["right", "wrong", "measured", "error", "unscored"].map((kind) => [kind, rows.filter((row) => row.outcome === kind).length]);
  const counted = outcomes.filter(([, n]) => n).flatMap(([kind, n], at) => [at ? ", " : "", badge(`${count(n)} ${kind === "error" ? "in error" : kind}`, `${kind} plain`)]);
  const samples = screenData.title && !rows.length ? "" : [` · ${count(rows.length)} samples: `, counted];
  document.getElementById("title").replaceChildren(make("h1", {}, visible(title)), make("p", { class: "facts" }, runs, samples, exitOf()));
  // A run of load tests has no samples.
  document.querySelector("nav").hidden = Boolean(screenData.title && !rows.length);
}

function exitOf() {
  return screenData.exit_status === null ? "" : ` · exit status ${screenData.exit_status}`;
}

function part_(title, ...children) {
  return make("section", { class: "part" }, make("h2", {}, title), ...children);
}

/** The verdict, what it rests on below it; of many that passed the lines are folded. */
function gateOf() {
  if (!screenData.gate.length) return null;
  const results = ["failed", "invalid", "inconclusive", "passed"];
  const gates = sorted(screenData.gate, (line_) => results.indexOf(line_.result), false);
  const worst = gates[0].result;
  const lines = (of) => tableOf("", [["result", (g) => badge(g.result)], ["gate", (g) => visible(g.name)], ["why", (g) => visible(g.why)]], of);
  const [passed, others] = [true, false].map((is) => gates.filter((line_) => (line_.result === "passed") === is));
  const first = passed.length > SEEN ? others : gates;
  return make("section", { class: `part verdict ${worst}` }, make("h2", {}, "Gate ", badge(worst)),
    first.length ? lines(first) : null, first === others ? make("details", {}, make("summary", {}, `${count(passed.length)} that passed`), lines(passed)) : null);
}

/** Tables that are texts already, their first line the titles; a column without one has words. */
function tablesOf() {
  return screenData.tables.map(({ title, cells: [head, ...lines] }) =>
    part_(title, tableOf("", head.map((name, at) => [name, (line_) => visible(line_[at]), at > 0 && name !== ""]), lines)));
}

function scoresOf() {
  if (screenData.title) return null;
  const all = screenData.scores.flatMap(({ rows: lines }, run) => lines.map((line_) => ({ run, ...line_ })));
  const tags = screenData.scores.flatMap(({ tags: lines }, run) => lines.map((line_) => ({ run, ...line_ })));
  const whole = all.filter((line_) => !line_.part);
  if (!whole.length) return part_("Scores", make("p", {}, "Nothing was scored."));
  const names = [...new Set(all.filter((line_) => line_.part).map((line_) => line_.benchmark))];
  const headline = screenData.plots.find(({ title }) => title === HEADLINE);
  return part_("Scores", make("div", { class: "headline" }, headline ? figureOf(headline) : null, scoreTable(whole, "benchmark")),
    names.map((name) => folded(`${name} by subset`, all.filter((line_) => line_.part && line_.benchmark === name))),
    tags.length && whole.length > 1 ? folded("by tag", tags) : null);
}

function folded(title, lines) {
  return make("details", { open: lines.length <= 12 }, make("summary", {}, visible(`${title} (${count(lines.length)})`)), scoreTable(lines, "part"));
}

/** A table of scores; what several models or runs scored in the same stands together. */
function scoreTable(unordered, of) {
  const order = [...new Set(unordered.map((line_) => line_[of]))];
  const models = [...new Set(allSides.map((side) => side.model))].sort();
  const byModel = sorted(unordered, (line_) => line_.run * models.length + models.indexOf(line_.model), false);
  const lines = sorted(byModel, (line_) => order.indexOf(line_[of]), false);
  const several = allSides.length > 1;
  const stored = lines.some((line_) => line_.stored);
  const metrics = lines.some((line_) => metricOf(line_) !== "main");
  const model = (l) => visible(sideLabel(l.run, l.model));
  return tableOf("", [
    ["model", (l) => (several ? model(l) : null), false, model],
    [of === "part" ? "part" : "benchmark", (l) => visible(l[of]), false, (l) => l[of]],
    ["metric", (l) => (metrics ? visible(metricOf(l)) : null), false, metricOf],
    ["score", (l) => make("b", {}, decimal(l.score)), true, (l) => l.score],
    ["95% interval", (l) => (l.low === null ? "–" : `[${decimal(l.low)}, ${decimal(l.high)}]`), true, (l) => l.low],
    // The headline has that of whole benchmarks.
    ["0 … 1", (l) => (of === "part" && isShare(l) ? bar(l) : null), false, null, false],
    ["samples", (l) => count(l.samples), true, (l) => l.samples, !several],
    ["errors", (l) => count(l.errors), true, (l) => l.errors, !several],
    ["unscored", (l) => (lines.some((each) => each.unscored) ? count(l.unscored) : null), true, (l) => l.unscored, false],
    ["tokens", (l) => (tokensOf(l) ? count(tokensOf(l)) : null), true, tokensOf, false],
    ["seconds", (l) => (l.seconds ? decimal(l.seconds, 1) : null), true, (l) => l.seconds, false],
    ["new", (l) => (stored ? count(l.new) : null), true, (l) => l.new, false],
    ["stored", (l) => (stored ? count(l.stored) : null), true, (l) => l.stored, false],
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
    ["samples", (c) => count(c.samples), true, null, false], ["difference", (c) => points(c.change), true],
    ["95% interval", (c) => c.low === null ? "-" : `[${points(c.low)}, ${points(c.high)}]`],
    ["only the first better", (c) => count(c.first_better), true, null, false],
    ["only the second better", (c) => count(c.second_better), true, null, false],
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
  const shown = screenData.plots.filter(({ title }) => title !== HEADLINE);
  return shown.length ? part_("Plots", make("div", { class: "plots" }, shown.map(figureOf))) : null;
}

/** A plot as a picture of its own, so that nothing in it is part of the page. */
function figureOf({ title, svg }) {
  return make("figure", {}, make("img", { src: `data:image/svg+xml;base64,${svg}`, alt: `plot: ${title}` }));
}

function notesOf() {
  return screenData.notes.length ? part_("Notes", make("ul", {}, screenData.notes.map((note) => make("li", {}, visible(note))))) : null;
}
