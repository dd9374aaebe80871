"""A route that would leak, or could not work, is refused when it is made."""

from check import equal, inside, raises
from umail import Route, m365, routes


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


def test_what_a_login_cannot_hold_is_refused_and_a_password_not_shown():
    for name in ("username", "password"):
        for bad in ("hunter2\n", "hunter2\0", "", "hunter2" * 40, b"hunter2"):
            arguments = {"host": "h.example", "username": "u", "password": "p"}
            arguments[name] = bad
            error = str(raises(ValueError, Route, **arguments))
            inside(name + ": ", error)
            equal("hunter2" in error, name == "username" and bool(bad), error)
    # RFC 4616, 2
    Route("h.example", username="u" * 255, password="p p" * 85)


def test_the_envelopes_sender_is_one_address():
    for bad in ("a", "a@b>SIZE=1<c", "a@b,c@d", "<>", "a" * 65 + "@b"):
        inside("sender: ", str(raises(ValueError, Route, "h.example", sender=bad)))
    equal(Route("h.example", sender="Board <a@b.example>").sender, "a@b.example")


def test_an_unknown_security_or_port_is_refused():
    raises(ValueError, Route, "h.example", security="ssl")
    raises(ValueError, Route, "h.example", security=True)
    for port in (0, 65536, -1, "587", "25\r\n"):
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


def test_direct_send_and_relay_look_up_the_mx_and_take_only_exchange_onlines_names():
    for route in (
        m365.direct_send("contoso.com", sender="esp32@contoso.com"),
        m365.relay("contoso.com", sender="esp32@contoso.com", certificate=([b"leaf", b"intermediate"], b"key")),
    ):
        equal((route.host, route.mx, route.port, route.security), (None, "contoso.com", 25, "starttls"))
        equal(route.mx_suffixes, (".mail.protection.outlook.com", ".mx.microsoft"))
        equal(route.sender, "esp32@contoso.com")
    route = m365.direct_send("contoso.com", "a@contoso.com", host="contoso-com.mail.protection.outlook.com", port=2525)
    equal((route.host, route.mx, route.port), ("contoso-com.mail.protection.outlook.com", None, 2525))
    equal(m365.direct_send("contoso.com", "a@contoso.com", security="plain").security, "plain")


def test_an_ip_address_as_the_mx_is_refused_with_the_reason():
    for host in ("52.101.73.3", "2603:1026::1"):
        inside("certificate", str(raises(ValueError, m365.direct_send, "contoso.com", "a@contoso.com", host=host)))
        raises(ValueError, m365.relay, "contoso.com", "a@contoso.com", None, host)


def test_a_domain_that_could_end_a_command_is_refused():
    for domain in ("contoso.com\r\nQUIT", "", "a b"):
        raises(ValueError, m365.direct_send, domain, "a@contoso.com")
        raises(ValueError, m365.direct_send, "contoso.com", domain)


def test_providers_have_their_hosts_ports_and_roots():
    equal((m365.hve("a@b.c", password="p").host, m365.hve("a@b.c", token=len).port), ("smtp.hve.mx.microsoft", 587))
    gmail = routes.gmail("a@gmail.com", password="p")
    equal((gmail.host, gmail.port, gmail.security), ("smtp.gmail.com", 587, "starttls"))
    equal(routes.gmail("a@gmail.com", token=len, port=465).security, "tls")
    raises(ValueError, routes.gmail, "a@gmail.com")
    azure = routes.azure_communication("resource.app.tenant", "secret")
    equal((azure.host, azure.port), ("smtp.azurecomm.net", 587))
    for route in (gmail, azure):
        equal(route.roots is None, False)


def test_port_465_is_tls_from_the_first_byte_unless_told_otherwise():
    equal(Route("h", 465).security, "tls")
    equal(Route("h", 465, security="starttls").security, "starttls")
    equal(Route("h").security, "starttls")


def test_a_host_is_known_to_exist_if_its_name_is_built_in_and_not_if_somebody_typed_it():
    login = {"username": "a@b.example", "password": "p"}
    equal([m365.submission(**login).reached, m365.hve(**login).reached], [True, True])
    equal([routes.gmail(**login).reached, routes.azure_communication(**login).reached], [True, True])
    equal([function(host="x.example", **login).reached for function in (m365.submission, m365.hve)], [False, False])
    equal(m365.direct_send("contoso.com", "a@contoso.com").reached, False)
