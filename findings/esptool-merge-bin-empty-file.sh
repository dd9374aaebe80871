#!/usr/bin/env bash
# esptool merges an empty firmware file into an image without a word.
#
# Guess, written down first: merge-bin refuses an empty input file, as image-info does ("Image is empty").
# Seen (esptool 5.6.0): exit status 0 and "ready to flash"; the image holds 4096 bytes of padding and no firmware.
# So: a build script whose compiler left an empty file gets an image that flashes well and never starts. Check first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check esptool==5.6.0
cd "$folder"
: > firmware.bin
status=0
venv/bin/esptool image-info firmware.bin || status=$?
echo "image-info: exit status $status"
[ "$status" = 2 ] || { echo "CHANGED: image-info exited with 2 before"; exit 1; }
status=0
venv/bin/esptool --chip esp32 merge-bin -o merged.bin 0x1000 firmware.bin || status=$?
echo "merge-bin: exit status $status, $(wc -c < merged.bin) bytes, all 0xFF: $(tr -d '\377' < merged.bin | wc -c | sed 's/^0$/yes/')"
[ "$status" = 0 ] && [ "$(wc -c < merged.bin)" = 4096 ] || { echo "CHANGED: merge-bin wrote 4096 bytes, status 0"; exit 1; }
echo "as seen before"
