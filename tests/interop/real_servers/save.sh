#!/bin/sh
# SENDER=… save.sh FOLDER RECIPIENT...: the message on standard input becomes FOLDER/TIME.eml, its envelope TIME.envelope
folder=$1
shift
name=$folder/$(date +%s%N).$$
printf '%s\n' "$SENDER" "$@" >"$name.envelope"
cat >"$name.part"
mv "$name.part" "$name.eml"
