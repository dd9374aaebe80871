// The virtual boards: how they stand, what they measure and print, what waits on them, and buttons for trouble.

import { ask, doing, h, put, svg } from "./dom.js";
import { refuse } from "./server.js";
import { many, t, whole } from "./words.js";

let main, name, cards, facts, loading, parts;

export function open(place, known) {
  main = place;
  facts = known;
  main.className = "one";
  document.body.classList.remove("reading");
  name = undefined;
}

export async function show([wanted]) {
  const next = facts.boards.includes(wanted) ? wanted : facts.boards[0];
  if (!next) {
    put(main, h("p", { class: "quiet" }, t("No board here")));
    return;
  }
  if (next === name && cards?.isConnected) return;
  name = next;
  const faults = await ask("/faults");
  if (main.dataset.view !== "boards" || next !== name) return;
  const tabs = facts.boards.map((one) => h("a", { href: `#/boards/${encodeURIComponent(one)}`, "aria-current": one === name ? "page" : false }, one));
  parts = { tabs: h("nav", { class: "tabs", "aria-label": t("Boards") }, tabs), state: h("div", { class: "chips" }), buttons: h("div", { class: "groups" }), chart: h("div", { class: "chart" }), console: h("pre", { class: "console", tabindex: 0, "aria-label": t("Console") }), outbox: h("div", {}) };
  const card = (title, ...inner) => h("section", { class: "card" }, h("h2", {}, t(title)), inner);
  const look = h("button", { onclick: doing(outbox) }, t("Look"));
  cards = h("div", { class: "board" }, h("section", { class: "card wide" }, h("h1", {}, name), parts.state, parts.buttons), card("Readings", parts.chart), card("Console", parts.console), card("Outbox", look, parts.outbox), refuse(faults));
  put(main, facts.boards.length > 1 && parts.tabs, cards);
  buttons();
  await reload();
}

export async function reload() {
  if (!cards?.isConnected) return;
  const asked = name;
  const [board, all] = await Promise.all([ask(`/boards/${encodeURIComponent(name)}`), ask("/boards")]);
  if (asked !== name) return;
  all.forEach(tab);
  draw(board);
}

// Every board is seen, whichever is looked at. A link stays the same element, so it keeps the focus.
function tab(board, index) {
  const trouble = [!board.powered ? "off" : board.wifi !== "connected" && board.wifi, board.sensor?.gone && "unplugged"].filter(Boolean);
  const measured = board.powered && board.reading !== null && `${many(board.reading)} ${board.unit}`;
  put(parts.tabs.children[index], board.name, measured && h("small", {}, " ", measured), trouble.map((word) => h("small", { class: "fault" }, " ⚠ ", t(word))));
}

export function changed() {
  loading ??= setTimeout(() => {
    loading = undefined;
    reload();
  }, 200);
}

const act = (action, value) => doing(async () => {
  await ask(`/boards/${encodeURIComponent(name)}`, "POST", value === undefined ? { action } : { action, value });
  await reload();
});

function buttons() {
  const groups = {
    Power: [["Reset", "reset"], ["Cut the power", "power-off"], ["Power on", "power-on"]],
    Network: [["Wi-Fi on", "wifi-up"], ["Drop the Wi-Fi", "wifi-drop"], ["Refuse the Wi-Fi", "wifi-refuse"], ["Slow network", "network", 1500], ["Fast network", "network", 0]],
    Clock: [["NTP on", "ntp-on"], ["NTP off", "ntp-off"], ["+1 hour", "clock", 3600], ["−1 hour", "clock", -3600]],
    Sensor: [["Warmer", "warm", 3], ["Cooler", "warm", -3], ["Unplug", "unplug"], ["Plug in", "plug"]],
    Flash: [["Fill the flash", "fill"], ["Free the flash", "empty"]],
  };
  parts.buttons.replaceChildren(...Object.entries(groups).map(([title, inner]) => h("fieldset", { "data-group": title }, h("legend", {}, t(title)), inner.map(([text, action, value]) => h("button", { onclick: act(action, value) }, t(text))))));
}

function draw(board) {
  parts.buttons.querySelector("[data-group=Sensor]").hidden = board.sensor === null;
  const chip = (label, value, bad) => h("span", { class: "chip" + (bad ? " bad" : "") }, t(label), " ", h("b", {}, value));
  put(parts.state, 
    chip("Power", t(board.powered ? "on" : "off"), !board.powered), chip("Network", t(board.wifi), board.wifi !== "connected"),
    board.latency > 0 && chip("latency", `${many(board.latency)} ms`, true), chip("Clock", whole(board.clock), board.clock < 1e9), chip("NTP", t(board.ntp ? "on" : "off"), !board.ntp),
    board.sensor && chip("Sensor", board.sensor.gone ? t("unplugged") : `${many(board.sensor.celsius)} ${board.unit}`, board.sensor.gone), board.cause && chip("last reset", board.cause));
  const low = parts.console.scrollTop + parts.console.clientHeight >= parts.console.scrollHeight - 30;
  parts.console.replaceChildren(...board.lines.map((line) => h("span", { class: line.act ? "act" : "" }, line.text + "\n")));
  if (low) parts.console.scrollTop = parts.console.scrollHeight;
  parts.chart.replaceChildren(chart(board));
}

async function outbox() {
  const mails = await ask(`/boards/${encodeURIComponent(name)}/outbox`);
  const head = ["Subject", "State", "Due in", "Attempts", "Why"].map((text) => h("th", { scope: "col" }, t(text)));
  parts.outbox.replaceChildren(mails.length ? h("table", { class: "parts" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, mails.map((mail) =>
    h("tr", {}, h("td", {}, mail.subject), h("td", {}, t(mail.state === "dead" ? "given up" : mail.state)), h("td", { class: "number" }, mail.state === "dead" ? "–" : `${many(mail.due)} s`), h("td", { class: "number" }, mail.attempts),
      h("td", {}, mail.why, mail.gone.map(([address, reply]) => h("div", {}, `${address}: ${reply}`))))))) : h("p", { class: "quiet" }, t("The outbox is empty.")));
}

function chart(board) {
  const points = board.readings;
  if (points.length < 2) return h("p", { class: "quiet" }, t("no readings yet"));
  const [width, height, left, bottom] = [640, 220, 44, 18];
  const values = points.map((point) => point[1]).concat(board.limit === null ? [] : [board.limit, board.limit - board.hysteresis]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least) * 0.08 || 1;
  const shown = board.marks.filter((mark) => mark.time >= points[0][0]);
  const end = Math.max(points.at(-1)[0], ...shown.map((mark) => mark.time)); // what was marked may be newer than the last reading
  const x = (time) => left + ((time - points[0][0]) / (end - points[0][0] || 1)) * (width - left - 8);
  const y = (value) => 8 + ((most + room - value) / (most - least + 2 * room)) * (height - bottom - 8);
  const label = (value, text, kind) => [svg("line", { class: kind, x1: left, x2: width - 8, y1: y(value), y2: y(value) }), svg("text", { x: left - 4, y: y(value) + 4, "text-anchor": "end" }, many(value)), svg("title", {}, text)];
  const marks = shown.map((mark) => svg("g", { class: "mark " + mark.kind }, svg("line", { x1: x(mark.time), x2: x(mark.time), y1: 8, y2: height - bottom }), svg("circle", { cx: x(mark.time), cy: 12, r: 5 }), svg("title", {}, `${t(mark.kind)}: ${mark.text}`)));
  const last = points.at(-1)[1];
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${t("Readings")}: ${many(last)} ${board.unit}` },
    board.limit !== null && svg("rect", { class: "band", x: left, width: width - left - 8, y: y(board.limit), height: Math.max(1, y(board.limit - board.hysteresis) - y(board.limit)) }),
    board.limit !== null && label(board.limit, t("limit"), "limit"), board.limit !== null && board.hysteresis > 0 && label(board.limit - board.hysteresis, t("normal again"), "normal"),
    svg("polyline", { points: points.map((point) => `${x(point[0]).toFixed(1)},${y(point[1]).toFixed(1)}`).join(" ") }), marks,
    svg("text", { x: width - 10, y: y(last) - 8, "text-anchor": "end", class: "now" }, `${many(last)} ${board.unit}`));
}
