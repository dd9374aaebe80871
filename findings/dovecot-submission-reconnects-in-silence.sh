#!/usr/bin/env bash
# Dovecot's submission service opens another connection to its relay, and its client notices nothing.
#
# Guess, made first: Dovecot submission is a proxy with one connection to its relay for each client. When the relay
# closes it for being idle (421, between two mails), Dovecot tells its client 421 as well and closes, as it does when it cannot
# reach the relay.
# Seen (dovecot-submissiond 2.3.19.1 of Debian 12): nothing is told to the client; at its next mail Dovecot opens another
# connection to the relay, and the mail is taken. So: how long a relay keeps idle connections matters to nobody before Dovecot.
# Needs Debian 12 (apt-get) and is run by anyone.
set -euo pipefail
folder=$(mktemp -d /var/tmp/finding-XXXXXX)
chmod 711 "$folder"
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null; sleep 0.5; rm -rf "$folder" "${link:-}"' EXIT
mkdir -p "$folder/archives/partial" "$folder/root" "$folder/home"
apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$folder/archives" \
  install --download-only --reinstall --no-install-recommends dovecot-submissiond >/dev/null
for archive in "$folder"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$folder/root" --no-same-owner --no-same-permissions
done
usr=$folder/root/usr
# Where it looks for its modules is compiled in; a link whose name is as long stands for it, as nothing is installed.
link=/var/tmp/finding-$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' \n' | cut -c1-7)
ln -s "$usr/lib/dovecot/modules" "$link"
mkdir "$folder/lib"
python3 - "$usr/lib/dovecot/libdovecot.so.0" "$folder/lib/libdovecot.so.0" "$link" <<'PY'
import sys

source, target, link = sys.argv[1:]
with open(source, "rb") as old, open(target, "wb") as new:
    new.write(old.read().replace(b"/usr/lib/dovecot/modules", link.encode()))
PY
LD_LIBRARY_PATH=$folder/lib:$usr/lib/dovecot:$usr/lib/dovecot/modules/old-stats:$(printf '%s:' "$usr"/lib/*-linux-*)
export LD_LIBRARY_PATH
version=$("$usr/sbin/dovecot" --version)
cat >"$folder/relay.py" <<'PY'
# A relay that hangs up after a second without a word, and counts its connections.
import socketserver

count = 0


class Relay(socketserver.StreamRequestHandler):
    timeout = 1

    def handle(self):
        global count
        count += 1
        print("connection", count, flush=True)
        data = False
        self.wfile.write(b"220 relay\r\n")
        try:
            for line in self.rfile:
                verb = line.strip().upper()[:4]
                if data:
                    if line == b".\r\n":
                        data = False
                        self.wfile.write(b"250 2.0.0 taken\r\n")
                elif verb == b"EHLO":
                    self.wfile.write(b"250 relay\r\n")
                elif verb == b"DATA":
                    data = True
                    self.wfile.write(b"354 go\r\n")
                elif verb == b"QUIT":
                    return
                else:
                    self.wfile.write(b"250 2.0.0 ok\r\n")
        except TimeoutError:
            print("closed for being idle", flush=True)
            self.wfile.write(b"421 4.4.2 idle for too long\r\n")


socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("127.0.0.1", 8525), Relay) as server:
    server.serve_forever()
PY
python3 "$folder/relay.py" >"$folder/relay.log" & pids+=($!)
user=$(id -un) group=$(id -gn) login=$(id -un) uid=$(id -u) gid=$(id -g)
if [ "$uid" = 0 ]; then user=daemon group=daemon login=nobody uid=1 gid=1; chown 1:1 "$folder/home"; fi
cat >"$folder/dovecot.conf" <<CONF
protocols = submission
base_dir = $folder/run
state_dir = $folder/state
libexec_dir = $usr/lib/dovecot
mail_plugin_dir = $usr/lib/dovecot/modules
login_plugin_dir = $usr/lib/dovecot/modules/login
log_path = $folder/log
import_environment = LD_LIBRARY_PATH
default_internal_user = $user
default_internal_group = $group
default_login_user = $login
hostname = dovecot.example.org
first_valid_uid = 1
first_valid_gid = 1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:$folder/home
submission_relay_host = 127.0.0.1
submission_relay_port = 8525
auth_mechanisms = plain
passdb {
  driver = static
  args = user=me password=secret
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$folder/home
}
service auth {
  user = $user
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service submission-login {
  chroot =
  inet_listener submission {
    address = 127.0.0.1
    port = 8587
  }
}
CONF
"$usr/bin/doveconf" -f service=master -c "$folder/dovecot.conf" -e "$usr/sbin/dovecot" -F -c "$folder/dovecot.conf" & pids+=($!)
cat >"$folder/client.py" <<'PY'
import smtplib
import time

for _ in range(50):
    try:
        client = smtplib.SMTP("127.0.0.1", 8587, timeout=10)
        break
    except OSError:
        time.sleep(0.1)
client.login("me", "secret")
client.sendmail("a@example.org", ["b@example.org"], "Subject: one\r\n\r\none\r\n")
time.sleep(3)
client.sock.setblocking(False)
try:
    print("told unasked:", client.sock.recv(999))
except BlockingIOError:
    print("nothing told")
client.sock.settimeout(20)
client.sendmail("a@example.org", ["b@example.org"], "Subject: two\r\n\r\ntwo\r\n")
print("second mail taken")
PY
seen=$(python3 "$folder/client.py" 2>&1 | tail -2 | paste -sd, -) || true
relay=$(paste -sd, "$folder/relay.log")
echo "Dovecot $version; client: $seen; relay: $relay"
case "$seen; $relay" in
  "nothing told,second mail taken; connection 1,closed for being idle,connection 2"*) echo "as seen before" ;;
  *) echo "CHANGED"; cat "$folder/log" 2>/dev/null; exit 1 ;;
esac
