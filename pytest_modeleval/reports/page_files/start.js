// What happens when the page opens, and what its controls do.

const allSides = sides();

function show(name) {
  for (const each of ["overview", "samples"]) {
    document.getElementById(each).hidden = each !== name;
    document.getElementById(`to-${each}`).setAttribute("aria-pressed", each === name);
  }
  window.scrollTo(0, 0);
  if (name === "samples") draw(true);
  remember();
}

function clearFilters() {
  document.getElementById("text").value = "";
  for (const id of FILTERS) document.getElementById(id).value = "";
  offerSubsets();
}

/** Offers the subsets of the benchmark that is chosen. */
function offerSubsets() {
  const benchmark = document.getElementById("benchmark").value;
  offerValues("subset", rows.filter((row) => !benchmark || row.benchmark === benchmark));
}

/** The samples with these filters and no others. */
function showFiltered(values) {
  show("samples");
  clearFilters();
  for (const [id, value] of Object.entries(values)) document.getElementById(id).value = value;
  choosePair("");
  table.focus({ preventScroll: true });
}

function showPair({ models, benchmark }) {
  const at = models.map((model) => allSides.findIndex((side) => side.model === model));
  showFiltered({ benchmark });
  choosePair(at.join());
}

function choosePair(value) {
  choose("pair", value);
  value = document.getElementById("pair").value;
  compare(value ? value.split(",").map((at) => allSides[Number(at)]) : null);
}

function offerPairs() {
  const pairs = allSides.flatMap((_, one) => allSides.slice(one + 1).map((__, after) => [one, one + 1 + after]));
  const label = ([one, two]) => `${allSides[one].label} ↔ ${allSides[two].label}`;
  const select = document.getElementById("pair");
  select.replaceChildren(make("option", { value: "" }, "one list"), ...pairs.map((pair) => make("option", { value: pair.join() }, visible(label(pair)))));
  select.closest("label").hidden = !pairs.length;
  // Two runs were asked to be compared; several models of one run are a list first.
  return screenData.scores.length > 1 && pairs.length ? pairs[pairs.findIndex(([one, two]) => allSides[one].run !== allSides[two].run)].join() : "";
}

function onPageKey(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key !== "/" || typing || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (document.getElementById("samples").hidden) show("samples");
  document.getElementById("text").focus();
}

// On paper everything is open, and the first rows that fit the filters are there.
const PRINTED = 500;

function beforePrint() {
  const closed = [...document.querySelectorAll("#overview details:not([open]), #sample details:not([open])")];
  closed.forEach((each) => (each.open = true));
  if (document.getElementById("samples").hidden) return;
  draw(true, 0, Math.min(PRINTED, view.shown.length));
  const rest = view.shown.length - PRINTED;
  document.getElementById("rest").textContent = rest > 0 ? `… and ${count(rest)} more samples` : "";
}

function listen() {
  for (const name of ["overview", "samples"]) document.getElementById(`to-${name}`).addEventListener("click", () => show(name));
  document.getElementById("text").addEventListener("input", filter);
  for (const id of ["outcome", "mistake", "model", "subset"]) document.getElementById(id).addEventListener("change", filter);
  document.getElementById("benchmark").addEventListener("change", () => {
    offerSubsets();
    filter();
  });
  document.getElementById("pair").addEventListener("change", ({ target }) => choosePair(target.value));
  filters.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("reset").addEventListener("click", () => {
    clearFilters();
    filter();
  });
  table.addEventListener("keydown", onTableKey);
  table.addEventListener("focus", () => draw());
  window.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  window.addEventListener("resize", () => {
    draw(true);
    offerScrolling();
  });
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", () => draw(true));
  // The table's head stays in sight below the filters.
  new ResizeObserver(([{ target }]) => table.style.setProperty("--above", `${target.offsetHeight}px`)).observe(filters);
  window.addEventListener("hashchange", restore);
  document.addEventListener("keydown", onPageKey);
  dialog.addEventListener("close", closeSample);
  dialog.addEventListener("keydown", onSampleKey);
  document.getElementById("close").addEventListener("click", () => dialog.close());
  document.getElementById("previous").addEventListener("click", () => openAt(view.cursor - 1));
  document.getElementById("next").addEventListener("click", () => openAt(view.cursor + 1));
}

drawOverview();
for (const id of ["mistake", "model", "benchmark", "subset"]) offerValues(id);
pairAtFirst = offerPairs();
listen();
restore();
offerScrolling();
prepareSearch();
