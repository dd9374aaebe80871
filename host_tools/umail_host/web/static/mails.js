// The inbox: the list, the search, and the mail that is read.

import { ask, doing, h, id } from "./dom.js";
import { List } from "./list.js";
import { read } from "./mail.js";
import { many, t, when, whole } from "./words.js";

let list, reader, chosen, count, box, query = "", waiting, hello;
let left = new AbortController(); // what is still asked about a mail is not wanted once it is left or deleted

function draw(mail) {
  const threaded = mail.threaded > 1 && h("span", { class: "badge", title: t("Thread") }, mail.threaded);
  const clip = mail.attachments > 0 && h("span", { class: "clip", title: t("Attachments") }, "📎 " + mail.attachments);
  return h("div", { class: "row" + (mail.id === chosen ? " chosen" : ""), "data-id": mail.id },
    h("a", { href: `#/mails/${encodeURIComponent(mail.id)}` },
      h("span", { class: "who" }, mail.header_from || mail.sender || "–"),
      h("time", { title: whole(mail.time) }, when(mail.time)),
      h("span", { class: "subject" }, mail.subject || "–"),
      h("span", { class: "preview" }, mail.preview),
      h("span", { class: "marks" }, threaded, clip)));
}

export function open(main, facts, first) {
  box = h("input", { type: "search", id: "search", placeholder: t("Search mails") + "  /", "aria-label": t("Search mails"), value: query,
    oninput: () => {
      query = box.value;
      soon();
    } });
  count = h("span", { class: "count", role: "status" });
  hello = h("div", { class: "hello", hidden: true });
  list = new List(draw, () => (query ? `q=${encodeURIComponent(query)}` : ""), counted(facts));
  list.element.setAttribute("aria-label", t("Mails"));
  reader = h("article", { class: "reader" });
  main.className = "two";
  main.replaceChildren(h("section", { class: "side", "aria-label": t("Mails") }, h("div", { class: "tools" }, box, count), hello, list.element), reader);
  if (first && !query) list.take(first);
  else reload();
}

const counted = (facts) => (total) => {
  count.textContent = `${many(total)} ${t(total === 1 ? "mail" : "mails")}`;
  hello.hidden = total > 0;
  list.element.hidden = total === 0;
  if (total === 0) {
    const text = query ? "" : t("Send one to {}, and it appears here at once.", `${facts.host}:${facts.port}`);
    hello.replaceChildren(h("h2", {}, t(query ? "Nothing found" : "No mail yet")), h("p", {}, text));
  }
};

export async function show([mail]) {
  leave();
  chosen = mail;
  for (const row of list.space.children) row.classList.toggle("chosen", row.dataset.id === mail);
  document.body.classList.toggle("reading", Boolean(mail));
  if (!mail) {
    reader.replaceChildren(h("p", { class: "quiet" }, t("Choose a mail to read it.")));
    return;
  }
  const found = await ask(`/mails/${encodeURIComponent(mail)}`);
  if (chosen === mail) read(reader, found, { remove: doing(() => remove(mail)), left: left.signal });
}

function leave() {
  left.abort();
  left = new AbortController();
}

async function remove(mail) {
  const position = list.position(mail);
  leave();
  try {
    await ask(`/mails/${encodeURIComponent(mail)}`, "DELETE");
  } catch (error) {
    show([mail]);
    throw error;
  }
  const next = list.at(position + 1) || list.at(position - 1);
  location.hash = next ? `#/mails/${encodeURIComponent(next.id)}` : "#/mails";
}

export const reload = () => list?.load();

// A moment after the first change, however many follow.
function soon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    reload();
  }, 150);
}

export function arrived(mails) {
  if (!list?.element.isConnected) return;
  if (query) soon();
  else list.arrived(mails);
}

export function key(pressed) {
  if (pressed === "/") box.focus();
  else if (pressed === "Escape" && document.activeElement === box) {
    box.value = query = "";
    box.blur();
    reload();
  } else if (pressed === "Escape") {
    location.hash = "#/mails";
    list.element.focus();
  } else if (pressed === "j" || pressed === "k") {
    const now = chosen ? list.position(chosen) : -1;
    const position = pressed === "j" ? now + 1 : Math.max(0, now - 1);
    const mail = list.at(position);
    if (mail) {
      list.see(position);
      location.hash = `#/mails/${encodeURIComponent(mail.id)}`;
    }
  } else return false;
  return true;
}
