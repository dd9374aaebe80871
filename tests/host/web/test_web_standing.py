"""What providers think of a mail: SPF and DMARC by a DNS server that was named, and SpamAssassin's rules."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_dns import FakeDns
from real_servers.base import Missing, unpacked

from host.web.conftest import Site, mail
from mail_readers import perl
from umail_host.doctor.domain import Dns
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.web import reputation, spam
from umail_host.web.server import WebServer

API = "/api/v1"
GOOD = {
    ("contoso.com", "TXT"): ['"v=spf1 ip4:198.51.100.0/24 -all"'],
    ("_dmarc.contoso.com", "TXT"): ['"v=DMARC1; p=reject"'],
}


def keys(
    records: dict[tuple[str, str], list[str]],
    octets: bytes = b"",
    peer: str = "127.0.0.1",
    sender: str = USER,
    fault: str = "",
) -> list[str]:
    with FakeDns(records, fault) as dns:
        found = reputation.domain_warnings(octets or mail(), sender, peer, Dns([dns.address]))
    assert all(one["text"] for one in found)
    return [one["key"] for one in found]


FOREIGN = mail().replace(b"From: esp32@contoso.com", b"From: esp32@alerts.fabrikam.example")
SIGNED = b"DKIM-Signature: v=1; a=rsa-sha256;\n d=Fabrikam.example; s=x; b=abc\n" + FOREIGN
STRICT = {
    **GOOD,
    ("fabrikam.example", "A"): ["198.51.100.7"],
    ("alerts.fabrikam.example", "A"): ["198.51.100.8"],
    ("_dmarc.fabrikam.example", "TXT"): ['"v=DMARC1; p=quarantine"'],
}
BARE = {("contoso.com", "A"): ["198.51.100.7"]}


@pytest.mark.parametrize(
    ("records", "more", "expected"),
    [
        (GOOD, {}, []),
        (BARE, {}, ["spf-none", "dmarc-none"]),
        ({}, {}, ["domain-unknown"]),
        ({}, {"octets": FOREIGN}, ["domain-unknown", "domain-unknown"]),
        (GOOD, {"octets": FOREIGN}, ["domain-unknown"]),
        (GOOD, {"sender": "bounce@mistyped.example"}, ["domain-unknown", "dmarc-unaligned"]),
        ({**GOOD, ("contoso.com", "TXT"): ['"v=spf1 +all"']}, {}, ["spf-anybody"]),
        ({**GOOD, ("contoso.com", "TXT"): ['"v=spf1 include:nobody.example -all"']}, {}, ["spf-broken"]),
        ({**GOOD, ("contoso.com", "TXT"): ['"v=spf1 include:contoso.com -all"']}, {}, ["spf-broken"]),
        (GOOD, {"peer": "203.0.114.7"}, ["spf-fail"]),
        (GOOD, {"peer": "?"}, []),
        (STRICT, {"octets": FOREIGN}, ["dmarc-unaligned"]),
        (STRICT, {"octets": SIGNED}, []),
        (STRICT, {"octets": FOREIGN, "sender": "bounce@fabrikam.example"}, ["spf-none"]),
        ({**GOOD, ("_dmarc.contoso.com", "TXT"): ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']}, {}, ["dmarc-broken"]),
        (GOOD, {"octets": mail().replace(b"esp32@contoso.com", b"a@" + b"x." * 200 + b"y"), "sender": ""}, []),
        (GOOD, {"fault": "servfail"}, ["dns-silent"]),
    ],
)
def test_the_domains_of_a_mail_are_judged_by_their_records(records, more, expected):
    assert keys(records, **more) == expected


def test_a_domain_that_does_not_exist_is_told_apart_from_one_without_records(watched, tmp_path):
    server = FakeServer("generic", mailboxes={USER: PASSWORD}, maildir=tmp_path / "Maildir", capture=False)
    with FakeDns({}) as dns, WebServer(server, dns=Dns([dns.address])) as web, server:
        site = Site(server, web)
        (key,) = site.send(mail())
        told = [one["text"] for one in site.described(f"/mails/{key}/standing", "/mails/{id}/standing")["warnings"]]
        watched.page.goto(f"{site.url}/#/mails/{key}")
        shown = watched.page.locator(".standing li[data-key=domain-unknown]")
        shown.wait_for()
        assert [shown.inner_text()] == told
        assert told[0].startswith("The DNS server knows no domain contoso.com")
        assert "SPF" not in told[0]


def test_nobody_is_asked_unless_a_dns_server_was_named(site, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    (key,) = site.send(mail())
    assert site.ask(f"{API}/mails/{key}/standing") == (200, {"asked_dns": False, "warnings": [], "spamassassin": None})


@pytest.fixture
def filtered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SpamAssassin, as if it were installed."""
    try:
        program = unpacked("root/usr/bin/spamassassin", "SpamAssassin")
        command = " ".join(map(str, perl()))
    except Missing as missing:
        pytest.skip(str(missing))
    root = program.parents[2]
    folders = f"--configpath={root}/usr/share/spamassassin --siteconfigpath={root}/etc/spamassassin"
    wrapper = tmp_path / "bin" / "spamassassin"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {command} -T {program} {folders} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")


def test_the_page_shows_what_dns_and_spamassassin_say(filtered, tmp_path, watched):
    spam = mail(
        "FREE MONEY!!! Viagra",
        "Click here: http://example.com XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
    )
    server = FakeServer("generic", mailboxes={USER: PASSWORD}, maildir=tmp_path / "Maildir", capture=False)
    with FakeDns(BARE) as dns, WebServer(server, dns=Dns([dns.address])) as web, server:
        site = Site(server, web)
        good, bad = site.send(mail(), spam)
        status, told = site.ask(f"{API}/mails/{bad}/standing")
        assert status == 200
        assert told["spamassassin"]["points"] >= 1000
        assert "GTUBE" in [rule["name"] for rule in told["spamassassin"]["rules"]]
        assert [one["key"] for one in told["warnings"]] == ["spf-none", "dmarc-none"]
        watched.page.goto(f"{site.url}/#/mails/{bad}")
        watched.page.wait_for_selector(".spam")
        assert "GTUBE" in watched.page.inner_text(".spam summary") + watched.page.text_content(".spam ul")
        assert watched.page.locator(".standing li[data-key=spf-none]").count() == 1
        report = site.ask(f"{API}/mails/{good}/standing")[1]["spamassassin"]
        assert report["points"] < report["required"]
        assert not watched.errors


def test_a_spamassassin_that_hangs_is_ended_and_few_wait_for_it(tmp_path, monkeypatch):
    program = tmp_path / "spamassassin"
    program.write_text("#!/bin/sh\nsleep 600 & sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(spam, "_FILTERING", 0.3)
    assert spam.spamassassin(b"x") == {"error": "SpamAssassin took more than 0 s"}
    for _ in range(3):
        spam._waiting.acquire()
    assert spam.spamassassin(b"x") == {"error": spam._BUSY}
    for _ in range(3):
        spam._waiting.release()
