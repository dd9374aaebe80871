"""The domain of a sender: SPF as RFC 7208 evaluates it, DKIM and DMARC, asked of a DNS server on loopback."""

from __future__ import annotations

import pytest
from fake_dns import FakeDns

from umail_host.doctor import domain, spf
from umail_host.doctor.check import FAILED, OK, WARNING
from umail_host.settings import Route

EXCHANGE = "v=spf1 ip4:40.92.0.0/15 ip6:2a01:111:f400::/48 -all"
ZONE = {
    ("contoso.com", "TXT"): ['"ms=123"', '"v=spf1 ip4:203.0.113.0/28 include:spf.protection.outlook.com -all"'],
    ("spf.protection.outlook.com", "TXT"): [f'"{EXCHANGE}"'],
    ("selector1._domainkey.contoso.com", "CNAME"): ["selector1-contoso-com._domainkey.contoso.onmicrosoft.com."],
    ("selector1-contoso-com._domainkey.contoso.onmicrosoft.com", "TXT"): ['"v=DKIM1; k=rsa; " "p=MIGf"'],
    ("_dmarc.contoso.com", "TXT"): ['"v=DMARC1; p=reject"'],
    ("lab.contoso.com", "A"): ["192.0.2.7"],
    ("bare.example", "A"): ["192.0.2.8"],
    ("fabrikam.com", "TXT"): ['"v=spf1 a mx -all"'],
    ("selector1._domainkey.fabrikam.com", "TXT"): ['"v=DKIM1; p="'],
}


def ask(records):
    return lambda name, kind: records.get((name, kind), [])


def test_a_domain_in_order_is_green_for_its_own_address_and_for_exchange():
    with FakeDns(ZONE) as server:
        resolver = domain.Dns([server.address])
        for route in ("m365.direct_send", "m365.submission"):
            found = domain.checks(resolver, "contoso.com", Route(route), "203.0.113.7")
            assert [(check.name, check.state) for check in found] == [("spf", OK), ("dkim", OK), ("dmarc", OK)], found
        assert "p=reject" in found[2].text


def test_what_is_missing_is_red_with_what_to_write():
    with FakeDns(ZONE) as server:
        resolver = domain.Dns([server.address])
        spf_, dkim, dmarc = domain.checks(resolver, "fabrikam.com", Route("m365.relay"), "198.51.100.9")
        assert spf_.state == FAILED
        assert "add ip4:198.51.100.9 to the record" in spf_.remedy
        assert (dkim.state, dmarc.state) == (WARNING, WARNING), "a key that was taken back is none"
        assert "New-DkimSigningConfig -DomainName 'fabrikam.com'" in dkim.remedy
        assert "v=DMARC1" in dmarc.remedy
        assert (
            "does not cover Exchange" in domain.checks(resolver, "fabrikam.com", Route("m365.submission"), "")[0].text
        )
        nothing = domain.checks(resolver, "bare.example", Route("m365.direct_send"), "2001:db8::1")[0]
        assert "v=spf1 ip6:2001:db8::1 include:spf.protection.outlook.com -all" in nothing.remedy


@pytest.mark.parametrize(
    ("route", "state"), [("m365.direct_send", FAILED), ("m365.submission", FAILED), ("smtp", WARNING)]
)
def test_of_a_domain_that_does_not_exist_that_is_told_and_no_record_is_asked_for(route, state):
    with FakeDns(ZONE) as server:
        (found,) = domain.checks(domain.Dns([server.address]), "contso.com", Route(route), "203.0.113.7")
    assert (found.name, found.state) == ("domain", state)
    assert found.text == "the DNS server knows no domain contso.com"
    assert found.remedy.startswith("check its spelling")


def test_no_remedy_holds_a_record_that_can_not_be_copied():
    with FakeDns(ZONE) as server:
        found = domain.checks(domain.Dns([server.address]), "bare.example", Route("smtp"), "")
    assert (found[0].name, found[0].state) == ("spf", WARNING)
    assert found[0].remedy == "ask the provider for its SPF record, and add that as TXT to bare.example"
    assert not [check for check in found if "…" in check.remedy]


def test_a_subdomain_takes_the_policy_of_its_organization():
    with FakeDns(ZONE) as server:
        found = domain.checks(domain.Dns([server.address]), "lab.contoso.com", Route("smtp"), "")
    assert (found[2].state, found[2].text) == (OK, "contoso.com has the policy p=reject")


def test_a_dns_server_without_answers_is_a_warning(monkeypatch):
    monkeypatch.setattr(domain, "_PATIENCE", 0.2)
    with FakeDns(ZONE, fault="silent") as server:
        found = domain.checks(domain.Dns([server.address]), "contoso.com", Route("m365.relay"), "203.0.113.7")
    assert {check.state for check in found} == {WARNING}
    assert "--dns" in found[0].remedy


MORE = {
    ("one.example", "TXT"): ["v=spf1 -all"],
    ("allow.example", "TXT"): ["v=spf1 a:mail.example/24 ?mx:hosts.example ~all"],
    ("mail.example", "A"): ["192.0.2.4"],
    ("mail.example", "AAAA"): ["2001:db8::4"],
    ("hosts.example", "MX"): ["10 mail.example."],
    ("to.example", "TXT"): ["v=spf1 redirect=allow.example"],
    ("in.example", "TXT"): ["v=spf1 include:one.example include:allow.example"],
    ("gone.example", "TXT"): ["v=spf1 include:no.example"],
    ("two.example", "TXT"): ["v=spf1 -all", "v=spf1 +all"],
    ("typo.example", "TXT"): ["v=spf1 ip:1.2.3.4 -all"],
    ("bad.example", "TXT"): ["v=spf1 ip4:1.2.3.400 -all"],
    ("macro.example", "TXT"): ["v=spf1 exists:%{i}.example -all"],
    ("loop.example", "TXT"): ["v=spf1 include:loop.example -all"],
    ("other.example", "TXT"): ["v=spf10 all"],
    ("exists.example", "TXT"): ["v=spf1 exists:mail.example exp=why.example -all"],
}


@pytest.mark.parametrize(
    ("name", "address", "result"),
    [
        ("one.example", "192.0.2.4", "fail"),
        ("allow.example", "192.0.2.200", "pass"),
        ("allow.example", "192.0.3.1", "softfail"),
        ("allow.example", "2001:db8::4", "pass"),
        ("allow.example", "2001:db8::5", "softfail"),
        ("to.example", "192.0.2.9", "pass"),
        ("in.example", "192.0.2.9", "pass"),
        ("in.example", "192.0.3.9", "neutral"),
        ("other.example", "192.0.2.4", "none"),
        ("exists.example", "192.0.3.4", "pass"),
    ],
)
def test_spf_is_evaluated_as_the_rfc_has_it(name, address, result):
    assert spf.Check(ask(MORE), address).run(name) == result


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.example", "which has no SPF record"),
        ("two.example", "has 2 SPF records"),
        ("typo.example", "'ip:1.2.3.4'"),
        ("bad.example", "is not an address"),
        ("macro.example", "macro"),
        ("loop.example", "more than 10 DNS look-ups"),
    ],
)
def test_a_record_that_is_wrong_is_told(name, words):
    with pytest.raises(spf.Broken, match=words):
        spf.Check(ask(MORE), "192.0.2.4").run(name)
