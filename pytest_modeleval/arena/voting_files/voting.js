// Votes on pairs of answers, kept in this browser and saved as a file: one JSON object a line.

const { name, pairs } = JSON.parse(document.getElementById("pairs").textContent);
const KEPT = `modeleval votes ${name}`;
const element = (id) => document.getElementById(id);
const voter = element("voter");
const votes = kept();
let at = firstOpen();

/** The votes of an earlier visit; none where the browser keeps nothing for this page. */
function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    voter.value = found.voter ?? "";
    return found.votes?.length === pairs.length ? found.votes : pairs.map(() => null);
  } catch {
    return pairs.map(() => null);
  }
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ voter: voter.value, votes }));
  } catch {
    // A browser that keeps nothing still saves the file.
  }
}

function firstOpen() {
  const open = votes.findIndex((each) => each === null);
  return open < 0 ? pairs.length : open;
}

function draw() {
  const done = votes.filter((each) => each !== null).length;
  const isOver = at >= pairs.length;
  element("progress").textContent = isOver ? `${done} of ${pairs.length} voted: save the votes.` : `Pair ${at + 1} of ${pairs.length}, ${done} voted.`;
  for (const key of ["a", "t", "b"]) {
    element(key).disabled = isOver;
    element(key).setAttribute("aria-pressed", String(!isOver && votes[at]?.vote === key.toUpperCase()));
  }
  element("back").disabled = at === 0;
  element("save").disabled = !done;
  const place = element("pair");
  if (isOver) {
    place.replaceChildren();
    return;
  }
  const { question, first, second } = pairs[at];
  const side = (title, text) => make("section", {}, make("h2", {}, title), block(text, "answer"));
  place.replaceChildren(make("h2", {}, "Question"), block(question), make("div", { class: "beside" }, side("Answer A", first), side("Answer B", second)));
  window.scrollTo(0, 0);
}

function vote(key) {
  if (at >= pairs.length) return;
  votes[at] = { vote: key, at: new Date().toISOString() };
  at += 1;
  keep();
  draw();
}

function back() {
  at = Math.max(0, at - 1);
  draw();
}

function save() {
  const lines = pairs.flatMap(({ key }, number) => (votes[number] ? [JSON.stringify({ ...key, ...votes[number], voter: voter.value.trim() })] : []));
  const link = make("a", { href: URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "application/jsonl" })), download: `votes-${name}.jsonl` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const key of ["a", "t", "b"]) element(key).addEventListener("click", () => vote(key.toUpperCase()));
element("back").addEventListener("click", back);
element("save").addEventListener("click", save);
voter.addEventListener("input", keep);
document.addEventListener("keydown", (event) => {
  if (event.target === voter || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toUpperCase();
  if (["A", "B", "T"].includes(key)) {
    // A key that is held votes once.
    if (!event.repeat) vote(key);
  } else if (event.key === "Backspace") back();
  else return;
  event.preventDefault();
});
draw();
