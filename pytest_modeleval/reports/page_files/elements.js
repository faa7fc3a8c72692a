"use strict";
// Elements out of texts. A text is never markup: everything is put in place as a text node.

// The most of one text that is laid out at once; a browser takes seconds over megabytes.
const SHOWN_AT_ONCE = 50_000;

/** An element with attributes (functions become listeners) and children (texts and elements; null and false are left out). */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The text with control characters as their pictures: what a terminal would obey is seen here. */
function visible(text) {
  return String(text).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (character) =>
    String.fromCharCode(character === "\x7f" ? 0x2421 : 0x2400 + character.charCodeAt(0)),
  );
}

/** A block of a model's or dataset's text; a very long one with a button for the rest of it. */
function block(text, kind = "") {
  const pre = make("pre", { class: kind, dir: "auto" }, visible(text.slice(0, SHOWN_AT_ONCE)) || "(empty)");
  if (!text) pre.classList.add("empty");
  if (text.length <= SHOWN_AT_ONCE) return pre;
  const more = make("button", { type: "button" }, `Show all ${count(text.length)} characters`);
  more.addEventListener("click", () => {
    pre.textContent = visible(text);
    more.remove();
  });
  return make("div", {}, pre, more);
}

function count(number) {
  return number.toLocaleString("en");
}

function decimal(number, places = 3) {
  return number === null || number === undefined ? "–" : number.toFixed(places);
}

function points(share) {
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)}`;
}

// A table with more rows than these is sorted by its titles.
const SORTED_FROM = 4;

/**
 * A table; a column is [title, value of a row, is it a number, what it sorts by, is there room for it on a phone].
 * A column that is empty in all rows is left out.
 */
function tableOf(caption, columns, rows) {
  const lines = rows.map((row) => columns.map(([, value, , key]) => ({ shown: value(row), key: key && key(row) })));
  const kept = columns.map((_, at) => at).filter((at) => lines.some((line) => line[at].shown !== null && line[at].shown !== ""));
  const kind = (at) => [columns[at][2] && "number", columns[at][4] === false && "wide-only"].filter(Boolean).join(" ") || null;
  const row = (line) => make("tr", {}, kept.map((at) => make("td", { class: kind(at) }, line[at].shown ?? "")));
  const body = make("tbody", {}, lines.map(row));
  const order = (at, { currentTarget }) => {
    const title = currentTarget.parentElement;
    const down = title.ariaSort === "none" ? Boolean(columns[at][2]) : title.ariaSort === "ascending";
    title.parentElement.querySelectorAll("[aria-sort]").forEach((each) => (each.ariaSort = "none"));
    title.ariaSort = down ? "descending" : "ascending";
    body.replaceChildren(...sorted(lines, (line) => line[at].key, down).map(row));
  };
  const title = (at) => {
    if (!columns[at][0]) return make("td", { class: kind(at) });
    const attributes = { scope: "col", class: kind(at) };
    if (!columns[at][3] || rows.length < SORTED_FROM) return make("th", attributes, columns[at][0]);
    return make("th", { ...attributes, "aria-sort": "none" }, make("button", { type: "button", class: "title", click: (event) => order(at, event) }, columns[at][0]));
  };
  return make("div", { class: "scroll" },
    make("table", {}, caption && make("caption", {}, caption), make("thead", {}, make("tr", {}, kept.map(title))), body));
}

/** What is wider than its place can be scrolled by keyboard too. */
function offerScrolling() {
  for (const place of document.querySelectorAll(".scroll")) {
    const isWide = place.scrollWidth > place.clientWidth;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "table, wider than the window"]])
      isWide ? place.setAttribute(name, value) : place.removeAttribute(name);
  }
}

const SIGNS = { right: "✓", wrong: "✗", error: "!", unscored: "–", measured: "≈", passed: "✓", failed: "✗", inconclusive: "?", invalid: "!" };

/** A word with its sign and colour; the sign says it without the colour. */
function badge(word, kind = word) {
  return make("span", { class: `badge ${kind}` }, SIGNS[kind] ? `${SIGNS[kind]} ${word}` : word);
}
