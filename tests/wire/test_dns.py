"""Names found by the device's own DNS queries: the MX of Direct Send, several addresses, and what goes wrong."""

from __future__ import annotations

import socket

import pytest
from fake_dns import FakeDns
from wire_device import PASSWORD, USER

MX = "contoso-com.mail.protection.outlook.com"
RECORDS = {("contoso.com", "MX"): [f"10 {MX}."], (MX, "A"): ["127.0.0.1"]}
MESSAGE = {"sender": USER, "to": "ops@contoso.com", "subject": "s", "text": "t"}


def direct(device, server, resolver, *others, timeout=5):
    device.trust.write_bytes(server.ca_der if server else b"")
    port = server.port if server else 25
    route = {"kind": "direct_send", "domain": "contoso.com", "sender": USER, "port": port, "trust": str(device.trust)}
    servers = [*others, resolver.address]
    job = {"route": route, "dns": servers, "one_shot": True, "messages": [MESSAGE], "options": {"timeout": timeout}}
    return device.run(job)[0]


def test_direct_send_finds_its_mx_and_verifies_the_mx_hosts_name(device, serve):
    server = serve("m365-mx", hostnames=[MX])
    with FakeDns(RECORDS) as resolver:
        receipt = direct(device, server, resolver)
        assert receipt.get("round_trips") == 4, receipt
        assert [(name, kind) for name, kind, _ in resolver.asked] == [("contoso.com", "MX"), (MX, "A")]
        assert len(resolver.ports) == 2
        assert len(resolver.ids) == 2
    nameless = serve("m365-mx")
    with FakeDns(RECORDS) as resolver:
        error = direct(device, nameless, resolver)
        assert (error["stage"], error["kind"], error["key"]) == ("starttls", "security", "cert_name")


def test_an_mx_that_is_not_exchange_onlines_gets_no_mail(device, serve):
    server = serve("m365-mx", hostnames=["mail.evil.example"])
    records = {("contoso.com", "MX"): ["10 mail.evil.example."], ("mail.evil.example", "A"): ["127.0.0.1"]}
    with FakeDns(records) as resolver:
        error = direct(device, server, resolver)
        assert (error["stage"], error["kind"], error["key"]) == ("resolve", "security", "mx_foreign")
    assert not server.sessions


@pytest.mark.parametrize("fault", ["truncated", "forged"])
def test_a_truncated_answer_is_asked_for_by_tcp_and_a_forged_one_is_passed_over(device, serve, fault):
    server = serve("m365-mx", hostnames=[MX])
    with FakeDns(RECORDS, fault) as resolver:
        assert "round_trips" in direct(device, server, resolver)
        ways = [way for *_, way in resolver.asked]
        assert ways == (["udp", "tcp"] * 2 if fault == "truncated" else ["udp"] * 2)


def test_the_next_dns_server_is_asked_where_the_first_is_dead_or_sick(device, serve):
    server = serve("m365-mx", hostnames=[MX])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1#{unused.getsockname()[1]}"
    with FakeDns(RECORDS, "servfail") as sick, FakeDns(RECORDS) as resolver:
        assert "round_trips" in direct(device, server, resolver, dead, sick.address)


def test_the_preferred_mx_comes_first_and_the_others_after_it(device, serve):
    server = serve("m365-mx", hostnames=["b.mx.microsoft"])
    records = {
        ("contoso.com", "MX"): ["20 b.mx.microsoft.", "10 a.mx.microsoft.", "5 gone.mx.microsoft."],
        ("a.mx.microsoft", "A"): ["127.0.0.9"],
        ("b.mx.microsoft", "A"): ["127.0.0.8", "127.0.0.1"],
    }
    with FakeDns(records) as resolver:
        assert "round_trips" in direct(device, server, resolver)
        asked = dict.fromkeys(name for name, *_ in resolver.asked)
        assert list(asked) == ["contoso.com", "gone.mx.microsoft", "a.mx.microsoft", "b.mx.microsoft"]


def test_no_such_domain_is_for_a_person_and_no_answer_is_for_later(device, serve):
    with FakeDns({}) as resolver:
        error = direct(device, None, resolver)
        assert (error["stage"], error["kind"]) == ("resolve", "configuration")
    with FakeDns(RECORDS, "servfail") as resolver:
        error = direct(device, None, resolver)
        assert (error["stage"], error["kind"], error["key"]) == ("resolve", "temporary", "dns")


def test_an_alias_is_followed_for_any_route(device, serve):
    server = serve(hostnames=["smtp.contoso.com"])
    device.trust.write_bytes(server.ca_der)
    records = {("smtp.contoso.com", "CNAME"): ["real.contoso.net."], ("real.contoso.net", "A"): ["127.0.0.1"]}
    with FakeDns(records) as resolver:
        route = {"kind": "submission", "username": USER, "password": PASSWORD, "host": "smtp.contoso.com"}
        route |= {"port": server.port, "trust": str(device.trust)}
        job = {"route": route, "dns": [resolver.address], "one_shot": True, "messages": [MESSAGE]}
        assert "round_trips" in device.run(job)[0]
