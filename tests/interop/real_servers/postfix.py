"""Postfix, unpacked, with a private configuration and queue; logins are judged by a stand-in of Dovecot's service."""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
from pathlib import Path

from .base import SAVE, SIZE_LIMIT, TOKEN, UNPACKED, Missing, RealServer, free_ports, unpacked
from .dovecot_auth import DovecotAuth

# Any account and group that exist everywhere and are neither root's nor nobody's.
OWNER, GROUP = "daemon", "games"

MAIN = """
compatibility_level = 3.6
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {programs}/sbin
daemon_directory = {programs}/lib/postfix/sbin
meta_directory = {folder}/etc
shlib_directory = {programs}/lib/postfix
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
mail_owner = {owner}
setgid_group = {group}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
default_transport = save:all
relay_transport = save:all
default_database_type = texthash
smtputf8_enable = yes
message_size_limit = {size}
mailbox_size_limit = 0
# No header is added or changed but Received.
local_header_rewrite_clients =
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtpd_recipient_restrictions =
  check_recipient_access inline:{{ {{ refused@ = 550 5.1.1 nobody of that name }} {{ later@ = 450 4.2.1 not now }} }}
  permit_sasl_authenticated permit_mynetworks reject
smtpd_relay_restrictions = permit_sasl_authenticated permit_mynetworks reject
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
smtpd_tls_loglevel = 1
tls_random_source = dev:/dev/urandom
"""

# service type private unpriv chroot wakeup maxproc command
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{login_only_port} inet n - n - - smtpd -o smtpd_sasl_mechanism_filter=login
127.0.0.1:{traced_port} inet n - n - - smtpd -o smtpd_tls_loglevel=4
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
save unix - n n - 1 pipe user=nobody eol=\\r\\n null_sender=
  argv=/usr/bin/env SENDER=${{sender}} {save} {mails} ${{recipient}}
"""

QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


class Postfix(RealServer):
    """Postfix: PIPELINING, CHUNKING, SMTPUTF8; XOAUTH2 by the stand-in."""

    name = "postfix"
    token = TOKEN
    LOGIN_LINE = "sasl_method={upper},"
    OPENED, CLOSED = ": connect from ", ": disconnect from "
    settings, services = MAIN, MASTER

    def start(self) -> None:
        programs = unpacked("root/usr/lib/postfix/sbin/master", "Postfix").parents[3]
        if os.geteuid() != 0:
            raise Missing("Postfix's master must be started by root; it gives root up where it talks")
        self.auth = DovecotAuth(*self.login, self.token)
        self.port, self.tls_port, self.login_only_port, self._traced_port = free_ports(4)
        chain, key = self.certificate_files()
        owner = pwd.getpwnam(OWNER)
        etc, queue, data, save = (self.folder / name for name in ("etc", "queue", "data", "save.sh"))
        for folder in (etc, queue, data, queue / "pid", *(queue / name for name in (*QUEUE, "public", "maildrop"))):
            folder.mkdir()
        for name in (*QUEUE, "public", "maildrop"):
            os.chown(queue / name, owner.pw_uid, owner.pw_gid)
        os.chown(data, owner.pw_uid, owner.pw_gid)
        shutil.copyfile(SAVE, save)
        save.chmod(0o755)
        values = {
            "folder": self.folder,
            "programs": programs,
            "owner": OWNER,
            "group": GROUP,
            "size": SIZE_LIMIT,
            "auth_port": self.auth.port,
            "chain": chain,
            "key": key,
            "port": self.port,
            "tls_port": self.tls_port,
            "login_only_port": self.login_only_port,
            "traced_port": self._traced_port,
            "save": save,
            "mails": self.mails_folder,
        }
        (etc / "main.cf").write_text(self.settings.format(**values))
        (etc / "master.cf").write_text(self.services.format(**values))
        env = {"LD_LIBRARY_PATH": _libraries(programs), "MAIL_CONFIG": str(etc)}
        self.run([programs / "lib/postfix/sbin/master", "-d", "-c", etc], env)
        self.version = self.waits_for("daemon started").partition(" version ")[2].partition(",")[0]

    @property
    def traced_port(self) -> int:
        """Its log tells each read and write of TLS."""
        return self._traced_port

    def _ended(self, start: int) -> str:
        return self.waits_for(self.CLOSED, start)

    def turns(self, start: int) -> int:
        """How often the client had spoken and Postfix answered, within TLS."""
        steps = []
        for line in self._ended(start).rpartition("SSL_accept:")[2].splitlines():
            if " => " in line and "=> -1)" not in line:
                steps.append("read" if ": read from " in line else "write")
        return sum(pair == ("read", "write") for pair in itertools.pairwise(steps))

    def pipelined(self, start: int) -> bool:
        count = re.search(r" commands=(\d+)", self._ended(start))
        assert count is not None
        # EHLO and STARTTLS came before TLS.
        return self.turns(start) < int(count[1]) - 2

    def chunked(self, start: int) -> bool:
        return " bdat=" in self._ended(start)

    def asked_for_mail(self, start: int) -> bool:
        return " mail=" in self._ended(start)

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "auth"):
            self.auth.stop()


def _libraries(programs: Path) -> str:
    # Postfix's own, and what was unpacked beside it because it is not installed.
    return os.pathsep.join(
        map(str, [programs / "lib" / "postfix", *(UNPACKED / "root" / "usr" / "lib").glob("*-linux-*")])
    )
