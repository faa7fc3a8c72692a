// What is seen stands in the address: view, filters, search, order and sample. A link to it shows the same.

const FILTERS = ["benchmark", "subset", "outcome", "mistake", "model"];
let pairAtFirst = "";
let toRemember = 0;

/** The address of one sample, whatever the filters are. */
function linkTo(row) {
  return `#${new URLSearchParams({ view: "samples", sample: linkOf(row) })}`;
}

function linkOf(row) {
  return `${row.run}/${row.model}/${row.benchmark}[${row.sample}]${repeatOf(row)}`;
}

function stateNow() {
  const state = new URLSearchParams();
  if (document.getElementById("samples").hidden) return state;
  state.set("view", "samples");
  const pair = document.getElementById("pair").value;
  if (pair !== pairAtFirst) state.set("pair", pair);
  for (const id of [...FILTERS, "text"]) if (document.getElementById(id).value) state.set(id, document.getElementById(id).value);
  if (view.sort) state.set("sort", (view.descending ? "-" : "") + view.sort);
  if (dialog.open) state.set("sample", linkOf(view.shown[view.cursor].any));
  return state;
}

/** Puts what is seen into the address, once it stays so for a moment: a browser takes but some changes a second. */
function remember() {
  clearTimeout(toRemember);
  toRemember = setTimeout(() => {
    const state = stateNow().toString();
    history.replaceState(null, "", location.pathname + location.search + (state && `#${state}`));
  }, 150);
}

/** Shows what the address says; what it says that is not here is left out. */
function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  const row = state.has("sample") && rows.find((each) => linkOf(each) === state.get("sample"));
  if (dialog.open && !row) dialog.close();
  clearFilters();
  choosePair(state.get("pair") ?? pairAtFirst);
  for (const id of FILTERS) {
    choose(id, state.get(id) ?? "");
    if (id === "benchmark") offerSubsets();
  }
  document.getElementById("text").value = state.get("text") ?? "";
  const order = state.get("sort") ?? "";
  if (columnsNow().some(([title]) => title === order.replace(/^-/, ""))) sortBy(order.replace(/^-/, ""), order.startsWith("-"));
  else filter();
  show(row || state.get("view") === "samples" ? "samples" : "overview");
  if (row) openRow(row);
}

/** Chooses a value of a filter, where it has that. */
function choose(id, value) {
  const select = document.getElementById(id);
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}
