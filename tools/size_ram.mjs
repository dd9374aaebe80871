// Measures how much heap each module takes when it is imported, on MicroPython with 32-bit words (WebAssembly).
//
// Reads from standard input {micropython, files: {path: base64}, modules: [name], alert: [name]}; prints
// {modules: {name: octets}, alert: octets}. A module's figure leaves out what it imports; "alert" counts all together.
import { dirname } from "node:path";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const job = JSON.parse(readFileSync(0, "utf8"));
const { loadMicroPython } = await import(pathToFileURL(job.micropython));

// This MicroPython has no network; what imports these at the top must still load.
const ABSENT = ["socket", "ssl", "network", "machine"];
// Part of a board's firmware, written in Python here: loaded before anything is measured.
const BUILT_IN = ["binascii", "errno", "hashlib", "io", "json", "os", "random", "select", "struct", "time"];

async function python(code) {
  const lines = [];
  const board = await loadMicroPython({ heapsize: 512 * 1024, stdout: (line) => lines.push(line) });
  const write = (path, octets) => {
    const folders = dirname(path).split("/").slice(1);
    folders.forEach((_, i) => {
      const folder = "/" + folders.slice(0, i + 1).join("/");
      if (!board.FS.analyzePath(folder).exists) board.FS.mkdir(folder);
    });
    board.FS.writeFile(path, octets);
  };
  for (const [path, octets] of Object.entries(job.files)) write(path, Buffer.from(octets, "base64"));
  for (const name of ABSENT) write(`/lib/${name}.py`, "def __getattr__(name):\n    return 0\n");
  board.runPython(code);
  return lines;
}

// MicroPython's table of names doubles when it is full: in which module's import that happens is chance. Names are made
// until it has just grown, so that it does not while a module is measured; an alert is measured with what it takes.
const ROOM = `
at = 0
while True:
    before = gc.mem_alloc()
    hasattr(gc, "name %d" % at)
    if gc.mem_alloc() - before > 400:
        break
    at += 1`;

const load = (names) => names.map((name) => `__import__("${name}")`).join("\n");
const measured = (before, names, room) => `
import gc, sys
${load([...ABSENT, ...BUILT_IN])}
${load(before)}
${room}
gc.collect()
start = gc.mem_alloc()
${load(names)}
gc.collect()
print(gc.mem_alloc() - start)`;
const needed = (name) => `
import sys
${load([name])}
print(" ".join(name for name in sys.modules if name.startswith("umail")))`;

async function main() {
  const modules = {};
  for (const name of job.modules) {
    const before = (await python(needed(name)))[0].split(" ").filter((other) => other !== name);
    modules[name] = Number((await python(measured(before, [name], ROOM)))[0]);
  }
  const alert = Number((await python(measured([], job.alert, "")))[0]);
  console.log(JSON.stringify({ modules, alert }));
}

// Left to itself, node would quote the whole of MicroPython's only line.
main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
