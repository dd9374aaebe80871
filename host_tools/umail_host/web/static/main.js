// The frame of the page: where one is, what comes from the server, the keys.

import { ask, h, id, tell } from "./dom.js";
import { language, t } from "./words.js";
import * as mails from "./mails.js";

// What the page begins with came along with it.
const start = JSON.parse(id("start").textContent);
const facts = start.server;
const names = { mails: "Mails", sessions: "Sessions", boards: "Boards", server: "Server" };
const loads = { sessions: () => import("./sessions.js"), boards: () => import("./boards.js"), server: () => import("./server.js") };
const views = { mails };
let current;

function bar() {
  const here = location.hash.split("/")[1] || "mails";
  const link = (name) =>
    h("a", { href: `#/${name}`, "aria-current": name === here ? "page" : false }, t(names[name]));
  const shown = Object.keys(names).filter((name) => name !== "boards" || facts.boards.length);
  id("bar").replaceChildren(
    h("a", { class: "brand", href: "#/mails" }, h("img", { src: document.querySelector("link[rel=icon]").href, alt: "", width: 24, height: 24 }), "umail"),
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

async function go() {
  const [, asked = "mails", ...rest] = location.hash.split("/");
  const name = Object.hasOwn(names, asked) ? asked : "mails";
  const words = rest.map(decoded);
  bar();
  document.title = `umail · ${t(names[name])}`;
  const here = location.hash;
  if (!views[name]) {
    views[name] = await loads[name]();
    if (location.hash !== here) return;
  }
  if (views[name] !== current) {
    current = views[name];
    id("main").dataset.view = name;
    current.open(id("main"), facts, start.mails);
    start.mails = undefined;
  }
  current.show(words);
}

function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

// A browser opens six connections to a host for all its pages, so a page that nobody sees has none.
let stream;
function listen() {
  if (document.hidden || stream) return;
  const opened = (stream = new EventSource("/api/v1/events"));
  const reload = () => Object.values(views).forEach((view) => view.reload?.());
  const set = (on) => {
    live = on;
    showLive();
  };
  opened.onerror = () => {
    start.state = undefined;
    set(false);
    if (opened.readyState !== EventSource.CLOSED || stream !== opened) return;
    hang();
    setTimeout(listen, 2000);
    ask("/server").catch((error) => tell(error.message)); // it says why it will not be heard
  };
  const on = (kind, work) => opened.addEventListener(kind, (event) => work(JSON.parse(event.data)));
  on("state", async (state) => {
    set(true);
    const missed = String(state) !== String(start.state); // what came along with the page is known
    const again = start.state === undefined;
    start.state = undefined;
    if (missed) reload();
    if (again) known(await ask("/server"));
  });
  on("mails", mails.arrived);
  on("sessions", (numbers) => views.sessions?.changed(numbers));
  on("boards", () => views.boards?.changed());
  on("reload", reload);
  on("faults", (faults) => known({ faults }));
}

function hang() {
  stream?.close();
  stream = start.state = undefined;
}

function known(more) {
  Object.assign(facts, more);
  bar();
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
document.addEventListener("visibilitychange", () => (document.hidden ? hang() : listen()));
window.addEventListener("unhandledrejection", (event) => tell(event.reason?.message || String(event.reason)));
document.documentElement.lang = language;
go();
listen();
