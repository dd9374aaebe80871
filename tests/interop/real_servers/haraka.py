"""npm's Haraka, in a process of node: flat-file logins, every recipient, each mail into a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .base import HOW_TO_GET, IDLE_S, SIZE_LIMIT, Missing, RealServer, free_ports, unpacked

PLUGIN = Path(__file__).with_name("haraka_plugin.cjs")

# What it has no answer to without, and it ends at the first connection.
CONNECTION = """
[main]
smtputf8=true
[headers]
add_received=true
[max]
bytes={size}
line_length=512
data_line_length=100000
[message]
greeting[]=Haraka
close=closing
[uuid]
banner_chars=6
"""


class Haraka(RealServer):
    """Haraka: PIPELINING and SMTPUTF8, no CHUNKING. What is pipelined after the end of DATA it refuses."""

    name = "haraka"
    # It does not say which.
    LOGIN_LINE = "relay=Y"
    OPENED, CLOSED = r"\[core\] connect ip=", r"\[core\] disconnect ip="

    def start(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise Missing(f"no node here: install nodejs and npm, then {HOW_TO_GET}")
        package = unpacked("node/node_modules/Haraka/package.json", "Haraka of npm")
        self.version = json.loads(package.read_text())["version"]
        self.port, self.tls_port, self.login_only_port = free_ports(3)
        chain, key = self.certificate_files()
        listen = ",".join(f"127.0.0.1:{port}" for port in (self.port, self.tls_port, self.login_only_port))
        user, password = self.login
        files = {
            "smtp.ini": f"listen={listen}\nsmtps_port={self.tls_port}\nnodes=0\ninactivity_timeout={IDLE_S}\n",
            "connection.ini": CONNECTION.format(size=SIZE_LIMIT),
            "plugins": "tls\nauth/flat_file\numail\n",
            "tls.ini": "key=key.pem\ncert=chain.pem\n",
            "auth_flat_file.ini": f"[core]\nmethods=PLAIN,LOGIN\nconstrain_sender=false\n[users]\n{user}={password}\n",
            "me": "localhost\n",
            "loglevel": "notice\n",
            "umail.json": json.dumps({"mails": str(self.mails_folder), "login_only_port": self.login_only_port}),
        }
        config, plugins = self.folder / "config", self.folder / "plugins"
        config.mkdir()
        plugins.mkdir()
        for name, text in files.items():
            (config / name).write_text(text)
        for path in (chain, key):
            shutil.copyfile(path, config / path.name)
        shutil.copyfile(PLUGIN, plugins / "umail.js")
        self.log = self.folder / "output"
        self.run([node, package.parent / "bin" / "haraka", "-c", self.folder])
