"""A mail is deleted while the page still asks about it, or is not as the server cannot be reached."""

from __future__ import annotations

from playwright.sync_api import expect

from host.web.conftest import mail
from host.web.test_web_page import go


def test_what_is_still_asked_about_a_mail_is_not_missed_once_it_is_deleted(site, watched):
    [key] = site.send(mail("alert"))
    held = []
    watched.page.route("**/standing", lambda route: held.append(route))
    with watched.page.expect_request("**/standing"):
        go(site, watched, f"mails/{key}")
        watched.page.wait_for_selector(f'.reader[data-id="{key}"]')
    watched.page.click("text=Delete")
    expect(watched.page.locator(".row")).to_have_count(0)
    held[0].continue_()
    watched.page.wait_for_timeout(300)
    assert site.ask(f"/api/v1/mails/{key}")[0] == 404
    assert not watched.errors


def test_a_mail_that_was_not_deleted_is_shown_and_read_as_before(site, watched):
    [key] = site.send(mail("alert"))
    watched.page.route(
        "**/mails/*", lambda route: route.abort() if route.request.method == "DELETE" else route.fallback()
    )
    go(site, watched, f"mails/{key}")
    watched.page.click("text=Delete")
    expect(watched.page.locator("#told")).not_to_be_empty()
    watched.page.locator(".reader .tabs button").get_by_text("Source").click()
    expect(watched.page.locator(".reader .body")).to_contain_text("Subject: alert")
