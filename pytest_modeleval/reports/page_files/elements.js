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
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
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

/** A table; a column is [title, value of a row, is it a number]. A column that is empty in all rows is left out. */
function tableOf(caption, columns, rows) {
  const cells = rows.map((row) => columns.map(([, value]) => value(row)));
  const kept = columns.map((_, at) => at).filter((at) => cells.some((line) => line[at] !== null && line[at] !== ""));
  const numeric = (at) => (columns[at][2] ? "number" : null);
  return make("div", { class: "scroll" },
    make("table", {},
      caption && make("caption", {}, caption),
      make("thead", {}, make("tr", {}, kept.map((at) => make("th", { scope: "col", class: numeric(at) }, columns[at][0])))),
      make("tbody", {}, cells.map((line) => make("tr", {}, kept.map((at) => make("td", { class: numeric(at) }, line[at] ?? "")))))));
}

const SIGNS = { right: "✓", wrong: "✗", error: "!", unscored: "–", measured: "≈", passed: "✓", failed: "✗", inconclusive: "?", invalid: "!" };

/** A word with its sign and colour; the sign says it without the colour. */
function badge(word, kind = word) {
  return make("span", { class: `badge ${kind}` }, SIGNS[kind] ? `${SIGNS[kind]} ${word}` : word);
}
