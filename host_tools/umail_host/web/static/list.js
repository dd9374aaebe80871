// A list of any length: only the rows that are seen exist, and only pages that are seen are asked for.

import { ask, h } from "./dom.js";

const PAGE = 100;
const KEPT = 3000; // rows; those far from what is seen are forgotten beyond that, and asked for again

// draw(row) makes a row's element; search() gives the query of the list.
export class List {
  constructor(draw, search, counted) {
    Object.assign(this, { draw, search, counted, total: 0, newest: 0, rows: new Map(), asked: new Set(), made: new Map(), age: 0 });
    this.space = h("div", { class: "space" });
    this.element = h("div", { class: "list", role: "list", tabindex: 0, onscroll: () => this.render() }, this.space);
    new ResizeObserver(() => this.render()).observe(this.element);
  }

  get height() {
    return parseInt(getComputedStyle(this.element).getPropertyValue("--row")) || 68;
  }

  async load() {
    const age = ++this.age;
    const found = await ask(`/mails?limit=${PAGE}&${this.search()}`);
    if (age === this.age) this.take(found);
  }

  take(found) {
    if (found.newest < this.newest) return this.load(); // mails came while it was under way
    this.newest = found.newest;
    this.rows.clear();
    this.asked.clear();
    for (const element of this.made.values()) element.remove();
    this.made.clear();
    this.total = found.total;
    this.keep(found.mails, 0);
    this.counted(this.total);
    this.render();
    return undefined;
  }

  // Rows are counted from the oldest, so that an arrival moves none of them.
  keep(mails, offset) {
    mails.forEach((mail, index) => this.rows.set(this.total - 1 - offset - index, mail));
  }

  arrived(all) {
    const mails = all.filter((mail) => mail.number > this.newest); // a list that was just loaded has some of them
    if (!mails.length) return;
    for (const mail of mails) {
      if (mail.threaded > 1) this.join(mail);
      this.rows.set(this.total++, mail);
    }
    this.newest = mails.at(-1).number;
    this.moved = (this.moved || 0) + mails.length;
    // Once a frame, however many events there are.
    this.due ??= requestAnimationFrame(() => {
      const above = this.moved * this.height;
      this.due = undefined;
      this.moved = 0;
      if (this.element.scrollTop > 0) {
        this.space.style.height = `${this.total * this.height}px`;
        this.element.scrollTop += above;
      }
      this.counted(this.total);
      this.render();
    });
  }

  // The other mails of its thread tell how many they are now.
  join({ thread, threaded }) {
    for (const [number, row] of this.rows) {
      if (row.thread !== thread) continue;
      row.threaded = threaded;
      this.made.get(number)?.remove();
      this.made.delete(number);
    }
  }

  at(position) {
    return this.rows.get(this.total - 1 - position);
  }

  position(id) {
    for (const [number, row] of this.rows) if (row.id === id) return this.total - 1 - number;
    return -1;
  }

  see(position) {
    const top = position * this.height;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    const low = top + this.height - this.element.clientHeight;
    if (low > this.element.scrollTop) this.element.scrollTop = low;
  }

  async fetch(page) {
    const offset = page * PAGE;
    if (this.asked.has(page)) return;
    this.asked.add(page);
    const { age, total } = this;
    let found;
    try {
      found = await ask(`/mails?limit=${PAGE}&offset=${offset}&${this.search()}`);
    } finally {
      this.asked.delete(page);
    }
    if (age !== this.age) return;
    const moved = this.total - total;
    this.keep(found.mails, offset + moved - (found.total - total));
    this.render();
  }

  render() {
    const { height } = this;
    this.space.style.height = `${this.total * height}px`;
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - 5);
    const last = Math.min(this.total, first + Math.ceil(this.element.clientHeight / height) + 12);
    const seen = new Set();
    for (let position = first; position < last; position++) {
      const number = this.total - 1 - position;
      const row = this.rows.get(number);
      if (!row) {
        this.fetch(Math.floor(position / PAGE));
        continue;
      }
      seen.add(number);
      let element = this.made.get(number);
      if (!element) {
        element = this.draw(row);
        element.setAttribute("role", "listitem");
        this.made.set(number, element);
        this.space.append(element);
      }
      element.style.top = `${position * height}px`;
    }
    for (const [number, element] of this.made) {
      if (!seen.has(number)) {
        element.remove();
        this.made.delete(number);
      }
    }
    if (this.rows.size <= KEPT) return;
    const middle = this.total - 1 - first;
    for (const number of this.rows.keys()) if (Math.abs(number - middle) > KEPT / 3) this.rows.delete(number);
  }
}
