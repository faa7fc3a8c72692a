// One sample whole, alone or beside its partner.

const dialog = document.getElementById("sample");
const body = document.getElementById("sample-body");

function openAt(at) {
  if (!view.shown.length) return;
  moveTo(at);
  openEntry(view.shown[view.cursor]);
}

function openEntry(entry) {
  document.getElementById("sample-name").textContent = visible(nameOf(entry));
  const found = [entry.a, entry.b].filter((row) => row !== null).map((row) => ({ row, detail: detailOf(row) }));
  const prompts = new Set(found.map(({ detail }) => JSON.stringify(detail.prompt)));
  const shared = found.length > 1 && prompts.size === 1;
  body.replaceChildren(
    ...(shared ? [section("Prompt", messages(found[0].detail.prompt))] : []),
    make("div", { class: found.length > 1 ? "beside" : "" }, found.map((side) => sideOf(side, !shared, found.length > 1))),
  );
  history.replaceState(null, "", `#${encodeURIComponent(linkOf(entry.any))}`);
  if (!dialog.open) dialog.showModal();
  body.scrollTop = 0;
  body.focus();
}

/** What a link to a row ends in; a page without it opens the overview. */
function linkOf(row) {
  return `sample=${row.run}/${row.model}/${row.benchmark}[${row.sample}]${repeatOf(row)}`;
}

function openLinked() {
  let wantedLink = "";
  try {
    wantedLink = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  const row = wantedLink.startsWith("sample=") ? rows.find((each) => linkOf(each) === wantedLink) : null;
  if (row) openRow(row);
}

/** Opens a row among all that there are; a pair's row with its partner. */
function openRow(row) {
  const isShown = (entry) => entry.a === row || entry.b === row;
  show("samples");
  clearFilters();
  if (view.entries.some(isShown)) filter();
  else choosePair("");
  openAt(view.shown.findIndex(isShown));
}

function sideOf({ row, detail }, withPrompt, named) {
  const whole = { ...row, ...detail.whole };
  return make("article", {},
    named && make("h3", {}, visible(sideLabel(row.run, row.model))),
    make("p", { class: "facts" }, badge(row.outcome), " ", row.mistake && row.mistake !== row.outcome && badge(row.mistake, "kind"), " ", facts(row, detail, named)),
    section("Verdict", verdict(whole, detail)),
    ...(detail.exchanges.length ? detail.exchanges.map((each, at) => exchange(each, at, row)) : [
      withPrompt && section("Prompt", messages(detail.prompt)),
      thinking(detail.thinking),
      section("Answer", answer(whole.answer, detail, row)),
    ]));
}

/** One of several requests for a sample, without the messages that the one before had too. */
function exchange(each, at, row) {
  const repeated = each.repeated ? make("p", { class: "note" }, `After the ${count(each.repeated)} messages before:`) : null;
  return make("section", { class: "exchange" }, section(`Request ${at + 1}${each.to && ` to ${each.to}`}`, [repeated, ...messages(each.asked)]),
    thinking(each.thinking), section(`Answer ${at + 1}`, answer(each.text, each, row)));
}

function thinking(text) {
  return text ? make("details", { open: text.length < 2000 }, make("summary", {}, `Thinking (${count(text.length)} characters)`), block(text, "thinking")) : null;
}

function section(title, children) {
  return make("section", {}, make("h4", {}, title), children);
}

function facts(row, detail, named) {
  const stored = detail.stored && `answer stored ${detail.stored}`;
  const finish = detail.finish_reason && `finish reason: ${visible(detail.finish_reason)}`;
  const first = detail.first_token === null ? null : `first token after ${decimal(detail.first_token, 2)} s`;
  return [!named && sideLabel(row.run, row.model), row.subset && `subset ${row.subset}`, row.axes, row.score !== null && `score ${decimal(row.score)}${row.scale && ` (${row.scale})`}`,
    `${count(row.prompt_tokens ?? 0)} tokens asked, ${count(row.completion_tokens ?? 0)} answered`,
    row.seconds !== null && `${decimal(row.seconds, 2)} s`, first, finish, stored].filter(Boolean).map(visible).join(" · ");
}

function verdict(whole, detail) {
  const lines = [["Extracted answer", whole.got], ["Expected", whole.expected], ["Why", whole.why]];
  if (detail.target !== null && detail.target !== whole.expected) lines.push(["Target", detail.target]);
  const shown = lines.filter(([, text]) => text !== null && text !== "");
  return [
    make("dl", {}, shown.flatMap(([title, text]) => [make("dt", {}, title), make("dd", {}, block(text))])),
    detail.metrics.length ? tableOf("Further metrics", [["metric", (m) => m.metric], ["value", (m) => decimal(m.value), true],
      ["got", (m) => visible(m.got ?? "")], ["expected", (m) => visible(m.expected ?? "")], ["why", (m) => visible(m.why ?? "")]], detail.metrics) : null,
  ];
}

function noAnswer(row) {
  return row.outcome === "error" ? "There is no answer." : "The answer is not in the run store (--eval-cache off or read keeps none).";
}

function answer(text, detail, row) {
  if (text === null) return [make("p", { class: "note" }, noAnswer(row))];
  return [
    block(text, "answer"),
    detail.tool_calls.length ? [make("h5", {}, "Tool calls"), block(JSON.stringify(detail.tool_calls, null, 1))] : null,
    detail.choice_logprobs?.length ? [make("h5", {}, "Log-likelihoods of the options"), block(detail.choice_logprobs.join("\n"))] : null,
  ].flat();
}

/** The prompt's messages; of many, those in the middle are closed. */
function messages(prompt) {
  if (!Array.isArray(prompt)) return [make("p", { class: "note" }, "The prompt is not in the run store.")];
  const few = prompt.length <= 4;
  return prompt.map((message, at) => {
    const open = few || at === prompt.length - 1 || message.role === "system";
    return make("details", { class: `message ${message.role === "user" || message.role === "assistant" ? message.role : "other"}`, open },
      make("summary", {}, visible(message.role ?? "")), contentOf(message));
  });
}

function contentOf({ role: _, content, ...others }) {
  const parts = Array.isArray(content) ? content.map(part) : content === null || content === undefined ? [] : [block(String(content))];
  return Object.keys(others).length ? [...parts, block(JSON.stringify(others, null, 1))] : parts;
}

/** A part of a message: a text, an image that is in the prompt itself, or else what it is, as text. */
function part(given) {
  if (given?.type === "text") return block(String(given.text));
  const url = given?.type === "image_url" ? (given.image_url?.url ?? given.image_url) : null;
  if (typeof url === "string" && /^data:image\/(png|jpe?g|gif|webp|bmp|avif|svg\+xml)[;,]/i.test(url))
    return make("img", { src: url, alt: "image of the prompt", loading: "lazy" });
  return block(typeof url === "string" ? url : JSON.stringify(given, null, 1));
}

function closeSample() {
  history.replaceState(null, "", location.pathname + location.search);
  table.focus({ preventScroll: true });
}

function onSampleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || event.key === "k") openAt(view.cursor + (event.key === "j" ? 1 : -1));
}
