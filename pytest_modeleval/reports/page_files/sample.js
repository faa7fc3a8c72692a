// One sample whole, alone or beside its partner.

const dialog = document.getElementById("sample");
const body = document.getElementById("sample-body");
// Of what judges were asked, so many requests are open at once.
const OPEN_REQUESTS = 4;

function openAt(at) {
  if (!view.shown.length) return;
  moveTo(at);
  openEntry(view.shown[view.cursor]);
}

function openEntry(entry) {
  document.getElementById("sample-name").textContent = visible(nameOf(entry));
  document.getElementById("link").href = linkTo(entry.any);
  const found = [entry.a, entry.b].filter((row) => row !== null).map((row) => ({ row, detail: detailOf(row) }));
  const prompts = new Set(found.map(({ detail }) => JSON.stringify(detail.prompt)));
  const shared = found.length > 1 && prompts.size === 1;
  body.replaceChildren(
    ...(shared ? [section("Question", question(found[0].detail))] : []),
    make("div", { class: found.length > 1 ? "beside" : "" }, found.map((side) => sideOf(side, !shared, found.length > 1))),
  );
  if (!dialog.open) dialog.showModal();
  body.scrollTop = 0;
  body.focus();
  offerScrolling();
  remember();
}

/** Opens a row among all that there are; a pair's row with its partner. */
function openRow(row) {
  const isShown = (entry) => entry.a === row || entry.b === row;
  show("samples");
  if (!view.shown.some(isShown)) {
    clearFilters();
    if (view.entries.some(isShown)) filter();
    else choosePair("");
  }
  openAt(view.shown.findIndex(isShown));
}

function sideOf({ row, detail }, withPrompt, named) {
  const whole = { ...row, ...detail.whole };
  if (detail.contestants.length) return battleOf(row, detail, whole, withPrompt);
  return make("article", {},
    named && make("h3", { class: "side" }, visible(sideLabel(row.run, row.model))),
    make("p", { class: "facts" }, badge(row.mistake || row.outcome, row.outcome), " ", facts(row, detail, named)),
    withPrompt && section("Question", question(detail)),
    section("Answer", answer(whole.answer, detail, row)),
    section("Verdict", verdict(whole, detail)),
    detail.verdicts.length ? section("Verdicts of judges", judged(detail.verdicts)) : null,
    detail.talk ? section("Conversation", talk(detail.talk)) : thinking(detail.thinking));
}

/** Both answers beside each other, what came of them, and what the judges were asked. */
function battleOf(row, detail, whole, withPrompt) {
  const [toJudges, answers] = [false, true].map((is) => detail.exchanges.filter(({ to }) => detail.contestants.includes(to) === is));
  const side = (name) => {
    const own = answers.filter(({ to }) => to === name);
    return make("article", {}, make("h3", { class: "side" }, visible(name)), own.map((each, at) =>
      make("section", {}, at ? section(`Turn ${at + 1}`, conversation(each.asked.slice(-1))) : null, section("Answer", answered(each, row)))));
  };
  const told = [sideLabel(row.run, row.model), row.subset && `subset ${row.subset}`, row.score !== null && `${decimal(row.score)} for ${detail.contestants[0]}`];
  return make("article", {}, make("p", { class: "facts" }, badge(row.mistake || row.outcome, row.outcome), " ", told.filter(Boolean).map(visible).join(" · ")),
    withPrompt && section("Question", conversation(detail.prompt)),
    make("div", { class: "beside" }, detail.contestants.map(side)),
    section("Verdict", verdict(whole, detail)),
    detail.verdicts.length ? section("Verdicts of judges", judged(detail.verdicts)) : null,
    toJudges.length ? requests(toJudges, row) : null);
}

/** What judges of a battle were asked, and said. */
function requests(exchanges, row) {
  const summary = exchanges.length > 1 ? `Its ${count(exchanges.length)} requests` : "Its request";
  return make("details", { class: "requests", open: exchanges.length <= OPEN_REQUESTS }, make("summary", {}, summary), exchanges.map((each, at) =>
    make("section", { class: "exchange" }, section(`Request ${at + 1} to ${visible(each.to)}`, conversation(each.asked)), section(`Answer ${at + 1}`, answered(each, row)))));
}

function answered({ answer: said }, row) {
  return [said ? message(said, false) : make("p", { class: "note" }, noAnswer(row))];
}

function section(title, children) {
  return make("section", {}, make("h3", {}, title), children);
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
  const lines = [[detail.contestants.length ? "Better" : "Extracted answer", whole.got], ["Expected", whole.expected], ["Why", whole.why]];
  if (detail.target !== null && detail.target !== whole.expected) lines.push(["Target", detail.target]);
  const shown = lines.filter(([, text]) => text !== null && text !== "");
  return [
    make("dl", {}, shown.flatMap(([title, text]) => [make("dt", {}, title), make("dd", {}, block(text))])),
    detail.metrics.length ? tableOf("Further metrics", [["metric", (m) => m.metric], ["value", (m) => decimal(m.value), true],
      ["got", (m) => visible(m.got ?? "")], ["expected", (m) => visible(m.expected ?? "")], ["why", (m) => visible(m.why ?? "")]], detail.metrics) : null,
  ];
}

/** What all judges came to, each vote, and what only probes; a column that is empty in all is left out. */
function judged(verdicts) {
  const columns = ["asked", "judge", "shown", "verdict", "said"].map((title, at) => [title, (row) => visible(row[at])]);
  return [tableOf("", columns, verdicts)];
}

function noAnswer(row) {
  return row.outcome === "error" ? "There is no answer." : "The answer is not in the run store (--eval-cache off or read keeps none).";
}

function answer(text, detail, row) {
  if (text === null) return [make("p", { class: "note" }, noAnswer(row))];
  return [
    block(text, "answer"),
    detail.calls.map(call),
    detail.choice_logprobs?.length ? [make("h4", {}, "Log-likelihoods of the options"), block(detail.choice_logprobs.join("\n"))] : null,
  ].flat();
}

function closeSample() {
  remember();
  table.focus({ preventScroll: true });
}

function onSampleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || event.key === "k") openAt(view.cursor + (event.key === "j" ? 1 : -1));
}
