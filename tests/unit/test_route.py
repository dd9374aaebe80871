"""A route that would leak, or could not work, is refused when it is made."""

from check import equal, inside, raises
from umail import Route, m365


def test_credentials_are_refused_without_verified_tls():
    for security in ("plain", "opportunistic"):
        for more in (
            {"username": "u", "password": "p"},
            {"username": "u", "token": len},
            {"certificate": ([b""], b"")},
        ):
            inside("TLS", str(raises(ValueError, Route, "h.example", 25, security=security, **more)))
    for security in ("starttls", "tls"):
        Route("h.example", 587, security=security, username="u", password="p")


def test_half_a_login_is_refused():
    for more in (
        {"username": "u"},
        {"password": "p"},
        {"token": len},
        {"username": "u", "password": "p", "token": len},
    ):
        raises(ValueError, Route, "h.example", **more)


def test_what_could_end_a_command_is_refused_in_every_argument():
    for bad in ("a\r\nb", "a\nb", "a\0b", "a\x7fb", "\x1b"):
        for name in ("host", "username", "sender", "ehlo"):
            arguments = {"host": "h.example", "username": "u", "password": "p"}
            arguments[name] = bad
            inside(name, str(raises(ValueError, Route, **arguments)))
    for name in ("host", "sender", "ehlo"):
        for bad in ("", "a b"):
            arguments = {"host": "h.example"}
            arguments[name] = bad
            raises(ValueError, Route, **arguments)


def test_an_unknown_security_or_port_is_refused():
    raises(ValueError, Route, "h.example", security="ssl")
    raises(ValueError, Route, "h.example", security=True)
    for port in (0, 65536, -1):
        raises(ValueError, Route, "h.example", port)


def test_a_route_never_shows_its_secret():
    route = Route("h.example", username="u", password="hunter2")
    equal("hunter2" in repr(route), False)
    equal("hunter2" in str(route), False)


def test_submission_is_exchange_online_on_587_with_its_own_roots():
    route = m365.submission("esp32@contoso.com", password="p")
    equal((route.host, route.port, route.security), ("smtp.office365.com", 587, "starttls"))
    equal(route.roots, ("digicert_global_root_g2", "digicert_global_root_ca"))
    equal(m365.submission("a@b.c", token=len, host="localhost", port=5).host, "localhost")
    raises(ValueError, m365.submission, "a@b.c")
