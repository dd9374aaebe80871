// Runs test files on a WebAssembly build of MicroPython: 32-bit words, ticks of 30 bits, double floats, no sockets.
//
// Reads from standard input {micropython, files: {path: base64}, tests: [path], without: [names of tests]}. Prints one line of JSON for each file:
// {file, output}, what tests/support/micropython_runner.py printed there; first {facts}: release, words, floats, epoch.
import { dirname } from "node:path";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const job = JSON.parse(readFileSync(0, "utf8"));
const { loadMicroPython } = await import(pathToFileURL(job.micropython));
const RUNNER = "/tests/support/micropython_runner.py";
const files = Object.entries(job.files).map(([path, content]) => [path, Buffer.from(content, "base64")]);
const PATHS = ["/lib", "/firmware", "/tests/support", "/tests"];

// What every board has and these builds lack, as far as a test without a network needs it; and their numbers of errors
// about files are those of Emscripten, which neither their own \`errno\` nor a board knows.
const LACKING = `import builtins, os, random, sys
os.sep = "/"
os.getenv = lambda name, default=None: default
os.urandom = lambda count: bytes([random.getrandbits(8) for _ in range(count)])
class Module:
    pass
for name in ("socket", "ssl"):
    sys.modules[name] = Module()
sys.modules["socket"].SOCK_STREAM, sys.modules["socket"].SOCK_DGRAM = 1, 2
# EEXIST, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY
numbers = {20: 17, 31: 21, 44: 2, 54: 20, 55: 39}
def as_a_board(function):
    def call(*arguments, **settings):
        try:
            return function(*arguments, **settings)
        except OSError as error:
            raise OSError(numbers.get(error.args[0], error.args[0]), *error.args[1:])
    return call
builtins.open = as_a_board(open)
for name in ("stat", "listdir", "ilistdir", "remove", "unlink", "rename", "mkdir", "rmdir", "chdir", "statvfs"):
    if hasattr(os, name):
        setattr(os, name, as_a_board(getattr(os, name)))
`;

// Each file of tests gets an interpreter of its own, for which the build is compiled and optimised once.
const compiled = await WebAssembly.compile(readFileSync(`${dirname(job.micropython)}/micropython.wasm`));
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (_, imports) => ({ module: compiled, instance: await instantiate(compiled, imports) });

// The builds compare their copy of the table of functions with the table at each call from JavaScript: a tenth of the time.
const { get } = WebAssembly.Table.prototype;
const tables = new WeakMap();
WebAssembly.Table.prototype.get = function (index) {
  if (!tables.has(this)) tables.set(this, []);
  return (tables.get(this)[index] ??= get.call(this, index));
};

async function python(code, files = []) {
  const output = [];
  const board = await loadMicroPython({ heapsize: 8 * 1024 * 1024, stdout: (line) => output.push(line), linebuffer: true });
  for (const [path, content] of files) {
    const folders = dirname(path).split("/").slice(1);
    folders.forEach((_, i) => {
      const folder = "/" + folders.slice(0, i + 1).join("/");
      if (!board.FS.analyzePath(folder).exists) board.FS.mkdir(folder);
    });
    board.FS.writeFile(path, content);
  }
  try {
    board.runPython(code);
  } catch (error) {
    output.push(error.message);
  }
  return output;
}

console.log(JSON.stringify({ facts: (await python(job.facts))[0] }));
for (const file of job.tests) {
  const code = LACKING + `
sys.path[:] = ${JSON.stringify(PATHS)} + sys.path
sys.argv[:] = ${JSON.stringify(["", file, ...job.without])}
exec(open(${JSON.stringify(RUNNER)}).read())`;
  console.log(JSON.stringify({ file, output: await python(code, files) }));
}
