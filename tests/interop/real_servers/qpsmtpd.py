"""qpsmtpd, unpacked: its own plug-ins for TLS and logins, one of ours for recipients and the mails."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from .base import HOW_TO_GET, IDLE_S, SIZE_LIMIT, UNPACKED, Missing, RealServer, free_ports, unpacked

PLUGIN = Path(__file__).with_name("qpsmtpd_plugin")


class Qpsmtpd(RealServer):
    """qpsmtpd: PIPELINING, no CHUNKING; TLS from the first byte on port 465 alone, so not here."""

    name = "qpsmtpd"
    LOGIN_LINE = "235 {upper} authentication successful"
    OPENED, CLOSED = "Connection from ", "cleaning up after "

    def start(self) -> None:
        program = unpacked("root/usr/bin/qpsmtpd-forkserver", "qpsmtpd")
        perl = shutil.which("perl")
        if perl is None:
            raise Missing(f"no perl here: install perl, then {HOW_TO_GET}")
        share = UNPACKED / "root" / "usr" / "share"
        libraries = [share / "perl5", *(UNPACKED / "root" / "usr" / "lib").glob("*-linux-*/perl5/*")]
        self.version = "".join(re.findall(r'VERSION = "([\d.]+)', (share / "perl5" / "Qpsmtpd.pm").read_text()))
        self.port, self.login_only_port = free_ports(2)
        chain, key = self.certificate_files()
        real_logins = share / "qpsmtpd" / "plugins" / "auth" / "auth_flat_file"
        plugins = self.folder / "plugins"
        plugins.mkdir()
        shutil.copyfile(PLUGIN, plugins / "umail")
        # It registers a hook for each login that it offers.
        only_login = re.sub(r".*'auth-(plain|cram-md5)'.*\n", "", real_logins.read_text())
        (plugins / "auth_login").write_text(only_login)
        (self.folder / "spool").mkdir(mode=0o700)
        user, password = self.login
        settings = {
            "plugin_dirs": f"{plugins}\n{share}/qpsmtpd/plugins\n",
            "spool_dir": f"{self.folder}/spool\n",
            "logging": "logging/warn LOGINFO\n",
            "flat_auth_pw": f"{user}:{password}\n",
            "timeout": f"{IDLE_S}\n",
            "databytes": f"{SIZE_LIMIT}\n",
            "me": "localhost\n",
            "tls_before_auth": "1\n",
        }
        starts = []
        for name, port, logins in (
            ("config", self.port, "auth/auth_flat_file"),
            ("login", self.login_only_port, "auth_login"),
        ):
            config = self.folder / name
            config.mkdir()
            for file, text in settings.items():
                (config / file).write_text(text)
            (config / "plugins").write_text(f"tls {chain} {key} {chain}\n{logins}\numail {self.mails_folder}\n")
            owner = "root" if os.geteuid() == 0 else os.environ.get("USER", "")
            starts.append(
                f"QPSMTPD_CONFIG={config} {perl} -T {' '.join(f'-I{one}' for one in libraries)}"
                f" {program} -H -l 127.0.0.1 -p {port} -c 100 -m 100" + (f" -u {owner}" if owner else "")
            )
        self.log = self.folder / "output"
        self.run(["sh", "-c", " & ".join(starts) + " & wait"])
