#!/usr/bin/env bash
# In MicroPython's WebAssembly builds up to 1.24, a file that a rename replaced is there again once its successor is removed.
#
# Guess, written down first: after `os.rename("state.new", "state")` onto a file and `os.remove("state")`, `open("state")`
# raises OSError (ENOENT), as it does on a board, so that a test of "what if the power fails between remove and rename"
# may put the file in place by two writes.
# Seen (npm @micropython/micropython-webassembly-pyscript 1.23.0 and 1.24.1): `os.listdir()` no longer names the file, but
# `open` and `os.stat` find the content of before the rename. 1.25.0, 1.27.0 and 1.29.0-6 raise OSError (44, Emscripten's
# ENOENT).
# So: a test that runs on these builds writes such a file once, or removes it before the rename.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' > package.json
package=npm:@micropython/micropython-webassembly-pyscript
npm install --silent --no-audit --no-fund "old@$package@1.24.1" "new@$package@1.25.0"
cat > replaced.mjs <<'JS'
const { loadMicroPython } = await import(`./node_modules/${process.argv[2]}/micropython.mjs`);
const python = await loadMicroPython({ linebuffer: true, stdout: (line) => console.log(line) });
python.runPython(`
import os
def put(name, text):
    with open(name, "w") as file:
        file.write(text)
put("state", "first")
put("state.new", "second")
os.rename("state.new", "state")
print(open("state").read())
os.remove("state")
print("state" in os.listdir())
try:
    print(open("state").read())
except OSError as error:
    print("OSError", error)
`);
JS
old=$(node replaced.mjs old)
new=$(node replaced.mjs new)
printf '1.24.1:\n%s\n1.25.0:\n%s\n' "$old" "$new"
[ "$old" = "$(printf 'second\nFalse\nfirst')" ] || { echo "CHANGED on 1.24.1"; exit 1; }
[ "$new" = "$(printf 'second\nFalse\nOSError 44')" ] || { echo "CHANGED on 1.25.0"; exit 1; }
echo "as seen before"
