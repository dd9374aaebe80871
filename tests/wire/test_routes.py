"""Each route against its own profile of the fake server, from both interpreters with either driver."""

from __future__ import annotations

import pytest
from wire_device import PASSWORD, USER

from umail_host.fake_smtp.server.tls import Authority

INSIDE, OUTSIDE = "ops@contoso.com", "someone@fabrikam.com"


def direct(kind="direct_send", **more):
    return {"kind": kind, "domain": "contoso.com", "sender": USER, "username": None, "password": None, **more}


def send(device, server, route, message=None):
    device.trust.write_bytes(server.ca_der)
    whole = {"host": "localhost", "port": server.port, "trust": str(device.trust), **route}
    job = {"route": {k: v for k, v in whole.items() if v is not None}, "one_shot": True}
    text = {"sender": USER, "to": INSIDE, "subject": "s", "text": "t"}
    return device.run({**job, "messages": [{**text, **(message or {})}]})[0]


def test_direct_send_takes_four_round_trips_with_tls_and_two_without(device, serve):
    server = serve("m365-mx")
    assert send(device, server, direct())["round_trips"] == 4
    assert send(device, server, direct(security="plain"))["round_trips"] == 2
    assert send(device, server, direct(security="opportunistic"))["round_trips"] == 4
    assert len(server.inbox.wait(3)) == 3
    assert b"AUTH" not in server.raw_capture.octets("C")


def test_direct_send_reaches_nobody_outside_and_says_what_to_do(device, serve):
    error = send(device, serve("m365-mx"), direct(), {"to": OUTSIDE})
    assert (error["stage"], error["kind"], error["enhanced"]) == ("rcpt", "configuration", "5.7.64")


def test_direct_send_that_the_tenant_rejects_is_for_a_person(device, serve):
    error = send(device, serve("m365-mx", reject_direct_send=True), direct())
    assert (error["kind"], error["enhanced"]) == ("configuration", "5.7.68")


def test_relay_by_address_reaches_outside(device, serve):
    server = serve("m365-connector", connector_networks=("127.0.0.0/8",))
    assert "round_trips" in send(device, server, direct("relay"), {"to": OUTSIDE})
    server = serve("m365-connector", connector_networks=("192.0.2.0/24",))
    assert send(device, server, direct("relay"), {"to": OUTSIDE})["kind"] == "configuration"


def test_relay_by_certificate_sends_the_whole_chain_to_a_server_that_knows_only_the_root(device, serve, tmp_path):
    authority = Authority(["localhost"])
    identity = authority.client("contoso.com")
    paths = []
    for number, certificate in enumerate(identity.chain):
        paths.append(tmp_path / f"chain{number}.der")
        paths[-1].write_bytes(certificate)
    key = tmp_path / "key.der"
    key.write_bytes(identity.key)
    server = serve("m365-connector", authority=authority, connector_certificates=("contoso.com",))
    assert len(paths) == 2
    whole = [[str(path) for path in paths], str(key)]
    assert "round_trips" in send(device, server, direct("relay", certificate=whole), {"to": OUTSIDE})
    assert len(server.inbox.wait(1)) == 1
    leaf_only = [[str(paths[0])], str(key)]
    error = send(device, server, direct("relay", certificate=leaf_only), {"to": OUTSIDE})
    assert "error" in error
    assert len(server.inbox.deliveries) == 1


@pytest.mark.parametrize(
    ("profile", "kind"),
    [("m365-hve", "hve"), ("gmail", "gmail"), ("gmail-465", "gmail"), ("azure-communication", "azure_communication")],
)
def test_providers_take_a_login(device, serve, profile, kind):
    user = "fake.resource.app" if kind == "azure_communication" else USER
    server = serve(profile, mailboxes={user: PASSWORD})
    route = {"kind": kind, "username": user, "password": PASSWORD}
    if profile == "gmail-465":
        route["security"] = "tls"
    receipt = send(device, server, route)
    assert "round_trips" in receipt, receipt
    assert len(server.inbox.wait(1)) == 1


def test_high_volume_email_goes_to_the_tenant_only(device, serve):
    error = send(device, serve("m365-hve"), {"kind": "hve", "username": USER, "password": PASSWORD}, {"to": OUTSIDE})
    assert (error["kind"], error["enhanced"]) == ("configuration", "5.5.105")


def test_a_token_refused_as_gmail_does_ends_with_its_final_reply(device, serve):
    route = {"kind": "gmail", "username": USER, "access_token": "void"}
    error = send(device, serve("gmail"), route)
    assert (error["stage"], error["code"], error["kind"]) == ("auth", 535, "configuration")


def test_the_next_route_is_taken_where_the_first_fails(device, serve):
    broken, good = serve(mailboxes={USER: "another"}), serve("generic", authority=Authority(["localhost"]))
    device.trust.write_bytes(broken.ca_der + b"")
    second = device.trust.with_name("second.der")
    second.write_bytes(good.ca_der)
    common = {"kind": "submission", "username": USER, "password": PASSWORD, "host": "localhost"}
    routes = [
        {**common, "port": broken.port, "trust": str(device.trust)},
        {**common, "port": good.port, "trust": str(second)},
    ]
    job = {"route": routes, "one_shot": True, "messages": [{"sender": USER, "to": INSIDE, "subject": "s", "text": "t"}]}
    assert "round_trips" in device.run(job)[0]
    assert len(good.inbox.wait(1)) == 1
