"""umail against real mail servers, from both interpreters and with both drivers."""

from __future__ import annotations

from real_servers import RealServer
from wire_device import Device


def test_a_mail_arrives(server: RealServer, device: Device) -> None:
    device.trust.write_bytes(server.ca_der)
    before = len(server.mails())
    user, password = server.login
    route = {"host": "localhost", "port": server.port, "username": user, "password": password}
    route["trust"] = str(device.trust)
    message = {"sender": user, "to": "ops@example.org", "subject": "s", "text": "one\n.\ntwo"}
    result = device.run({"route": route, "messages": [message], "one_shot": True})[0]
    assert result.get("accepted") == ["ops@example.org"], result
    sender, recipients, raw = server.mails(before + 1)[-1]
    assert (sender, recipients) == (user, ["ops@example.org"])
    assert raw.endswith(b"\r\n\r\none\r\n.\r\ntwo\r\n")
