// Who said what: messages and answers, calls of tools with their results, and what went wrong.

// Longer texts within a conversation are folded.
const LONG = 4000;

function question(detail) {
  return [...conversation(detail.prompt), !detail.talk && detail.tools.length ? offered(detail.tools) : null];
}

/** The last of the messages, and those before it, such as examples, folded. */
function conversation(messages) {
  if (!Array.isArray(messages) || !messages.length) return [make("p", { class: "note" }, "The prompt is not in the run store.")];
  const before = messages.slice(0, -1);
  const roles = [...new Set(before.map(({ who }) => visible(who)))].join(", ");
  const folded = before.length && make("details", { class: "before" },
    make("summary", {}, `${count(before.length)} ${before.length > 1 ? "messages" : "message"} before it: ${roles}`), before.map((each) => message(each, true)));
  return [message(messages.at(-1), messages.at(-1).who !== "user"), folded || null];
}

/** All requests for a sample as one conversation: what went wrong first, and the middle of a long one folded. */
function talk({ turns, folded: [start, stop], left_out: leftOut, faults }) {
  const messages = turns.flatMap(({ begins, tools, said }) => {
    const head = [begins && make("p", { class: "begins" }, visible(begins)), tools && offered(tools)];
    return said.map((each, at) => make("div", { tabindex: "-1" }, at ? null : head, message(each, true, true)));
  });
  const middle = stop > start && make("details", { class: "before" }, make("summary", {}, leftOut), messages.slice(start, stop));
  return [faults.length ? wrongCalls(faults, messages) : null, ...messages.slice(0, start), middle, ...messages.slice(stop > start ? stop : start)];
}

/** What went wrong with calls, each a way to where it stands. */
function wrongCalls(faults, messages) {
  const goTo = (place) => {
    const folded = messages[place].closest("details");
    if (folded) folded.open = true;
    messages[place].scrollIntoView({ block: "nearest" });
    messages[place].focus();
  };
  const items = faults.map(([place, text]) => make("li", {}, make("button", { type: "button", class: "link fault", click: () => goTo(place) }, visible(text.slice(0, 300)))));
  return make("details", { class: "faults", open: faults.length <= 10 },
    make("summary", {}, `✗ ${count(faults.length)} ${faults.length > 1 ? "calls" : "call"} went wrong`), make("ul", {}, items));
}

function offered(tools) {
  return make("details", { class: "before" }, make("summary", {}, `${count(tools.length)} ${tools.length === 1 ? "tool is" : "tools are"} offered`),
    tools.map(([name, does, parameters]) => make("div", { class: "message other" }, make("p", { class: "role" }, visible(name)), does && block(does), block(parameters))));
}

function message(given, named, folds = false) {
  const kind = given.is_answer ? "assistant" : ["user", "assistant"].includes(given.who) ? given.who : "other";
  return make("div", { class: `message ${kind}` }, thinking(given.thinking), named && make("p", { class: "role" }, visible(given.who)), contentOf(given, folds), (given.calls ?? []).map(call));
}

function contentOf({ content, further, calls, is_answer: isAnswer }, folds) {
  const parts = content === "" && calls ? [] : partsOf(content, isAnswer ? "answer" : "", folds);
  return further ? [...parts, block(JSON.stringify(further, null, 1))] : parts;
}

function call({ name, arguments: given, result, fault }) {
  return make("section", { class: `call${fault ? " wrong" : ""}` }, make("p", { class: "role" }, `call of ${visible(name)}`), foldable(given, "", true),
    fault ? make("p", { class: "fault" }, `✗ ${visible(fault)}`) : null,
    result === null ? null : make("div", { class: "result" }, make("p", { class: "role" }, "result"), partsOf(result, "", true)));
}

function thinking(text) {
  return text ? make("details", { open: text.length < 2000 }, make("summary", {}, `Thinking (${count(text.length)} characters)`), block(text, "thinking")) : null;
}

/** A text; a long one folded, by its beginning. */
function foldable(given, kind, folds) {
  if (!folds || given.length <= LONG) return block(given, kind);
  return make("details", {}, make("summary", {}, `${visible(given.slice(0, 100))} … (${count(given.length)} characters)`), block(given, kind));
}

function partsOf(content, kind, folds) {
  return Array.isArray(content) ? content.map((given) => part(given, kind, folds)) : [foldable(content, kind, folds)];
}

/** A part of a message: a text, an image that is in the prompt itself, or else what it is, as text. */
function part(given, kind, folds) {
  if (given?.type === "text") return foldable(String(given.text), kind, folds);
  const url = given?.type === "image_url" ? (given.image_url?.url ?? given.image_url) : null;
  if (typeof url === "string" && /^data:image\/(png|jpe?g|gif|webp|bmp|avif|svg\+xml)[;,]/i.test(url))
    return make("img", { src: url, alt: "image of the prompt", loading: "lazy" });
  return block(typeof url === "string" ? url : JSON.stringify(given, null, 1));
}
