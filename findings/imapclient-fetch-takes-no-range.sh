#!/usr/bin/env bash
# IMAPClient 4 asks the server for a range of mails as documented, gets them, and then fails.
#
# Guess, written down first: client.fetch("1:3", …) returns the three mails, since the package's documentation (Concepts,
# Message Identifiers) says that message ids may be a string of sets and ranges, such as '2:*' or '2,4:7,9,12:*'.
# Seen: IMAPClient 3.0.1 returns them. 4.1.0 sends FETCH 1:3, reads the whole answer, and raises ValueError (invalid literal
# for int() with base 10: '1:3'), since it now picks the answer's mails by the numbers that were asked for. A list of
# numbers works in both. So: give numbers, and no more of them at once than a line of a command may hold (RFC 2683, 3.2.1.5).
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
for version in 3.0.1 4.1.0; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "imapclient==$version"
done
# A mailbox of three mails, by the examples of RFC 3501.
cat > server.py <<'PY'
import socketserver


class Imap(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("* OK [CAPABILITY IMAP4rev1] ready")
        for line in self.rfile:
            tag, verb, *rest = line.decode().split()
            if verb == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            elif verb == "EXAMINE":
                self.say("* 3 EXISTS")
                self.say("* OK [UIDVALIDITY 1] valid")
                self.say("* OK [UIDNEXT 4] next")
            elif verb == "UID":
                for number in (1, 2, 3):
                    self.say(f"* {number} FETCH (UID {number} RFC822.SIZE 100)")
            elif verb == "LOGOUT":
                self.say("* BYE")
            self.say(f"{tag} OK done")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Imap) as server:
    with open("port", "w") as file:
        file.write(str(server.server_address[1]))
    server.serve_forever()
PY
cat > client.py <<'PY'
import sys
from imapclient import IMAPClient

with open("port") as file:
    client = IMAPClient("127.0.0.1", int(file.read()), ssl=False, timeout=10)
client.login("user", "none")
client.select_folder("INBOX", readonly=True)
messages = [1, 2, 3] if sys.argv[1] == "list" else sys.argv[1]
try:
    print(len(client.fetch(messages, ["RFC822.SIZE"])), "mails")
except ValueError as error:
    print("ValueError:", error)
PY
python3 server.py & server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
seen=
for version in 3.0.1 4.1.0; do
  for messages in list 1:3 '1:*'; do
    told=$("venv-$version/bin/python" client.py "$messages")
    echo "IMAPClient $version, fetch of $messages: $told"
    seen="$seen${told%%:*};"
  done
done
[ "$seen" = "3 mails;3 mails;3 mails;3 mails;ValueError;ValueError;" ] || { echo "CHANGED: $seen"; exit 1; }
echo "as seen before"
