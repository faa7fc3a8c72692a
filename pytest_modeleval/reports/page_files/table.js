// The table of samples. Only the rows in sight are in the document, so that any number of them scrolls.

const table = document.getElementById("table");
const filters = document.getElementById("filters");
const AHEAD = 8;
const view = { pair: null, entries: [], sorted: [], shown: [], cursor: 0, sort: null, descending: false, height: 36 };

const tokensOf = (row) => row && row.prompt_tokens + row.completion_tokens;
const repeatOf = (row) => (row.repeat ? ` #${row.repeat + 1}` : "");
const nameOf = ({ any }) => `${any.benchmark}[${any.sample}]${repeatOf(any)}`;
/** The name in the table, where one benchmark need not be named in every row. */
const shortName = (entry) => (benchmarks.length > 1 ? nameOf(entry) : entry.any.sample + repeatOf(entry.any));

// A column: title, class, what it shows, what it sorts by.
const COLUMNS = [
  ["outcome", "outcome", ({ a }) => badge(a.mistake || a.outcome, a.outcome), ({ a }) => a.mistake || a.outcome],
  ["sample", "sample", shortName, nameOf],
  ["model", "model", ({ a }) => sideLabel(a.run, a.model), ({ a }) => sideLabel(a.run, a.model)],
  ["question", "question optional", ({ a }) => short(a.asked), ({ a }) => a.asked],
  ["got", "got", ({ a }) => short(a.got ?? a.why), ({ a }) => a.got ?? a.why],
  ["expected", "expected", ({ a }) => short(a.expected), ({ a }) => a.expected],
  ["axes", "expected optional", ({ a }) => short(a.axes), ({ a }) => a.axes],
  ["score", "number optional", ({ a }) => decimal(a.score, 2), ({ a }) => a.score],
  ["tokens", "number optional", ({ a }) => count(tokensOf(a)), ({ a }) => tokensOf(a)],
  ["seconds", "number optional", ({ a }) => decimal(a.seconds, 1), ({ a }) => a.seconds],
];
const PAIR_COLUMNS = [
  ["change", "outcome", ({ change }) => make("span", { class: `badge ${change.replaceAll(" ", "-")}` }, change), ({ change }) => CHANGES.indexOf(change)],
  ["sample", "sample", shortName, nameOf],
  ["question", "question optional", ({ any }) => short(any.asked), ({ any }) => any.asked],
  ["expected", "expected", ({ any }) => short(any.expected), ({ any }) => any.expected],
  ["first", "got", ({ a }) => gotOf(a), ({ a }) => a && (a.got ?? a.why)],
  ["second", "got", ({ b }) => gotOf(b), ({ b }) => b && (b.got ?? b.why)],
];

function short(text) {
  return visible((text ?? "").slice(0, 300)).replace(/\s+/g, " ");
}

function gotOf(row) {
  return row ? [badge("", row.outcome), " ", short(row.got ?? row.why)] : ["–"];
}

function columnsNow() {
  if (view.pair) return PAIR_COLUMNS.map((column) => [{ first: view.pair[0].label, second: view.pair[1].label }[column[0]] ?? column[0], ...column.slice(1)]);
  const isNeeded = { model: allSides.length > 1, axes: rows.some((row) => row.axes) };
  return COLUMNS.filter(([title]) => isNeeded[title] ?? true);
}

/** Takes the entries of a list or of a pair, and the choices that the filters then offer. */
function compare(pair) {
  Object.assign(view, { pair, sort: null, descending: false, entries: entriesOf(pair) });
  view.sorted = view.entries;
  const kinds = pair ? CHANGES.filter((change) => view.entries.some((entry) => entry.change === change)) : ["right", "wrong", "measured", "error", "unscored"];
  const counts = (kind) => view.entries.filter((entry) => (pair ? entry.change : entry.a.outcome) === kind).length;
  offer("outcome", kinds.map((kind) => [kind, `${kind} (${count(counts(kind))})`]));
  document.getElementById("outcome").closest("label").firstElementChild.textContent = pair ? "Change" : "Outcome";
  document.getElementById("model").closest("label").hidden = Boolean(pair) || new Set(rows.map((row) => row.model)).size < 2;
  if (pair) document.getElementById("model").value = "";
  drawHead();
  filter();
}

function offer(id, choices) {
  const select = document.getElementById(id);
  const before = select.value;
  select.replaceChildren(make("option", { value: "" }, "all"), ...choices.map(([value, label]) => make("option", { value }, visible(label))));
  if (choices.some(([value]) => value === before)) select.value = before;
  select.closest("label").hidden = choices.length < 2;
}

/** Offers the values that rows have in a column, as many as there are. */
function offerValues(id, of = rows) {
  offer(id, [...new Set(of.map((row) => row[id]))].filter(Boolean).sort().map((value) => [value, value]));
}

function wanted() {
  const chosen = Object.fromEntries(["outcome", "mistake", "model", "benchmark", "subset"].map((id) => [id, document.getElementById(id).value]));
  const text = document.getElementById("text").value.trim().toLowerCase();
  return view.pair ? { ...chosen, text, change: chosen.outcome, outcome: "" } : { ...chosen, text };
}

/** Shows the entries that fit the filters. */
function filter() {
  const asked = wanted();
  view.shown = view.sorted.filter((entry) => fits(entry, asked));
  view.cursor = 0;
  document.getElementById("count").textContent = `${count(view.shown.length)} of ${count(view.entries.length)} samples`;
  table.setAttribute("aria-rowcount", view.shown.length + 1);
  const above = document.getElementById("samples").getBoundingClientRect().top;
  if (above < 0) window.scrollBy(0, above);
  draw(true);
  remember();
}

function sortBy(title, descending = view.sort === title && !view.descending) {
  view.descending = descending;
  view.sort = title;
  const column = columnsNow().find(([name]) => name === title);
  view.sorted = sorted(view.entries, column[3], view.descending);
  drawHead();
  filter();
}

function drawHead() {
  const way = (title) => (view.sort !== title ? "none" : view.descending ? "descending" : "ascending");
  const arrow = { none: "", ascending: " ▲", descending: " ▼" };
  table.tHead.replaceChildren(make("tr", {}, columnsNow().map(([title, kind]) =>
    make("th", { scope: "col", class: kind, "aria-sort": way(title) },
      make("button", { type: "button", click: () => sortBy(title) }, title + arrow[way(title)])))));
}

let drawn = "";

/** Draws the rows in sight, when they are others than before or it has to be done ``again``. */
function draw(again = false, from = null, to = null) {
  const top = table.tBodies[0].getBoundingClientRect().top;
  const first = from ?? Math.max(0, Math.min(view.shown.length, Math.floor(-top / view.height)) - AHEAD);
  const last = to ?? Math.min(view.shown.length, first + Math.ceil(window.innerHeight / view.height) + 2 * AHEAD);
  const state = `${first} ${last} ${view.cursor}`;
  if (!again && state === drawn) return;
  drawn = state;
  const columns = columnsNow();
  const lines = view.shown.slice(first, last).map((entry, at) => line(entry, first + at, columns));
  table.tBodies[0].replaceChildren(spacer(first), ...lines, spacer(view.shown.length - last));
  if (first <= view.cursor && view.cursor < last) table.setAttribute("aria-activedescendant", `row-${view.cursor}`);
  else table.removeAttribute("aria-activedescendant");
  const height = lines[0]?.getBoundingClientRect().height;
  if (height && Math.abs(height - view.height) > 0.5) {
    view.height = height;
    draw(true, from, to);
  }
}

function line(entry, at, columns) {
  const attributes = { id: `row-${at}`, "aria-rowindex": at + 2, class: at === view.cursor ? "cursor" : null };
  return make("tr", { ...attributes, click: () => openAt(at) }, columns.map(([, kind, shown]) => make("td", { class: kind }, shown(entry))));
}

function spacer(lines) {
  const space = make("tr", { class: "space", "aria-hidden": "true" });
  space.style.height = `${lines * view.height}px`;
  return space;
}

/** Moves the cursor, and the page where it leaves the sight. */
function moveTo(at) {
  view.cursor = Math.max(0, Math.min(view.shown.length - 1, at));
  const head = table.tHead.getBoundingClientRect();
  const top = table.tBodies[0].getBoundingClientRect().top + view.cursor * view.height;
  if (top < head.bottom) window.scrollBy(0, top - head.bottom);
  else if (top + view.height > window.innerHeight) window.scrollBy(0, top + view.height - window.innerHeight);
  draw(true);
}

function onTableKey(event) {
  const page = Math.floor(window.innerHeight / view.height) - 3;
  const steps = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.target !== table || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in steps) moveTo(view.cursor + steps[event.key]);
  else if (event.key === "Enter" && view.shown.length) openAt(view.cursor);
  else return;
  event.preventDefault();
}
