// The frame of the page: where one is, what comes from the server, the keys.

import { ask, h, id, tell } from "./dom.js";
import { language, t } from "./words.js";
import * as boards from "./boards.js";
import * as mails from "./mails.js";
import * as server from "./server.js";
import * as sessions from "./sessions.js";

const views = { mails, sessions, boards, server };
const names = { mails: "Mails", sessions: "Sessions", boards: "Boards", server: "Server" };
export const facts = await ask("/server");
let current;

function bar() {
  const here = location.hash.split("/")[1] || "mails";
  const link = (name) =>
    h("a", { href: `#/${name}`, "aria-current": name === here ? "page" : false }, t(names[name]));
  const shown = Object.keys(views).filter((name) => name !== "boards" || facts.boards.length);
  id("bar").replaceChildren(
    h("a", { class: "brand", href: "#/mails" }, h("img", { src: "/static/icon.svg", alt: "", width: 24, height: 24 }), "umail"),
    h("nav", { "aria-label": "umail" }, shown.map(link)),
    h("span", { class: "where" }, `${facts.profile} · ${facts.host}:${facts.port}`),
    h("a", { class: "plan", href: "#/server", hidden: !facts.faults }, "⚡ " + facts.faults),
    h("span", { id: "live", class: "live" }),
  );
  showLive();
}

let live = false;
function showLive() {
  const dot = id("live");
  dot.classList.toggle("on", live);
  dot.textContent = live ? t("live") : t("not connected");
}

function go() {
  const [, name = "mails", ...rest] = location.hash.split("/");
  const view = views[name] || mails;
  const words = rest.map(decodeURIComponent);
  bar();
  document.title = `umail · ${t(names[name] || "Mails")}`;
  if (view !== current) {
    current = view;
    id("main").dataset.view = view === views[name] ? name : "mails";
    view.open(id("main"), facts);
  }
  view.show(words);
}

function listen() {
  const stream = new EventSource("/api/v1/events");
  stream.onopen = () => {
    if (!live) for (const view of Object.values(views)) view.reload?.();
    live = true;
    showLive();
  };
  stream.onerror = () => {
    live = false;
    showLive();
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
  const on = (kind, work) => stream.addEventListener(kind, (event) => work(JSON.parse(event.data)));
  on("mails", mails.arrived);
  on("sessions", sessions.changed);
  on("boards", boards.changed);
  on("reload", () => mails.reload());
  on("faults", (plan) => {
    facts.faults = plan;
    bar();
  });
}

function help() {
  const row = (key, text) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, key)), h("td", {}, t(text)));
  id("help").replaceChildren(
    h("h2", {}, t("Keys")),
    h("table", {}, row("j", "next mail"), row("k", "previous mail"), row("/", "search"), row("Esc", "back to the list"), row("?", "this list")),
    h("button", { onclick: () => id("help").close() }, t("Close")),
  );
  id("help").showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (typing && event.key !== "Escape") return;
  if (event.key === "?") help();
  else if (current.key?.(event.key)) event.preventDefault();
});
window.addEventListener("hashchange", go);
window.addEventListener("unhandledrejection", (event) => tell(event.reason?.message || String(event.reason)));
document.documentElement.lang = language;
go();
listen();
