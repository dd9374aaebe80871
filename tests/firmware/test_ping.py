"""What the ping takes for a URL: an https one of a host, and nothing that could become another line of the request."""

from alertnode import ping
from check import equal, raises


def test_a_url_is_taken_apart():
    for url, wanted in (
        ("https://hc-ping.com/2f1c-4a", ("hc-ping.com", 443, "/2f1c-4a")),
        ("https://ping.example:8443/a/b?x=1", ("ping.example", 8443, "/a/b?x=1")),
        ("https://ping.example", ("ping.example", 443, "/")),
    ):
        equal(ping.parts(url), wanted)


def test_what_is_not_an_https_url_of_a_host_is_refused():
    for url in (
        "http://hc-ping.com/x",
        "https://",
        "https:///x",
        "https://user@host/",
        "https://host:0/",
        "https://host:x/",
        "https://host/a b",
        "https://host/\r\nX: y",
        "https://host/#part",
        "https://host?x",
        "https://h\u00f6st/",
        "",
    ):
        raises(ValueError, ping.parts, url)
