// What the server is told to do: faults, limits, and all mails at once.

import { ask, doing, h, tell } from "./dom.js";
import { t } from "./words.js";

const limits = { per_minute: "Messages a minute (late beyond)", per_hour: "Messages an hour (refused beyond)", recipients_a_day: "Recipients a day", max_sessions: "Sessions at once" };
let main;

export function open(place, facts) {
  main = place;
  main.className = "one";
  document.body.classList.remove("reading");
  draw(facts);
}

export const show = () => {};

async function draw(facts) {
  const [faults, now] = await Promise.all([ask("/faults"), ask("/limits")]);
  if (main.dataset.view !== "server") return;
  main.replaceChildren(
    h("section", { class: "card" }, h("h1", {}, t("Server")), h("table", { class: "headers" },
      [["Profile", facts.profile], ["Address", `${facts.host}:${facts.port}`], ["Certificate", facts.names]].map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, t(name)), h("td", {}, value)))),
      h("p", {}, h("a", { href: "/api/v1/openapi.json" }, t("API description")))),
    refuse(faults), limited(now),
    h("section", { class: "card" }, h("h2", {}, t("Mails of this server")), h("p", { class: "quiet" }, `${t("kept in")} ${facts.maildir}`),
      h("div", { class: "acts" }, h("a", { class: "button", href: "/api/v1/export", download: true }, t("Save all as mbox")), h("button", { class: "danger", onclick: doing(clear) }, t("Delete all")))));
}

async function clear() {
  if (!confirm(t("Delete all mails?"))) return;
  await ask("/mails", "DELETE");
  tell(t("done"));
}

export function refuse(faults) {
  const plan = h("input", { id: "plan", value: faults.plan, spellcheck: "false", autocomplete: "off", "aria-label": t("Plan of faults") });
  const summary = h("p", { class: "quiet" }, "NAME[=ARGUMENT][@2 | @2- | @1-3 | @30%][,…]");
  const choice = h("select", { id: "fault", "aria-label": t("Add a fault"), onchange: () => {
    const fault = faults.faults.find((one) => one.name === choice.value);
    if (!fault) return;
    summary.textContent = `${fault.name}: ${fault.summary}`;
    plan.value = [plan.value.trim(), fault.name].filter(Boolean).join(",");
    choice.value = "";
  } }, h("option", { value: "" }, t("Add a fault") + " …"), faults.faults.map((one) => h("option", { value: one.name, title: one.summary }, one.name)));
  const apply = async () => {
    const set = await ask("/faults", "PUT", { plan: plan.value.trim() });
    plan.value = set.plan;
    tell(set.plan ? `⚡ ${set.plan}` : t("No faults"));
  };
  return h("section", { class: "card" }, h("h2", {}, t("Make the server refuse")), h("div", { class: "acts" }, choice, plan,
    h("button", { class: "main", onclick: doing(apply) }, t("Apply")),
    h("button", { onclick: doing(() => ((plan.value = ""), apply())) }, t("No faults"))), summary);
}

function limited(now) {
  const inputs = Object.entries(limits).map(([name, label]) => [name, label, h("input", { type: "number", min: 0, max: 1000000, value: now[name], id: name })]);
  const apply = async () => {
    await ask("/limits", "PUT", Object.fromEntries(inputs.map(([name, , input]) => [name, Number(input.value)])));
    tell(t("done"));
  };
  return h("section", { class: "card" }, h("h2", {}, t("Limits of a user")), inputs.map(([name, label, input]) => h("label", { for: name }, t(label), input)),
    h("p", { class: "quiet" }, t("0 is no limit.")), h("button", { onclick: doing(apply) }, t("Apply")));
}
