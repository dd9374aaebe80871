"""Dovecot's submission service, unpacked, before Exim; access tokens it has judged over HTTP, as RFC 7662 says."""

from __future__ import annotations

import grp
import json
import os
import pwd
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

from .base import IDLE_S, SIZE_LIMIT, TOKEN, Mail, RealServer, free_ports, unpacked
from .exim import Exim
from .http_answers import HttpAnswers

COMMON = """
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {programs}/lib/dovecot
mail_plugin_dir = {programs}/lib/dovecot/modules
login_plugin_dir = {programs}/lib/dovecot/modules/login
log_path = {folder}/log
auth_verbose = yes
import_environment = LD_LIBRARY_PATH
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {anyone}
hostname = dovecot.example.org
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{chain}
ssl_key = <{key}
mail_location = maildir:{folder}/home
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
passdb {{
  driver = static
  mechanisms = plain login
  args = user={user} password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service auth {{
  user = {internal}
}}
service anvil {{
  chroot =
  # Else an address from which a login was refused waits, up to 15 s.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

SUBMISSION = """
protocols = submission
submission_relay_host = 127.0.0.1
submission_relay_port = {upstream}
submission_relay_trusted = no
submission_max_mail_size = {size}
service submission {{
  executable = {folder}/submission
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener submissions {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
"""

OAUTH2 = """
introspection_url = http://127.0.0.1:{port}/
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""

MODULES = b"/usr/lib/dovecot/modules"
# Ten minutes, after which it closes an idle connection (CLIENT_IDLE_TIMEOUT_MSECS): no setting changes them.
IDLE = (600_000).to_bytes(4, "little")


class Dovecot(RealServer):
    """Dovecot submission before Exim: PIPELINING, CHUNKING, no SMTPUTF8; XOAUTH2 by its own oauth2."""

    name = "dovecot"
    token = TOKEN
    login_only_port = 0
    LOGIN_LINE = "method={upper},"
    OPENED, CLOSED = "submission-login: Info: Login: ", r"submission\(.*: Info: Disconnected"

    def start(self) -> None:
        programs = self._unpacked("submission", "Dovecot submission")
        self.upstream = Exim(self.log_folder)
        self.upstream.__enter__()
        self._hasten(programs / "lib/dovecot/submission")
        self._serve(programs, SUBMISSION, upstream=self.upstream.port, size=SIZE_LIMIT)

    def _unpacked(self, program: str, name: str) -> Path:
        return unpacked(f"root/usr/lib/dovecot/{program}", name).parents[2]

    def _serve(self, programs: Path, service: str, **more: object) -> None:
        """Start it with what ``service`` adds to the configuration; ``more`` fills that in."""
        self.introspection = _introspection(self.token, self.login[0])
        self.port, self.tls_port = free_ports(2)
        chain, key = self.certificate_files()
        root = os.geteuid() == 0
        values = {
            "folder": self.folder,
            "programs": programs,
            "internal": "daemon" if root else _me(),
            "internal_group": "daemon" if root else _my_group(),
            "anyone": "nobody" if root else _me(),
            "chain": chain,
            "key": key,
            "user": self.login[0],
            "password": self.login[1],
            "uid": 1 if root else os.getuid(),
            "gid": 1 if root else os.getgid(),
            "port": self.port,
            "tls_port": self.tls_port,
            **more,
        }
        (self.folder / "home").mkdir()
        if root:
            os.chown(self.folder / "home", 1, 1)
        config = self.folder / "dovecot.conf"
        config.write_text((COMMON + service).format(**values))
        (self.folder / "oauth2").write_text(OAUTH2.format(port=self.introspection.port))
        env = self._environment(programs)
        told = subprocess.run(
            [programs / "sbin/dovecot", "--version"],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=True,
        )
        self.version = told.stdout.split()[0]
        # dovecot itself would look for doveconf where it is installed.
        doveconf = [programs / "bin/doveconf", "-f", "service=master", "-c", config, "-e"]
        self.run([*doveconf, programs / "sbin/dovecot", "-F", "-c", config], env)

    def _environment(self, programs: Path) -> dict[str, str]:
        """Return what lets it find its libraries and modules where it was unpacked."""
        # Where it loads OpenSSL from is compiled in; a name as long as that stands for it.
        self.modules = Path("/var/tmp", "umail-" + secrets.token_hex(5)[:9])
        self.modules.symlink_to(programs / "lib/dovecot/modules")
        library = self.folder / "lib" / "libdovecot.so.0"
        library.parent.mkdir()
        library.write_bytes(
            (programs / "lib/dovecot" / library.name).read_bytes().replace(MODULES, bytes(self.modules))
        )
        folders = [
            f"{self.folder}/lib",
            f"{programs}/lib/dovecot",
            f"{programs}/lib/dovecot/modules/old-stats",
            *map(str, (programs / "lib").glob("*-linux-*")),
        ]
        return {"LD_LIBRARY_PATH": os.pathsep.join(folders)}

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "modules"):
            self.modules.unlink(missing_ok=True)
        for part in ("introspection", "upstream"):
            if hasattr(self, part):
                getattr(self, part).stop()

    def _hasten(self, program: Path) -> None:
        # A copy that closes an idle connection after IDLE_S seconds.
        code = program.read_bytes()
        if code.count(IDLE) != 1:
            raise RuntimeError(f"the time for an idle connection is not found in {program}: Debian 12's is needed")
        copy = self.folder / program.name
        copy.write_bytes(code.replace(IDLE, (IDLE_S * 1000).to_bytes(4, "little")))
        copy.chmod(0o755)

    def mails(self, count: int = 0, timeout: float = 10) -> list[Mail]:
        return self.upstream.mails(count, timeout)


IMAP = """
protocols = imap
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
"""


class DovecotImap(Dovecot):
    """Dovecot's IMAP service on a Maildir; it sends and takes no mail."""

    name = "dovecot-imap"
    # Further lines of its configuration.
    more = ""

    def start(self) -> None:
        self._serve(self._unpacked("imap", "Dovecot IMAP"), IMAP + self.more)

    @property
    def maildir(self) -> Path:
        """The folder of its only user's INBOX."""
        return self.folder / "home"


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _my_group() -> str:
    return grp.getgrgid(os.getgid()).gr_name


def _introspection(token: str, user: str) -> HttpAnswers:
    # RFC 7662: whether a token is active, and whose it is.
    def answer(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        good = parse_qs(body.decode()).get("token") == [token]
        told = {"active": True, "username": user} if good else {"active": False}
        return {"Content-Type": "application/json"}, json.dumps(told).encode()

    return HttpAnswers(answer)
