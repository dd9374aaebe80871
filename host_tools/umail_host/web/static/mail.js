// One mail, in every way it can be looked at.

import { ask, h, put, tell } from "./dom.js";
import { many, said, t, when, whole } from "./words.js";

let wanted;

export function read(place, mail, { remove, left }) {
  const url = `/api/v1/mails/${encodeURIComponent(mail.id)}`;
  const views = {
    HTML: mail.html && (() => h("iframe", { src: url + "/html", sandbox: "", referrerpolicy: "no-referrer", title: t("the mail as HTML") })),
    Text: () => text(mail),
    Headers: () => headers(mail),
    Parts: () => parts(mail, url),
    Source: () => source(url, left),
    Envelope: () => envelope(mail),
  };
  const names = Object.keys(views).filter((name) => views[name]);
  const body = h("div", { class: "body", tabindex: 0, role: "region", "aria-label": t("mail") });
  const tabs = names.map((name) => h("button", { onclick: () => choose(name) }, t(name)));
  function choose(name) {
    wanted = name;
    tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", names[index] === name));
    body.className = "body " + name.toLowerCase();
    body.replaceChildren(views[name]());
  }
  place.dataset.id = mail.id;
  put(place, 
    h("div", { class: "head" },
      h("a", { class: "back", href: "#/mails" }, "← " + t("Back")),
      h("h1", {}, mail.subject || "–"),
      h("p", { class: "people" }, h("b", {}, mail.header_from || mail.sender), " → ", mail.header_to || mail.recipients.join(", "), " · ", h("time", {}, whole(mail.time))),
      h("div", { class: "acts" },
        mail.session && h("a", { class: "button", href: `#/sessions/${mail.session}` }, t("Dialogue")),
        h("a", { class: "button", href: url + "/source", download: true }, t("Save .eml")),
        h("button", { class: "danger", onclick: remove }, t("Delete")))),
    warnings(mail.warnings), standing(mail, left), thread(mail), attached(mail, url),
    h("div", { class: "tabs" }, tabs), body);
  choose(names.includes(wanted) ? wanted : names[0]);
}

const warnings = (found) => found.length > 0 &&
  h("details", { class: "warnings", open: found.length < 4 },
    h("summary", {}, `⚠ ${t("What a provider might object to")} (${found.length})`),
    h("ul", {}, found.map((one) => h("li", { "data-key": one.key }, said(one.text)))));

// It may take seconds: a DNS server and SpamAssassin are asked.
function standing(mail, left) {
  const place = h("div", { class: "standing", hidden: true });
  setTimeout(() => place.isConnected && ask(`/mails/${encodeURIComponent(mail.id)}/standing`, "GET", undefined, left).then(show, () => {}), 400);
  function show({ warnings: found, spamassassin: spam }) {
    place.hidden = !found.length && !spam;
    put(place, warnings(found), spam && (spam.error ? h("p", { class: "quiet" }, said(spam.error)) : h("details", { class: "spam" },
      h("summary", {}, `SpamAssassin: ${t("{} points", many(spam.points))}, ${t("spam from {} on", many(spam.required))}`),
      h("ul", {}, spam.rules.map((rule) => h("li", {}, h("b", {}, many(rule.points)), ` ${rule.name}: ${rule.text}`))))));
  }
  return place;
}

const thread = (mail) => mail.thread_mails.length > 1 &&
  h("nav", { class: "thread", "aria-label": t("Thread") }, mail.thread_mails.map((one) =>
    h("a", { href: `#/mails/${encodeURIComponent(one.id)}`, "aria-current": one.id === mail.id ? "true" : false }, h("time", {}, when(one.time)), " ", one.subject)));

function attached(mail, url) {
  const files = mail.parts.filter((part) => part.attachment);
  return files.length > 0 && h("div", { class: "files" }, files.slice(0, 50).map((part) =>
    h("a", { href: `${url}/parts/${part.index}`, download: part.name || `part-${part.index}`, class: "file" }, "📎 ", part.name || part.type, h("small", {}, ` ${many(part.size)} ${t("bytes")}`))));
}

const text = (mail) => h("div", {}, h("pre", {}, mail.text || t("No text in this mail.")), mail.text_cut && h("p", { class: "quiet" }, t("More was left out.")));

function headers(mail) {
  const table = h("table", { class: "headers" });
  const button = h("button", { onclick: () => draw(!raw) });
  let raw;
  function draw(asked) {
    raw = asked;
    button.textContent = t(raw ? "Show decoded" : "Show raw");
    table.replaceChildren(...mail.headers.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), h("td", {}, raw ? one.raw : one.value))));
  }
  draw(false);
  return h("div", {}, button, table, mail.headers_left_out > 0 && h("p", { class: "quiet" }, t("More was left out.")));
}

const parts = (mail, url) => h("div", {},
  h("table", { class: "parts" },
    h("thead", {}, h("tr", {}, ["Type", "Name", "Encoding", "Size", ""].map((name) => (name ? h("th", { scope: "col" }, t(name)) : h("td"))))),
    h("tbody", {}, mail.parts.map((part) => {
      const type = h("td", {}, part.depth ? "└ " : "", part.type);
      type.style.paddingLeft = `${Math.min(part.depth, 12) * 18 + 8}px`;
      return h("tr", {}, type, h("td", {}, part.name), h("td", {}, part.encoding), h("td", { class: "number" }, many(part.size)),
        h("td", {}, h("a", { href: `${url}/parts/${part.index}`, download: part.name || `part-${part.index}` }, t("Save"))));
    }))),
  mail.parts_left_out && h("p", { class: "quiet" }, t("More was left out.")));

function source(url, left) {
  const pre = h("pre", {}, "…");
  fetch(url + "/source", { signal: left }).then(async (answer) => {
    const octets = await answer.arrayBuffer();
    const most = 500000;
    pre.textContent = new TextDecoder().decode(octets.slice(0, most)) + (octets.byteLength > most ? "\n… " + t("More was left out.") : "");
  }).catch((error) => left.aborted || tell(error.message));
  return pre;
}

function envelope(mail) {
  const row = (name, value) => h("tr", {}, h("th", { scope: "row" }, t(name)), h("td", {}, value || "–"));
  return h("table", { class: "headers" },
    row("Mail from", mail.sender), row("Header From", mail.header_from),
    row("Recipients", mail.recipients.join(", ")), row("Header To", mail.header_to),
    row("Login", mail.user), row("Arrived", whole(mail.time)), row("Size", `${many(mail.size)} ${t("bytes")}`),
    row("Session", mail.session && h("a", { href: `#/sessions/${mail.session}` }, `#${mail.session}`)));
}
