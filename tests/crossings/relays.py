"""Servers and proxies of Debian's that hand mails on to Exim: stunnel, HAProxy, OpenSMTPD, Courier."""

from __future__ import annotations

import os
import shlex
import time

from installed import installed, unpacked, version
from real_servers import Exim, Missing, RealServer
from real_servers.base import Mail, free_ports

# Debian's ids may be taken on this system; these are not known to it.
COURIER = """
echo 'courier:x:64901:64901::/var/lib/courier:/bin/sh' >>/etc/passwd
echo 'courier:x:64901:' >>/etc/group
ln -s makedat.courier /usr/bin/makedat
cp {folder}/esmtpd.pem /etc/courier/esmtpd.pem
mkdir -p /run/courier/authdaemon /etc/courier/esmtpacceptmailfor.dir /etc/courier/filters/active /var/lib/courier/track
echo localhost >/etc/courier/locals
echo localhost >/etc/courier/me
echo example.com >/etc/courier/esmtpacceptmailfor
echo ':127.0.0.1,{upstream}' >/etc/courier/esmtproutes
echo {size} >/etc/courier/sizelimit
printf '127.0.0.1\\tallow,RELAYCLIENT\\n' >/etc/courier/smtpaccess/default
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' /etc/courier/authdaemonrc
cat >>/etc/courier/esmtpd <<'.'
PORT={port}
ADDRESS=127.0.0.1
ESMTPAUTH="PLAIN LOGIN"
ESMTPAUTH_TLS="PLAIN LOGIN"
AUTH_REQUIRED=0
MAXPERIP=100
MAXPERC=100
TLS_DHPARAMS=
BOFHCHECKDNS=0
.
mkdir -m 700 -p /etc/courier/userdb.d
touch /etc/courier/userdb; chmod 600 /etc/courier/userdb
userdb -f /etc/courier/userdb {login} set uid=64901 gid=64901 home=/var/lib/courier
printf '%s' {password} | userdbpw -md5 | userdb -f /etc/courier/userdb {login} set systempw
makeuserdb
makesmtpaccess
makealiases || true
makeacceptmailfor || true
# It names files by their inodes, which an overlay changes.
cp -a /var/lib/courier {folder}/queue
mount --bind {folder}/queue /var/lib/courier
chown -R courier:courier /var/lib/courier /run/courier
chown root:courier /etc/courier/esmtpd.pem; chmod 640 /etc/courier/esmtpd.pem
# As its package sets them; nothing that was unpacked is set-user-id.
chown courier:courier /usr/lib/courier/courier/submitmkdir
chmod 4755 /usr/lib/courier/courier/submitmkdir
chmod 750 /var/lib/courier/*
chmod 770 /var/lib/courier/tmp
/usr/sbin/authdaemond start >/dev/null 2>&1
/usr/sbin/esmtpd start
exec sleep 100000
"""

OPENSMTPD = """
echo 'opensmtpd:x:64902:64902::/var/lib/opensmtpd:/usr/sbin/nologin' >>/etc/passwd
echo 'opensmtpq:x:64903:64903::/var/lib/opensmtpd:/usr/sbin/nologin' >>/etc/passwd
echo 'opensmtpd:x:64902:' >>/etc/group
echo 'opensmtpq:x:64903:' >>/etc/group
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
exec /usr/sbin/smtpd -d -v -f {folder}/smtpd.conf
"""


class Relay(RealServer):
    """One that hands each mail to an Exim of its own, from which the mails are read."""

    package = ""
    login_only_port = 0
    OPENED = CLOSED = LOGIN_LINE = "\0"

    def start(self) -> None:
        self.version = version(self.package)
        self.prefix = installed()
        self.upstream = Exim(self.log_folder)
        self.upstream.__enter__()
        self.configure()

    def configure(self) -> None:
        """Write its files and start it."""
        raise NotImplementedError

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "upstream"):
            self.upstream.stop()

    def mails(self, count: int = 0, timeout: float = 20) -> list[Mail]:
        return self.upstream.mails(count, timeout)

    def shell(self, script: str, **values: object) -> None:
        """Start it by a script in its namespace."""
        (self.folder / "start.sh").write_text(script.format(folder=self.folder, **values))
        self.run([*self.prefix, "sh", self.folder / "start.sh"])


class Stunnel(Relay):
    """stunnel, which speaks STARTTLS for the server behind it."""

    name, package = "stunnel", "stunnel4"

    def configure(self) -> None:
        chain, key = self.certificate_files()
        self.port, self.tls_port = free_ports(2)
        config = self.folder / "stunnel.conf"
        config.write_text(
            f"foreground = yes\npid =\ncert = {chain}\nkey = {key}\n"
            f"[smtp]\naccept = 127.0.0.1:{self.port}\nconnect = 127.0.0.1:{self.upstream.port}\nprotocol = smtp\n"
            f"[smtps]\naccept = 127.0.0.1:{self.tls_port}\nconnect = 127.0.0.1:{self.upstream.port}\n"
        )
        self.run([*self.prefix, "stunnel4", config])


class Haproxy(Relay):
    """HAProxy before Exim, and before nobody on ``down_port``."""

    name, package = "HAProxy", "haproxy"

    def configure(self) -> None:
        self.ca_der, self.login = self.upstream.ca_der, self.upstream.login
        self.port, self.tls_port, self.down_port, nobody = free_ports(4)
        tls_port = self.upstream.tls_port
        config = self.folder / "haproxy.cfg"
        config.write_text(
            "defaults\n mode tcp\n timeout connect 1s\n timeout client 60s\n timeout server 60s\n"
            + "".join(
                f"listen at{front}\n bind 127.0.0.1:{front}\n server one 127.0.0.1:{back}\n"
                for front, back in (
                    (self.port, self.upstream.port),
                    (self.tls_port, tls_port),
                    (self.down_port, nobody),
                )
            )
        )
        self.run([*self.prefix, "haproxy", "-db", "-f", config])


class Proxsmtp(Relay):
    """proxsmtp, which hands each mail through a program; in clear."""

    name, package = "proxsmtp", "proxsmtp"

    def configure(self) -> None:
        (self.port,) = free_ports(1)
        self.tls_port = None
        config = self.folder / "proxsmtpd.conf"
        config.write_text(
            f"Listen: 127.0.0.1:{self.port}\nOutAddress: 127.0.0.1:{self.upstream.port}\n"
            f"TempDirectory: {self.folder}\nFilterType: pipe\nFilterCommand: /bin/cat\n"
        )
        self.run([*self.prefix, "proxsmtpd", "-f", config, "-d", "1"])


class Opensmtpd(Relay):
    """OpenSMTPD, in clear: Debian 12's cannot do TLS."""

    name, package = "OpenSMTPD", "opensmtpd"

    def configure(self) -> None:
        if os.geteuid() != 0:
            raise Missing("OpenSMTPD must be started by root; it gives root up where it talks")
        (self.port,) = free_ports(1)
        self.tls_port = None
        (self.folder / "smtpd.conf").write_text(
            f"listen on 127.0.0.1 port {self.port}\n"
            f'action "on" relay host "smtp://127.0.0.1:{self.upstream.port}"\n'
            'match from any for any action "on"\n'
        )
        self.shell(OPENSMTPD)


class Courier(Relay):
    """Courier; the mails are read from its queue, which nobody works off."""

    name, package = "Courier", "courier-mta"

    def configure(self) -> None:
        if os.geteuid() != 0:
            raise Missing("Courier must be started by root; it gives root up where it talks")
        unpacked("root/usr/sbin/courieresmtpd", "Courier")
        chain, key = self.certificate_files()
        (self.folder / "esmtpd.pem").write_bytes(key.read_bytes() + chain.read_bytes())
        (self.port,) = free_ports(1)
        self.tls_port = None
        user, password = self.login
        self.shell(
            COURIER,
            port=self.port,
            upstream=self.upstream.port,
            size=500_000,
            login=shlex.quote(user),
            password=shlex.quote(password),
        )

    def mails(self, count: int = 0, timeout: float = 20) -> list[Mail]:
        end = time.monotonic() + timeout
        while True:
            found = sorted(self.folder.glob("queue/tmp/*/D*"), key=lambda path: path.stat().st_mtime_ns)
            if len(found) >= count:
                return [("", [], path.read_bytes()) for path in found]
            if time.monotonic() > end:
                raise TimeoutError(f"Courier took {len(found)} mails, not {count}")
            time.sleep(0.1)
