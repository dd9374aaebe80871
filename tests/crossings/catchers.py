"""Servers that keep what they get: chasquid, go-smtp, maildev, smtp-tester, mail-devel, maildump, and postscreen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

from installed import CROSSINGS, installed, unpacked, version
from real_servers import Missing, Postfix, RealServer, base, postfix
from real_servers.base import SAVE, UNPACKED, Mail, free_ports

HERE = Path(__file__).parent


class Catcher(RealServer):
    """What they share; the mails are those of ``_names``, whose envelope not all of them keep."""

    login_only_port = 0
    OPENED = CLOSED = LOGIN_LINE = "\0"

    def _read(self, path: Path) -> Mail:
        return super()._read(path) if path.with_suffix(".envelope").exists() else ("", [], path.read_bytes())

    def _names(self) -> list[Path]:
        return sorted(self.mails_folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)


class Chasquid(Catcher):
    """chasquid, with a domain and a user of its own."""

    name = "chasquid"

    def start(self) -> None:
        self.version, prefix = version("chasquid"), installed()
        self.port, self.tls_port, smtp = free_ports(3)
        chain, key = self.certificate_files()
        config, save = self.folder / "etc", self.folder / "save.sh"
        shutil.copyfile(SAVE, save)
        save.chmod(0o755)
        certificates = config / "certs" / "localhost"
        certificates.mkdir(parents=True)
        shutil.copyfile(chain, certificates / "fullchain.pem")
        shutil.copyfile(key, certificates / "privkey.pem")
        user, password = self.login
        (config / "domains" / user.partition("@")[2]).mkdir(parents=True)
        (config / "chasquid.conf").write_text(
            f'hostname: "localhost"\nsmtp_address: "127.0.0.1:{smtp}"\nsubmission_address: "127.0.0.1:{self.port}"\n'
            f'submission_over_tls_address: "127.0.0.1:{self.tls_port}"\nmail_delivery_agent_bin: "{save}"\n'
            f'mail_delivery_agent_args: "{self.mails_folder}"\nmail_delivery_agent_args: "%to%"\n'
            f'data_dir: "{self.folder}/data"\nmail_log_path: "{self.folder}/log"\nmax_data_size_mb: 1\n'
        )
        for address in (user, "ops@example.org"):
            util = [*prefix, "chasquid-util", f"-C={config}", "user-add", address, f"--password={password}"]
            subprocess.run(util, check=True, capture_output=True)
        self.run([*prefix, "chasquid", f"-config_dir={config}"])


class GoSmtp(Catcher):
    """emersion's go-smtp, with a backend of ours as its example has it: a wrong password is any Go error."""

    name = "go-smtp"

    def start(self) -> None:
        self.version = version("golang-github-emersion-go-smtp-dev")
        prefix = installed()
        self.port, self.tls_port = free_ports(2)
        chain, key = self.certificate_files()
        program = self.folder / "server"
        env = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(CROSSINGS / "go"), "HOME": "/tmp"}
        build = [*prefix, "go", "build", "-o", str(program), str(HERE / "go_server.go")]
        subprocess.run(build, check=True, env={**os.environ, **env}, cwd=self.folder)
        settings = [f"127.0.0.1:{self.port}", f"127.0.0.1:{self.tls_port}", chain, key, *self.login, self.mails_folder]
        self.run([program, *settings])


class Maildev(Catcher):
    """maildev, with TLS from the first byte."""

    name = "maildev"

    def start(self) -> None:
        module = unpacked("node/node_modules/maildev/package.json", "maildev of npm")
        self.version = json.loads(module.read_text())["version"]
        self.port, web = free_ports(2)
        chain, key = self.certificate_files()
        user, password = self.login
        program = module.parent / json.loads(module.read_text())["bin"]["maildev"]
        options = f"--smtp {self.port} --web {web} --ip 127.0.0.1 --web-ip 127.0.0.1 --incoming-secure".split()
        options += ["--incoming-cert", str(chain), "--incoming-key", str(key), "--incoming-user", user]
        options += ["--incoming-pass", password, "--mail-directory", str(self.mails_folder)]
        self.run([node(), program, *options])


class SmtpTester(Catcher):
    """smtp-tester, in clear and without logins."""

    name = "smtp-tester"

    def start(self) -> None:
        module = unpacked("node/node_modules/smtp-tester/package.json", "smtp-tester of npm")
        self.version = json.loads(module.read_text())["version"]
        (self.port,) = free_ports(1)
        program = (
            "const [,where, port, folder]=process.argv, fs=require('fs'), {Server}=require('net');"
            # It would listen on every address.
            "const listen=Server.prototype.listen;"
            "Server.prototype.listen=function(number, ...more) {"
            " return listen.call(this, number, '127.0.0.1', ...more.filter(one => typeof one === 'function')); };"
            "require(where).init(+port).bind((addr, id, email) => {"
            " const name=`${folder}/${String(id).padStart(6,'0')}`;"
            " const told=[email.sender, ...Object.keys(email.receivers)].join('\\n')+'\\n';"
            " fs.writeFileSync(name+'.envelope', told); fs.writeFileSync(name+'.part', email.data);"
            " fs.renameSync(name+'.part', name+'.eml'); });"
        )
        self.run([node(), "-e", program, module.parent, str(self.port), self.mails_folder])


class MailDevel(Catcher):
    """mail-devel, aiosmtpd with IMAP beside it; a mail is read where its web page shows it."""

    name = "mail-devel"

    def start(self) -> None:
        program = unpacked("python/bin/mail_devel", "mail-devel of PyPI")
        self.version = wheel("mail_devel")
        self.port, self.tls_port, imap, self.http = free_ports(4)
        chain, key = self.certificate_files()
        user, password = self.login
        options = f"--host 127.0.0.1 --smtp-port {self.port} --smtps-port {self.tls_port} --imap-port {imap}".split()
        options += f"--http-port {self.http} --auth-required --auth-require-tls --user {user}".split()
        options += ["--password", password, "--cert", str(chain), "--key", str(key)]
        self.run([program, *options])
        self.imap = imap

    def mails(self, count: int = 0, timeout: float = 10) -> list[Mail]:
        import imaplib

        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=timeout) as link:
            link.starttls() if "STARTTLS" in link.capabilities else None
            link.login(*self.login)
            link.select("INBOX")
            found = []
            for number in link.search(None, "ALL")[1][0].split():
                (_, raw), *_ = link.fetch(number.decode(), "(BODY.PEEK[])")[1]
                found.append(("", [], raw))
        if len(found) < count:
            raise TimeoutError(f"mail-devel has {len(found)} mails, not {count}")
        return found


class Maildump(Catcher):
    """maildump, in clear, 8bit and without logins; a mail is read where its web page shows it."""

    name = "maildump"

    def start(self) -> None:
        program = unpacked("python/bin/maildump", "maildump of PyPI")
        self.version = wheel("maildump")
        self.port, self.http = free_ports(2)
        self.run([program, "-f", "--smtp-port", str(self.port), "--http-port", str(self.http)])

    def mails(self, count: int = 0, timeout: float = 10) -> list[Mail]:
        def get(path: str) -> bytes:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=timeout) as answer:
                data: bytes = answer.read()
                return data

        numbers = sorted(int(one["id"]) for one in json.loads(get("/messages"))["messages"])
        if len(numbers) < count:
            raise TimeoutError(f"maildump has {len(numbers)} mails, not {count}")
        return [("", [], get(f"/messages/{number}.source")) for number in numbers]


class SmtpSink(Catcher):
    """Postfix's smtp-sink, in clear and without logins."""

    name = "smtp-sink"

    def start(self) -> None:
        program = base.unpacked("root/usr/sbin/smtp-sink", "smtp-sink of Postfix")
        (archive,) = (UNPACKED / "archives").glob("postfix_*.deb")
        self.version = archive.name.split("_")[1]
        (self.port,) = free_ports(1)
        libraries = program.parents[1] / "lib/postfix"
        options = ["-u", "nobody"] if os.geteuid() == 0 else []
        where = f"{self.mails_folder}/%s."
        self.run([program, *options, "-d", where, f"127.0.0.1:{self.port}", "100"], {"LD_LIBRARY_PATH": str(libraries)})

    def _names(self) -> list[Path]:
        return sorted(self.mails_folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)


class Slimta(Catcher):
    """python-slimta's edge, with a queue of ours that is a folder."""

    name = "python-slimta"

    def start(self) -> None:
        python = unpacked("python/bin/python", "python-slimta of PyPI")
        self.version = wheel("python_slimta")
        (self.port,) = free_ports(1)
        chain, key = self.certificate_files()
        server = [python, "-m", "gevent.monkey", HERE / "slimta_server.py"]
        self.run([*server, str(self.port), chain, key, *self.login, self.mails_folder])


class Postscreen(Postfix):
    """Postfix behind postscreen with its tests of a client it has not met: the first mail is put off."""

    name = "postscreen"
    settings = postfix.MAIN + (
        "postscreen_access_list =\npostscreen_greet_wait = 2s\npostscreen_greet_banner = wait a moment\n"
        "postscreen_pipelining_enable = yes\npostscreen_bare_newline_enable = yes\n"
        "postscreen_non_smtp_command_enable = yes\npostscreen_cache_map = btree:{folder}/data/postscreen\n"
    )
    services = postfix.MASTER.replace(
        "127.0.0.1:{port} inet n - n - - smtpd",
        "127.0.0.1:{port} inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n"
        "dnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy",
    )


def node() -> str:
    """Return where node is."""
    found = shutil.which("node")
    if found is None:
        raise Missing("no node here: install nodejs and npm")
    return found


def wheel(name: str) -> str:
    """Return the version of a package of PyPI's in build/crossings."""
    (folder,) = (CROSSINGS / "python").glob(f"lib/*/site-packages/{name}-*.dist-info")
    return re.findall(r"-([\d.]+)\.dist-info", folder.name)[0]
