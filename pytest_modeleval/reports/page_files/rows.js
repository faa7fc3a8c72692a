// The samples: read once into rows, then paired, filtered and sorted.

const screenData = JSON.parse(document.getElementById("screen").textContent);
const details = [];
const rows = readRows();
const benchmarks = [...new Set(rows.map((row) => row.benchmark))];

function readRows() {
  const read = [];
  const columns = screenData.columns;
  for (const element of document.querySelectorAll("script.rows")) {
    for (const [place, values] of JSON.parse(element.textContent).entries()) {
      const row = { id: read.length, block: details.length, place };
      columns.forEach((column, at) => (row[column] = values[at]));
      read.push(row);
    }
    // Its text is in the rows now. The details beside it stay texts until one of their samples is opened.
    details.push(element.nextElementSibling);
    element.remove();
  }
  return read;
}

/** The rest of what is known of a row. */
function detailOf(row) {
  return JSON.parse(details[row.block].textContent)[row.place];
}

/** What a search looks through, made when it is first needed. */
function haystack(row) {
  row.haystack ??= [row.benchmark + "[" + row.sample + "]", row.got, row.expected, row.why, row.asked, row.answer, row.axes]
    .join("\n").toLowerCase();
  return row.haystack;
}

/** Makes the haystacks while nothing else is to be done, so that the first search is as fast as the next. */
function prepareSearch(from = 0) {
  const ready = Math.min(from + 500, rows.length);
  for (let at = from; at < ready; at++) haystack(rows[at]);
  if (ready < rows.length) setTimeout(prepareSearch, 0, ready);
}

/** The sides that can be compared: every model of every run. */
function sides() {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.run, row.model]);
    if (!found.has(key)) found.set(key, { run: row.run, model: row.model, label: sideLabel(row.run, row.model) });
  }
  return [...found.values()];
}

function sideLabel(run, model) {
  return screenData.scores.length > 1 ? `${screenData.scores[run].run.id.slice(0, 8)} ${model}` : model;
}

// The kinds of pairs, differences first.
const CHANGES = ["regressed", "fixed", "in error", "other answer", "same", "only in one"];

function changeOf(a, b) {
  if (!a || !b) return "only in one";
  if (a.outcome === "error" || b.outcome === "error") return a.outcome === b.outcome ? "same" : "in error";
  if (a.score !== null && b.score !== null && a.score !== b.score) return b.score < a.score !== b.scale.includes("lower") ? "regressed" : "fixed";
  if (a.outcome !== b.outcome) return "other answer";
  return a.got === b.got ? "same" : "other answer";
}

/** Each row alone, or with its partner on the other of two sides, differences first. */
function entriesOf(pair) {
  if (!pair) return rows.map((row) => ({ a: row, b: null, any: row, change: "" }));
  const key = (row) => `${row.benchmark}\0${row.sample}\0${row.repeat}`;
  const of = (side) => rows.filter((row) => row.run === side.run && row.model === side.model);
  const partners = new Map(of(pair[1]).map((row) => [key(row), row]));
  const entries = of(pair[0]).map((row) => {
    const other = partners.get(key(row)) ?? null;
    partners.delete(key(row));
    return { a: row, b: other, any: row, change: changeOf(row, other) };
  });
  for (const row of partners.values()) entries.push({ a: null, b: row, any: row, change: "only in one" });
  return sorted(entries, (entry) => CHANGES.indexOf(entry.change), false);
}

/** Whether an entry is what the filters ask for; each side may be the one that fits. */
function fits(entry, wanted) {
  if (wanted.benchmark && entry.any.benchmark !== wanted.benchmark) return false;
  if (wanted.subset && entry.any.subset !== wanted.subset) return false;
  if (wanted.change && entry.change !== wanted.change) return false;
  return (entry.a !== null && rowFits(entry.a, wanted)) || (entry.b !== null && rowFits(entry.b, wanted));
}

function rowFits(row, wanted) {
  if (wanted.outcome && row.outcome !== wanted.outcome) return false;
  if (wanted.mistake && row.mistake !== wanted.mistake) return false;
  if (wanted.model && row.model !== wanted.model) return false;
  return !wanted.text || haystack(row).includes(wanted.text);
}

/** The entries by a value; those without one come last, whichever way. */
function sorted(entries, value, descending) {
  const keyed = entries.map((entry) => [value(entry), entry]);
  const way = descending ? -1 : 1;
  keyed.sort(([one], [two]) => {
    if (one === two) return 0;
    if (one === null || one === undefined || two === null || two === undefined) return (one ?? null) === null ? 1 : -1;
    return one < two ? -way : way;
  });
  return keyed.map(([, entry]) => entry);
}
