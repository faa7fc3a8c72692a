// Answers one after the other, each with the keys of its labels. What is labelled stays in this browser.

const pageData = JSON.parse(document.getElementById("labels").textContent);
const kept = `modeleval labels ${pageData.id}`;
let said = {};
let at = 0;

const annotator = document.getElementById("annotator");
const policy = document.getElementById("policy");

/** The label of an answer as it is written, whichever of two stood first. */
function labelOf(entry, choice) {
  return entry.swapped && choice in pageData.swapped ? pageData.swapped[choice] : choice;
}

/** Keeps what is done, where the browser lets a page do so. */
function keep() {
  try {
    localStorage.setItem(kept, JSON.stringify({ said, annotator: annotator.value, policy: policy.value }));
  } catch {
    // Without it a page that is closed is begun anew.
  }
}

function takeUp() {
  try {
    const found = JSON.parse(localStorage.getItem(kept));
    if (!found) return;
    said = found.said;
    annotator.value = found.annotator;
    policy.value = found.policy;
    const next = pageData.entries.findIndex((entry) => !(entry.about in said));
    at = next < 0 ? 0 : next;
  } catch {
    said = {};
  }
}

function moveTo(next) {
  at = Math.max(0, Math.min(pageData.entries.length - 1, next));
  draw();
  window.scrollTo(0, 0);
}

/** Labels the answer in sight and goes to the next. */
function choose(choice) {
  const entry = pageData.entries[at];
  said[entry.about] = labelOf(entry, choice);
  keep();
  document.getElementById("about").open = false;
  if (at < pageData.entries.length - 1) moveTo(at + 1);
  else draw();
}

function draw() {
  const entry = pageData.entries[at];
  const texts = entry.swapped ? [...entry.texts].reverse() : entry.texts;
  const titles = texts.length > 1 ? ["Answer A", "Answer B"] : ["Answer"];
  const parts = [["Question", entry.question], ["Reference", entry.reference]].filter(([, text]) => text);
  const asked = entry.asked && make("details", {}, make("summary", {}, "All that whoever judges it is told"), block(entry.asked));
  document.getElementById("answer").replaceChildren(
    ...(entry.name === "main" ? [] : [part("Asked about it", entry.name)]),
    ...parts.map(([title, text]) => part(title, text)),
    make("div", { class: texts.length > 1 ? "beside" : "" }, texts.map((text, number) => part(titles[number], text, "answer"))),
    ...(asked ? [asked] : []),
  );
  drawChoices(entry);
  const done = pageData.entries.filter(({ about }) => about in said).length;
  document.getElementById("progress").textContent = visible(`${entry.sample}: ${at + 1} of ${pageData.entries.length}, ${done} labelled`);
  document.getElementById("back").disabled = at === 0;
  document.getElementById("forward").disabled = at === pageData.entries.length - 1;
}

function part(title, text, kind = "") {
  return make("section", {}, make("h3", {}, title), block(text, kind));
}

function drawChoices(entry) {
  const place = document.getElementById("choices");
  if (pageData.choices.length) {
    place.replaceChildren(...pageData.choices.map(({ key, label, shown }) =>
      make("button", { type: "button", "aria-pressed": String(said[entry.about] === labelOf(entry, label)), click: () => choose(label) },
        make("kbd", {}, key), visible(shown))));
    return;
  }
  const [low, high] = pageData.ends;
  const number = make("input", { type: "number", min: low, max: high, step: "any", "aria-label": `a number from ${low} to ${high}` });
  number.value = said[entry.about] ?? "";
  number.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && number.value !== "" && number.checkValidity()) choose(number.valueAsNumber);
  });
  place.replaceChildren(number, make("span", { class: "note" }, `${low} to ${high}, then Enter`));
  number.focus();
}

/** The labels as a file: what they go by first, a line for each in the order of the draw. */
function download() {
  const { benchmark, run, seed } = pageData;
  const more = annotator.value.trim() ? { annotator: annotator.value.trim() } : {};
  const lines = pageData.entries.filter(({ about }) => about in said).map(({ about, sample, name }) =>
    ({ label: said[about], sample, benchmark, ...(name === "main" ? {} : { name }), about, run, ...more, seed }));
  const text = [{ policy_text: policy.value.trim() }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/jsonl" })), download: pageData.file });
  link.click();
}

function onKey(event) {
  if (/^(INPUT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const choice = pageData.choices.find(({ key }) => key === event.key.toUpperCase());
  if (choice) {
    // A key that is held labels once.
    if (!event.repeat) choose(choice.label);
  } else if (event.key === "ArrowLeft") moveTo(at - 1);
  else if (event.key === "ArrowRight") moveTo(at + 1);
  else return;
  event.preventDefault();
}

document.title = visible(pageData.title);
document.getElementById("title").replaceChildren(make("h1", {}, visible(pageData.title)), make("p", { class: "facts" }, visible(pageData.facts)));
document.getElementById("back").addEventListener("click", () => moveTo(at - 1));
document.getElementById("forward").addEventListener("click", () => moveTo(at + 1));
document.getElementById("download").addEventListener("click", download);
for (const field of [annotator, policy]) field.addEventListener("input", keep);
document.addEventListener("keydown", onKey);
takeUp();
document.getElementById("about").open = !policy.value;
draw();
