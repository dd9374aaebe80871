// Makes elements without ever reading HTML, and speaks to the API.

import { said } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

const flat = (children) => children.flat(Infinity).filter((child) => child != null && child !== false);

// Puts children in the place of what an element holds.
export const put = (element, ...children) => element.replaceChildren(...flat(children));

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...flat(children));
  return element;
}

export const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
export const svg = (tag, properties, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

export async function ask(path, method = "GET", body = undefined, signal = undefined) {
  const answer = await fetch("/api/v1" + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error || answer.statusText);
  return found;
}

export const id = (name) => document.getElementById(name);

let fading;
export function tell(text) {
  id("told").textContent = said(text);
  clearTimeout(fading);
  fading = setTimeout(() => (id("told").textContent = ""), 6000);
}

// Runs what a button does; what went wrong is shown.
export const doing = (work) => async (event) => {
  const button = event && event.currentTarget;
  if (button) button.disabled = true;
  try {
    await work(event);
  } catch (error) {
    tell(error.message);
  } finally {
    if (button) button.disabled = false;
  }
};
