"""Sendmail, unpacked, with a private configuration made by its own m4 macros; logins by Cyrus SASL from a file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from .base import IDLE_S, SAVE, SIZE_LIMIT, UNPACKED, RealServer, free_ports, unpacked

CONFIG = r"""
OSTYPE(`unknown')
define(`confDEF_USER_ID', `{user}')
dnl who may start the daemon, beside root
define(`confTRUSTED_USER', `{user}')
define(`confDOMAIN_NAME', `sendmail.example.org')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confSERVICE_SWITCH_FILE', `{folder}/switch')
define(`confPID_FILE', `{folder}/sendmail.pid')
define(`confCW_FILE', `{folder}/empty')
define(`QUEUE_DIR', `{folder}/queue')
define(`STATUS_FILE', `{folder}/statistics')
define(`HELP_FILE', `')
define(`ALIAS_FILE', `')
define(`confDONT_BLAME_SENDMAIL', `AssumeSafeChown TrustStickyBit GroupReadableKeyFile GroupReadableSASLDBFile')
define(`confMAX_MESSAGE_SIZE', `{size}')
dnl it does not listen while the machine is busy
define(`confREFUSE_LA', `10000')
define(`confQUEUE_LA', `10000')
define(`confTO_COMMAND', `{idle}s')
define(`confTO_IDENT', `0')
define(`confDELIVERY_MODE', `background')
define(`confAUTH_OPTIONS', `A p y')
TRUST_AUTH_MECH(`PLAIN LOGIN')
define(`confSERVER_CERT', `{chain}')
define(`confSERVER_KEY', `{key}')
define(`confCACERT_PATH', `{folder}')
define(`confCACERT', `{chain}')
define(`confTLS_SRV_OPTIONS', `V')
define(`confBAD_RCPT_THROTTLE', `0')
define(`SMART_HOST', `save:all')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
FEATURE(`nocanonify')
FEATURE(`promiscuous_relay')
FEATURE(`no_default_msa')
define(`LOCAL_MAILER_PATH', `{save}')
MAILER(`local')
LOCAL_RULESETS
SLocal_check_rcpt
R<refused@$+>	$#error $@ 5.1.1 $: "550 nobody of that name"
R<later@$+>	$#error $@ 4.2.1 $: "450 not now"

MAILER_DEFINITIONS
Msave,	P=/usr/bin/env, F=8mnlS, L=0, E=\r\n, T=DNS/RFC822/X-Unix, U={user},
	A=env SENDER=$f {save} {mails} $u
"""


ROOT = UNPACKED / "root" / "usr"


class Sendmail(RealServer):
    """Sendmail: PIPELINING, no CHUNKING; whatever comes in one segment after EHLO ends the connection."""

    name = "sendmail"
    LOGIN_LINE = "<<< AUTH {upper} "
    OPENED, CLOSED = ">>> 220 sendmail", r"<<< QUIT|<<< \[(?:EOF|TIMEOUT)\]"

    def start(self) -> None:
        program = unpacked("root/usr/libexec/sendmail/sendmail", "Sendmail")
        env = {"LD_LIBRARY_PATH": os.pathsep.join(map(str, (ROOT / "lib").glob("*-linux-*")))}
        config = self._configuration()
        self._add_mailbox(env)
        self.port, self.tls_port, self.login_only_port = free_ports(3)
        self.log = self.folder / "log"
        both = [
            f"{program} -C{config} -bD -q1h -X{self.log} -OAuthMechanisms={logins} "
            + " ".join(f"-O'{one}'" for one in ports)
            for logins, ports in (
                (
                    "'PLAIN LOGIN'",
                    (
                        f"DaemonPortOptions=Port={self.port},Addr=127.0.0.1,Name=A",
                        f"DaemonPortOptions=Port={self.tls_port},Addr=127.0.0.1,Name=B,M=s",
                    ),
                ),
                ("LOGIN", (f"DaemonPortOptions=Port={self.login_only_port},Addr=127.0.0.1,Name=A",)),
            )
        ]
        # It waits a minute for a name with a dot, if the machine's has none.
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 sendmail.example.org localhost\n")
        wrapper = {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_HOSTNAME": "sendmail.example.org"}
        env |= {**wrapper, "NSS_WRAPPER_HOSTS": str(hosts)}
        self.run(["sh", "-c", " & ".join(both) + " & wait"], env)

    def _configuration(self) -> Path:
        """Write what it is told, expanded by its own macros; also tells its version."""
        chain, key = self.certificate_files()
        key.chmod(0o600)
        (self.folder / "queue").mkdir(mode=0o700)
        (self.folder / "empty").write_text("")
        (self.folder / "switch").write_text("hosts files\naliases files\n")
        save = self.folder / "save.sh"
        shutil.copyfile(SAVE, save)
        save.chmod(0o755)
        user = "daemon" if os.geteuid() == 0 else str(os.getuid())
        values = {"chain": chain, "key": key, "size": SIZE_LIMIT, "idle": IDLE_S, "save": save}
        values |= {"folder": self.folder, "mails": self.mails_folder, "user": user}
        macros = ROOT / "share" / "sendmail" / "cf"
        made = subprocess.run(
            [ROOT / "bin" / "m4", f"-D_CF_DIR_={macros}/", macros / "m4" / "cf.m4", "-"],
            input=CONFIG.format(**values),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.version = re.findall(r"DZ(\S+)", made)[0]
        # Sendmail clears its environment; these lines of its configuration set it again.
        made += f"ESASL_CONF_PATH={self.folder / 'sasl'}\nESASL_PATH={self._plugins()}\n"
        config = self.folder / "sendmail.cf"
        config.write_text(made)
        config.chmod(0o644)
        return config

    @staticmethod
    def _plugins() -> Path:
        return next((ROOT / "lib").glob("*-linux-*")) / "sasl2"

    def _add_mailbox(self, env: dict[str, str]) -> None:
        sasl = self.folder / "sasl"
        sasl.mkdir(mode=0o700)
        (sasl / "Sendmail.conf").write_text(
            f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {sasl}/db\n"
        )
        name, password = self.login
        local, _, domain = name.partition("@")
        subprocess.run(
            [ROOT / "sbin" / "saslpasswd2", "-p", "-c", "-f", sasl / "db", "-u", domain, local],
            env={**os.environ, **env, "SASL_PATH": str(self._plugins())},
            input=password,
            text=True,
            check=True,
            capture_output=True,
        )
