"""The page in a real Chromium: live arrival, search, threads, dialogues, keys, phone, dark, German, and no barrier."""

from __future__ import annotations

import ast
import email.message
import os
import re
import smtplib
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from host.web.conftest import Site, Watched, mail
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.web.server import WebServer

PHONE = {"viewport": {"width": 390, "height": 844}}
DARK = {"color_scheme": "dark"}
GERMAN = {"locale": "de-DE"}
WEB = Path(__file__).parents[3] / "host_tools/umail_host/web"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def shot(watched: Watched, name: str) -> None:
    """Keep a picture for docs/ if it is asked for: UMAIL_SCREENSHOTS=docs/pictures."""
    if folder := os.environ.get("UMAIL_SCREENSHOTS"):
        watched.page.screenshot(path=Path(folder) / f"{name}.png")


def go(site: Site, watched: Watched, to: str = "") -> None:
    watched.page.goto(f"{site.url}/#/{to}")
    watched.page.wait_for_selector(".live.on")


def subjects(watched: Watched) -> list[str]:
    return watched.page.eval_on_selector_all(
        ".row", "rows => rows.sort((a, b) => a.offsetTop - b.offsetTop).map(r => r.querySelector('.subject').innerText)"
    )


def alert_and_recovery(site: Site) -> list[str]:
    alert = mail(
        "Temperature 11.0 °C, limit 8 °C (freezer)", "On freezer, temperature 11 °C.", message_id="<1@b.example>"
    )
    normal = mail(
        "Temperature 5.0 °C, back to normal (freezer)", "5 °C", message_id="<2@b.example>", In_Reply_To="<1@b.example>"
    )
    return site.send(alert, mail("something else"), normal)


def test_a_mail_appears_by_itself_within_100_ms_of_the_final_reply_in_the_median(site, watched):
    go(site, watched)
    watched.page.wait_for_selector(".hello:not([hidden])")
    watched.page.evaluate(
        """() => { window.seen = {}; new MutationObserver(() => {
             for (const row of document.querySelectorAll('.row .subject')) window.seen[row.innerText] ??= Date.now();
           }).observe(document.body, {subtree: true, childList: true}); }"""
    )
    replied = {}
    with smtplib.SMTP("localhost", site.server.port, local_hostname="test.example", timeout=20) as client:
        client.starttls(context=site.server.ssl_context)
        client.login(USER, PASSWORD)
        for number in range(100):
            client.sendmail(USER, ["ops@contoso.com"], mail(f"mail {number}").replace(b"\n", b"\r\n"))
            replied[f"mail {number}"] = time.time() * 1000
            time.sleep(0.01)
    expect(watched.page.locator(".count")).to_have_text("100 mails")
    seen = watched.page.evaluate("window.seen")
    assert statistics.median(seen[name] - replied[name] for name in replied) < 100
    assert not watched.errors


def test_one_answer_is_enough_to_show_the_list_and_its_files_are_asked_for_once(site, watched):
    alert_and_recovery(site)
    go(site, watched)
    watched.page.wait_for_selector(".row")
    asked = [url.removeprefix(site.url) for url in watched.asked]
    assert [url for url in asked if "/api/" in url] == ["/api/v1/events"]
    files = [url for url in asked if url.startswith("/static/")]
    assert len(set(files)) >= 7
    assert site.ask(files[0])[0] == 200
    assert site.ask(files[0].replace("/static/", "/static/x"))[0] == 404
    assert site.ask("/static/../server.py")[0] == 404


def test_a_mail_that_came_before_the_page_listened_is_shown_and_none_is_shown_twice(site, watched):
    first = site.ask("/")[1].decode()
    watched.page.route(f"{site.url}/", lambda route: route.fulfill(body=first, content_type="text/html"))
    keys = alert_and_recovery(site)
    go(site, watched)
    expect(watched.page.locator(".row")).to_have_count(3)
    keys += site.send(mail("fourth"))
    expect(watched.page.locator(".row")).to_have_count(4)
    shown = watched.page.eval_on_selector_all(".row", "rows => rows.map(row => row.dataset.id)")
    assert sorted(shown) == sorted(keys)
    assert watched.page.inner_text(".count") == "4 mails"


def test_an_alert_and_its_recovery_are_a_thread_as_soon_as_they_have_come(site, watched):
    go(site, watched)
    site.send(mail("alert", message_id="<1@b.example>"))
    expect(watched.page.locator(".row")).to_have_count(1)
    assert watched.page.locator(".row .badge").count() == 0
    site.send(mail("normal", message_id="<2@b.example>", In_Reply_To="<1@b.example>"))
    expect(watched.page.locator(".row .badge")).to_have_text(["2", "2"])
    assert subjects(watched) == ["normal", "alert"]


def test_search_threads_views_and_deleting(site, watched):
    alert, other, _ = alert_and_recovery(site)
    go(site, watched)
    watched.page.wait_for_selector(".row")
    assert subjects(watched) == [
        "Temperature 5.0 °C, back to normal (freezer)",
        "something else",
        "Temperature 11.0 °C, limit 8 °C (freezer)",
    ]
    assert watched.page.locator(".row .badge").all_inner_texts() == ["2", "2"]
    watched.page.fill("#search", "limit 8")
    expect(watched.page.locator(".row")).to_have_count(1)
    watched.page.click(".row a")
    watched.page.wait_for_selector(f'.reader[data-id="{alert}"]')
    assert [one.split(" ", 2)[-1] for one in watched.page.locator(".thread a").all_inner_texts()][-1].endswith(
        "back to normal (freezer)"
    )
    views = watched.page.locator(".reader .tabs button")
    assert views.all_inner_texts() == ["Text", "Headers", "Parts", "Source", "Envelope"]
    for name, shown in (
        ("Headers", "Message-ID"),
        ("Parts", "text/plain"),
        ("Source", "Subject: "),
        ("Envelope", USER),
    ):
        views.get_by_text(name).click()
        expect(watched.page.locator(".reader .body")).to_contain_text(shown)
    shot(watched, "inbox")
    views.get_by_text("Headers").click()
    assert "Temperature 11.0 °C, limit" in watched.page.inner_text(".headers")
    watched.page.click("text=Show raw")
    assert "=?utf-8?" in watched.page.inner_text(".headers").lower()
    watched.page.click("text=Delete")
    expect(watched.page.locator(".row")).to_have_count(0)
    assert site.ask(f"/api/v1/mails/{alert}")[0] == 404
    assert site.ask(f"/api/v1/mails/{other}")[0] == 200
    assert not watched.errors


def test_two_dialogues_stand_side_by_side_and_show_their_round_trips(site, watched):
    go(site, watched, "sessions")
    watched.page.click("text=Compare umail and smtplib")
    watched.page.wait_for_selector(".pair .dialogue:nth-child(2)")
    assert watched.page.locator(".trips > b").all_inner_texts() == ["5", "9"]
    assert "[masked]" in watched.page.inner_text(".dialogues")
    assert PASSWORD not in watched.page.content()
    # Each flight is an arrow from one life line to the other; the replies' lead back.
    for dialogue in watched.page.locator(".dialogue").all():
        for side, leads in (("client", "0>100"), ("server", "100>0")):
            flights = dialogue.locator(f".flights li.{side}")
            arrows = flights.locator(".arrow line")
            assert arrows.count() == flights.count() > 4
            assert arrows.first.evaluate("line => `${line.x1.baseVal.value}>${line.x2.baseVal.value}`") == leads
        assert dialogue.locator(".note .told").first.inner_text() == "TCP: 127.0.0.1"
        assert dialogue.locator(".at").last.inner_text().endswith(" ms")
        assert "TLSv1." in dialogue.inner_text()
        assert "localhost" in dialogue.locator(".quiet").nth(1).inner_text()
    shot(watched, "sessions")
    watched.page.locator(".file").first.click()
    watched.page.wait_for_selector(".reader[data-id]")
    assert not watched.errors


def test_a_fault_is_chosen_on_the_page_strikes_and_is_seen_where_it_struck(site, watched):
    go(site, watched, "server")
    watched.page.select_option("#fault", "content-554")
    watched.page.locator(".card", has=watched.page.locator("#plan")).get_by_text("Apply").click()
    watched.page.wait_for_selector(".plan:not([hidden])")
    assert watched.page.inner_text(".plan") == "⚡ content-554"
    go(site, watched, "sessions")
    watched.page.click("text=Send by smtplib")
    watched.page.wait_for_selector(".note.fault")
    assert "content-554" in watched.page.inner_text(".note.fault")
    assert site.server.inbox.deliveries == []


def test_the_keys_alone_reach_everything(site, watched):
    keys = alert_and_recovery(site)[::-1]
    go(site, watched)
    watched.page.wait_for_selector(".row")
    press = watched.page.keyboard.press
    press("j")
    watched.page.wait_for_selector(f'.reader[data-id="{keys[0]}"]')
    press("j")
    watched.page.wait_for_selector(f'.reader[data-id="{keys[1]}"]')
    press("k")
    watched.page.wait_for_selector(f'.reader[data-id="{keys[0]}"]')
    press("/")
    watched.page.keyboard.type("something")
    expect(watched.page.locator(".row")).to_have_count(1)
    press("Escape")
    expect(watched.page.locator(".row")).to_have_count(3)
    press("?")
    watched.page.wait_for_selector("dialog[open]")
    press("Escape")
    press("Escape")
    expect(watched.page).to_have_url(f"{site.url}/#/mails")


def test_tab_and_enter_reach_what_has_no_key_of_its_own(site, watched):
    alert_and_recovery(site)
    go(site, watched)
    watched.page.wait_for_selector(".row .who")
    press = watched.page.keyboard.press
    reached = set()
    for _ in range(12):
        press("Tab")
        reached.add(watched.page.evaluate("document.activeElement.innerText || document.activeElement.id"))
    assert {"Sessions", "Server", "search"} <= reached
    press("j")
    watched.page.wait_for_selector(".reader[data-id]")
    watched.page.get_by_role("button", name="Delete").focus()
    press("Enter")
    expect(watched.page.locator(".row")).to_have_count(2)


@pytest.mark.parametrize("watched", [PHONE], indirect=True)
def test_a_phone_shows_the_list_then_the_mail_and_nothing_is_wider_than_it(site, watched):
    alert_and_recovery(site)
    for view in ("mails", "sessions", "server"):
        go(site, watched, view)
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390, view
    go(site, watched, "mails")
    watched.page.wait_for_selector(".row")
    assert not watched.page.is_visible(".reader")
    watched.page.click(".row a >> nth=0")
    watched.page.wait_for_selector(".reader[data-id]")
    assert not watched.page.is_visible(".list")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
    shot(watched, "phone")
    watched.page.click(".back")
    watched.page.wait_for_selector(".list:visible")


@pytest.mark.parametrize("watched", [GERMAN], indirect=True)
def test_a_german_browser_is_spoken_to_in_german(site, watched):
    alert_and_recovery(site)
    go(site, watched)
    watched.page.wait_for_selector(".row")
    assert watched.page.get_attribute("html", "lang") == "de"
    assert watched.page.locator("#bar nav a").all_inner_texts() == ["Mails", "Sitzungen", "Server"]
    watched.page.keyboard.press("j")
    watched.page.wait_for_selector(".tabs")
    assert "Kopfzeilen" in watched.page.inner_text(".tabs")


def test_every_word_of_the_page_has_its_german():
    folder = WEB / "static"
    known = set(re.findall(r'"([^"]+)":', (folder / "words.js").read_text(encoding="utf-8")))
    used = {
        word for path in folder.glob("*.js") for word in re.findall(r'\bt\("([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= known


def said_by(module: str) -> set[str]:
    """The sentences in the source of a module that a page shows, with {} for what differs."""
    tree = ast.parse((WEB / f"{module}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            found.add("".join(map(str, parts)))
            for part in node.values:
                part.parent = node  # type: ignore[attr-defined]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not hasattr(node, "parent"):
            found.add(node.value)
    documented = {ast.get_docstring(one, clean=False) for one in ast.walk(tree) if isinstance(one, DOCUMENTED)}
    return {text for text in found - documented if text.count(" ") > 2 and not {"\n", "\\"} & set(text)}


def test_every_sentence_of_the_server_has_its_german():
    words = (WEB / "static" / "words.js").read_text(encoding="utf-8")
    known = set(
        re.findall(r'^  "([^"]+)": "', words.partition("const sentences")[2].partition("\n};")[0], re.MULTILINE)
    )
    said = set().union(*map(said_by, ("mail", "reputation", "spam", "boards", "../doctor/spf")))
    assert len(known) > 20
    assert said - known == set()
    for english, german in re.findall(r'^  "([^"]+)": "([^"]+)",$', words, re.MULTILINE):
        assert english.count("{}") == german.count("{}"), english


@pytest.mark.parametrize("watched", [GERMAN], indirect=True)
def test_what_the_server_says_is_german_too_and_what_it_quotes_stays(site, watched):
    (odd,) = site.send(b"From: someone@else.example\nSubject: {} (.+?)\n\n" + b"x" * 1000 + b"\n")
    go(site, watched, f"mails/{odd}")
    watched.page.wait_for_selector(".warnings")
    watched.page.evaluate("document.querySelector('.warnings').open = true")
    shown = watched.page.locator(".warnings li").all_inner_texts()
    assert "Die Kopfzeile Date fehlt." in shown
    assert (
        f"From ist someone@else.example, die Anmeldung {USER}: Microsoft 365 lehnt das ohne „Senden als“ ab." in shown
    )
    assert not [text for text in shown if text.startswith(("There ", "From is ", "A line "))]
    assert not watched.errors


def barriers(watched: Watched) -> list[tuple[str, str]]:
    """What axe finds that is serious or worse."""
    found: dict[str, Any] = Axe().run(watched.page).response
    bad = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return [(one["id"], one["nodes"][0]["html"][:200] + one["nodes"][0]["failureSummary"]) for one in bad]


@pytest.mark.parametrize("watched", [{}, DARK, PHONE], ids=["light", "dark", "phone"], indirect=True)
def test_axe_finds_no_serious_barrier_on_any_view(site, watched):
    go(site, watched, "mails")
    watched.page.wait_for_selector(".hello:not([hidden])")
    assert not barriers(watched), "no mail yet"
    alert = alert_and_recovery(site)[0]
    message = email.message.EmailMessage()
    message["From"], message["Subject"] = "someone@else.example", "ü" * 90
    message.set_content("plain")
    message.add_alternative("<p>rich</p><img src='http://evil.example/x.png'>", subtype="html")
    message.add_attachment(b"1,2", maintype="text", subtype="csv", filename="log.csv")
    (rich,) = site.send(message.as_bytes())
    site.ask("/api/v1/sessions", "POST", {"client": "smtplib"})
    site.ask("/api/v1/faults", "PUT", {"plan": "content-554"})
    struck = site.ask("/api/v1/sessions", "POST", {"client": "smtplib"})[1]["session"]
    views = ("mails", f"mails/{alert}", "sessions", "sessions/1", f"sessions/1/{struck}", "server")
    for view in views:
        go(site, watched, view)
        watched.page.wait_for_timeout(200)
        assert not barriers(watched), view
    go(site, watched, f"mails/{rich}")
    watched.page.click(".warnings summary")
    for name in ("HTML", "Text", "Headers", "Parts", "Source", "Envelope"):
        watched.page.locator(".reader .tabs button").get_by_text(name, exact=True).click()
        watched.page.wait_for_selector(f".body.{name.lower()}")
        assert not barriers(watched), name
    watched.page.keyboard.press("?")
    watched.page.wait_for_selector("dialog[open]")
    assert not barriers(watched), "keys"


def test_a_hundred_thousand_mails_are_rows_that_are_made_when_they_are_seen(tmp_path, watched):
    server = FakeServer("generic", maildir=tmp_path / "Maildir", keep=10, capture=False)
    web = WebServer(server)
    store = web.store
    with store._writing():
        store._base.executemany(
            "INSERT INTO mails (id, time, sender, recipients, subject, thread, text, size, attachments, header_from)"
            " VALUES (?, 1.7e9, 'a@b', 'c@d', ?, ?, '', 1, 0, 'a@b')",
            [(f"k{number}", f"mail {number}", f"k{number}") for number in range(100_000)],
        )
    with web, server:
        go(Site(server, web), watched)
        watched.page.wait_for_selector(".row")
        watched.page.evaluate(
            """() => { window.longest = 0; let last = performance.now();
                 const beat = () => { const now = performance.now();
                   window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(beat); };
                 requestAnimationFrame(beat); }"""
        )
        for position in (50_000, 99_999, 3):
            watched.page.evaluate("top => document.querySelector('.list').scrollTop = top", position * 74)
            watched.page.wait_for_selector(f".row[data-id=k{99_999 - position}]")
        assert watched.page.locator(".row").count() < 40
        assert watched.page.inner_text(".count") == "100,000 mails"
        assert watched.page.evaluate("window.longest") < 1000
