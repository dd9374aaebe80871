"""Exim, unpacked, unprivileged, with a private spool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from .base import SAVE, SIZE_LIMIT, TOKEN, UNPACKED, RealServer, free_ports, unpacked

# Exim refuses to be root; started by root it runs as whoever this is.
UNPRIVILEGED = 65534

CONFIG = r"""
primary_hostname = localhost
exim_path = {program}
deliver_drop_privilege
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
local_interfaces = <; [127.0.0.1]:{port} ; [127.0.0.1]:{tls_port} ; [127.0.0.1]:{login_only_port}
tls_on_connect_ports = {tls_port}
tls_certificate = {chain}
tls_privatekey = {key}
tls_advertise_hosts = *
pipelining_advertise_hosts = *
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
# Speaking out of turn ends the connection, before the greeting and after EHLO too.
smtp_enforce_sync = true
pipelining_connect_advertise_hosts =
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}}}
message_size_limit = {size}
smtp_accept_max = 100
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
rfc1413_query_timeout = 0s
message_logs = false
# L: pipelining was used; K: BDAT was; A: the login; S: the size.
log_selector = +pipelining +smtp_connection +smtp_protocol_error +smtp_syntax_error +received_recipients +pid \
  +smtp_no_mail
acl_smtp_rcpt = recipients
acl_smtp_data = whole

begin acl
recipients:
  deny local_parts = refused
       message = 550 5.1.1 nobody of that name
  defer local_parts = later
        message = 450 4.2.1 not now
  accept
whole:
  accept

begin routers
all:
  driver = accept
  transport = save

begin transports
save:
  driver = pipe
  command = {save} {folder}/mails $pipe_addresses
  use_crlf
  batch_max = 1000
  message_prefix =
  message_suffix =
  return_output
  user = {user}
  group = {group}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${{if !eq{{$received_port}}{{{login_only_port}}}}}
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{{login}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and {{{{eq{{$auth1}}{{{login}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = <| |
  server_condition = ${{if eq{{$auth1}}{{user={login}\x01auth=Bearer {token}\x01\x01}}}}
  server_set_id = {login}
"""


class Exim(RealServer):
    """Exim with ``smtp_enforce_sync``: PIPELINING, CHUNKING, SMTPUTF8; XOAUTH2 as a plaintext authenticator."""

    name = "exim"
    token = TOKEN
    LOGIN_LINE = " A={lower}:"
    OPENED = r"\(TCP/IP connection count"
    # One process for each, which may say more than one of these, and more after them, before it ends.
    CLOSED = r"\[(\d+)\] .*(?: D=|closed by QUIT|lost while reading message data)"

    def start(self) -> None:
        program = self._copy(unpacked("root/usr/sbin/exim4", "Exim"))
        # What Exim needs and is not installed, among it the wrapper.
        (self.folder / "lib").mkdir()
        for library in UNPACKED.glob("root/usr/lib/*-linux-*/*.so*"):
            self._copy(library, "lib")
        root = os.geteuid() == 0
        user, group = (UNPRIVILEGED, UNPRIVILEGED) if root else (os.getuid(), os.getgid())
        self.port, self.tls_port, self.login_only_port = free_ports(3)
        chain, key = self.certificate_files()
        config, self.log = self.folder / "config", self.folder / "mainlog"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                program=program,
                port=self.port,
                tls_port=self.tls_port,
                login_only_port=self.login_only_port,
                chain=chain,
                key=key,
                size=SIZE_LIMIT,
                save=self._copy(SAVE),
                user=user,
                group=group,
                login=self.login[0],
                password=self.login[1],
                token=self.token,
            )
        )
        self.env = self._environment(user, group)
        told = subprocess.run(
            [program, "-C", "/dev/null", "-bV"],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        self.version = "".join(re.findall(r"Exim version (\S+)", told))
        if root:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, user, group)
        self.run([program, "-C", config, "-bdf", "-odi"], self.env, user if root else None)

    def _environment(self, user: int, group: int) -> dict[str, str]:
        """Return what lets Debian's Exim find its own user, which it looks up by name."""
        passwd, groups = self.folder / "passwd", self.folder / "group"
        passwd.write_text(f"Debian-exim:x:{user}:{group}::/:/bin/false\nroot:x:0:0::/:/bin/false\n")
        groups.write_text(f"Debian-exim:x:{group}:\nroot:x:0:\nmail:x:8:\n")
        return {
            "LD_PRELOAD": "libnss_wrapper.so",
            "LD_LIBRARY_PATH": str(self.folder / "lib"),
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(groups),
        }

    def pipelined(self, start: int) -> bool:
        # "L-": offered, not used.
        return " L " in self._received(start)

    def chunked(self, start: int) -> bool:
        return " K " in self._received(start)

    def asked_for_mail(self, start: int) -> bool:
        end = time.monotonic() + 10
        # The line about MAIL comes after the one that says that the connection is over: its process has said all then.
        while not self._closed(self.logged()[start:]):
            if time.monotonic() > end:
                raise TimeoutError(f"no connection to {self.name} ended:\n{self.logged()[start:]}")
            time.sleep(0.02)
        return "no MAIL in SMTP connection" not in self.logged()[start:]

    def _closed(self, log: str) -> int:
        return sum(not Path("/proc", process).exists() for process in set(re.findall(self.CLOSED, log)))

    def _received(self, start: int) -> str:
        return self.waits_for(" <= ", start).partition(" <= ")[2].partition("\n")[0]

    def _copy(self, source: Path, folder: str = "") -> Path:
        # To where it can be reached without being root.
        target = self.folder / folder / source.name
        shutil.copyfile(source, target)
        target.chmod(0o755)
        return target
