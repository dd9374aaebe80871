// The sessions, and their dialogue as flights between two life lines; two of them side by side.

import { ask, doing, h, put, svg } from "./dom.js";
import { many, t, when } from "./words.js";

let side, place, shown = [], facts, loading, all = [];
const moved = new Set();

export function open(main, known) {
  facts = known;
  side = h("div", { class: "list plain", tabindex: 0, role: "region", "aria-label": t("Sessions") });
  place = h("article", { class: "reader" });
  const compare = h("button", { onclick: doing(both) }, t("Compare umail and smtplib"));
  const send = facts.clients.map((client) => h("button", { onclick: doing(() => by(client)) }, t("Send by {}", client)));
  main.className = "two";
  put(main, h("section", { class: "side", "aria-label": t("Sessions") }, h("div", { class: "tools wrap" }, compare, send), side), place);
  reload();
}

async function by(client) {
  const { session } = await ask("/sessions", "POST", { client });
  location.hash = `#/sessions/${session}`;
  return session;
}

async function both() {
  const numbers = [];
  for (const client of ["umail", "smtplib"]) numbers.push((await ask("/sessions", "POST", { client })).session);
  location.hash = `#/sessions/${numbers.join("/")}`;
}

export async function reload() {
  if (!side?.isConnected) return;
  all = await ask("/sessions");
  side.replaceChildren(...(all.length ? all.map(row) : [h("p", { class: "quiet" }, t("No session yet"))]));
}

const row = (one) => h("a", { class: "session" + (shown.includes(String(one.number)) ? " chosen" : ""), href: `#/sessions/${one.number}` },
  h("b", {}, `#${one.number}`), " ", one.user || one.ehlo || one.peer, h("time", {}, when(one.started)),
  h("small", {}, `${one.tls || t("in clear")} · ${one.round_trips} ${t(one.round_trips === 1 ? "round trip" : "round trips")} · ${one.messages} ${t(one.messages === 1 ? "mail" : "mails")}`),
  one.faults.length > 0 && h("small", { class: "fault" }, "⚡ " + one.faults.join(", ")));

export function changed(numbers) {
  if (!side?.isConnected) return;
  for (const number of numbers) moved.add(String(number));
  loading ??= setTimeout(() => {
    loading = undefined;
    reload();
    if (shown.some((number) => moved.has(number))) draw();
    moved.clear();
  }, 150);
}

export function show(numbers) {
  shown = numbers.slice(0, 2);
  document.body.classList.toggle("reading", shown.length > 0);
  reload();
  return draw();
}

async function draw() {
  const wanted = shown;
  if (!wanted.length) {
    put(place, h("p", { class: "quiet" }, t("Choose a session to see its dialogue.")));
    return;
  }
  const found = await Promise.all(wanted.map((number) => ask(`/sessions/${encodeURIComponent(number)}`)));
  if (wanted !== shown) return;
  const top = place.scrollTop;
  put(place, h("a", { class: "back", href: "#/sessions" }, "← " + t("Back")),
    found.length === 1 && beside(found[0]),
    h("div", { class: "dialogues" + (found.length > 1 ? " pair" : "") }, found.map(dialogue)));
  place.scrollTop = top;
}

function beside(session) {
  const others = all.filter((one) => one.number !== session.number).slice(0, 50);
  if (!others.length) return null;
  const choice = h("select", { "aria-label": t("Compare with"), onchange: () => (location.hash = `#/sessions/${session.number}/${choice.value}`) },
    h("option", { value: "" }, t("Compare with") + " …"), others.map((one) => h("option", { value: one.number }, `#${one.number} ${one.ehlo}, ${one.round_trips} ${t("round trips")}`)));
  return choice;
}

function dialogue(session) {
  const facts = [session.tls ? `${session.tls} ${session.cipher}` : t("in clear"), session.user, `${many(session.octets_in + session.octets_out)} ${t("bytes")}`, session.ending];
  const dots = Array.from({ length: Math.min(session.round_trips, 40) }, (_, index) => h("i", {}, index + 1));
  const certificate = session.certificate;
  return h("section", { class: "dialogue", "aria-label": `${t("Session")} ${session.number}` },
    h("h1", {}, `#${session.number} ${session.ehlo || session.peer}`),
    h("p", { class: "trips" }, h("b", {}, session.round_trips), " ", t(session.round_trips === 1 ? "round trip" : "round trips"), h("span", { class: "dots", "aria-hidden": "true" }, dots)),
    h("p", { class: "quiet" }, facts.filter(Boolean).join(" · ")),
    certificate && h("p", { class: "quiet" }, `${t("Certificate")} ${certificate.kind}, ${t("for")} ${certificate.names.join(", ")}, ${t("until")} ${certificate.until.slice(0, 10)}`),
    h("div", { class: "ends", "aria-hidden": "true" }, h("b", {}, t("Client")), h("b", {}, t("Server"))),
    h("ol", { class: "flights" }, session.flights.map((one, index) => flight(one, session.flights[index - 1]))),
    session.flights_left_out > 0 && h("p", { class: "quiet" }, t("More flights were left out.")),
    session.mails.length > 0 && h("div", { class: "files" }, session.mails.map((mail) => h("a", { class: "file", href: `#/mails/${encodeURIComponent(mail.id)}` }, "✉ ", mail.subject || "–"))));
}

function flight(one, before) {
  const gap = before ? Math.max(0, one.at - before.until) : 0;
  const time = h("span", { class: "at" }, many(Math.round(one.at * 10) / 10) + " ms");
  const said = h("span", { class: "lines" }, lines(one, 0, 4), more(one));
  const item = h("li", { class: { C: "client", S: "server", "!": one.fault ? "note fault" : "note" }[one.from] + (one.tls ? " tls" : "") }, time,
    one.from === "!" ? h("span", { class: "told" }, one.fault ? "⚡ " : "", one.lines[0]) : [said, arrow(one), one.trip > 0 && h("span", { class: "trip", "aria-label": `${t("round trip")} ${one.trip}` , role: "img" }, one.trip)]);
  item.style.marginTop = `${Math.min(40, Math.round(3 * Math.log2(1 + gap)))}px`;
  return item;
}

// The time of a line stands beside it if it is not that of its flight.
const lines = (one, from, to) => one.lines.slice(from, to).map((line, index) => {
  const late = one.times[from + index] - one.at;
  return h("code", { title: `${many(one.times[from + index])} ms` }, line, late >= 1 && h("small", {}, ` +${many(Math.round(late))} ms`));
});

function more(one) {
  const count = one.lines.length - 4 + one.more;
  return count > 0 && h("details", {}, h("summary", {}, `+ ${many(count)} ${t("more lines")}`), lines(one, 4), one.more > 0 && h("code", {}, "…"));
}

const arrow = (one) => svg("svg", { class: "arrow", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
  svg("line", one.from === "C" ? { x1: 0, y1: 2, x2: 100, y2: 18 } : { x1: 100, y1: 2, x2: 0, y2: 18 }));
