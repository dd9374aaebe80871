// Shows the table of boards, and the next one as soon as there is one. Texts of boards are set as text, never as HTML.

import { h, id, put } from "/static/dom.js";

const [head, body] = ["thead", "tbody"].map((name) => document.querySelector(name));
const text = (value) => document.createTextNode(value);

function row(board) {
  const [name, ...cells] = board.cells;
  const state = { ok: "", silent: "silent", "never seen": "silent" }[board.state] ?? "";
  return h("tr", { class: state }, h("th", { scope: "row" }, text(name)), cells.map((cell) => h("td", {}, text(cell))));
}

function show(table) {
  put(head, h("tr", {}, table.head.map((name) => h("th", { scope: "col" }, text(name)))));
  put(body, table.rows.map(row));
  put(id("odd"), table.odd.map((line) => h("li", {}, text(line))));
  id("summary").textContent = table.summary;
  id("trouble").textContent = table.trouble;
  id("trouble").hidden = !table.trouble;
}

function connected(is) {
  id("live").classList.toggle("on", is);
  id("live").textContent = is ? "live" : "not connected";
}

let has = "";
for (;;) {
  try {
    const answer = await fetch(`/api/v1/table?has=${has}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const table = await answer.json();
    if (table.tag !== has) {
      has = table.tag;
      show(table);
    }
    connected(true);
  } catch {
    connected(false);
    await new Promise((done) => setTimeout(done, 2000));
  }
}
