"""Opening a session: what is said, in which order, and what is never said; every reply cut at every byte."""

from check import equal, inside, raises
from scripted import Drive
from umail import MailError, Route, m365
from umail.net.transport import Buffer
from umail.smtp.session import Session

CAPABLE = b"250-x Hello\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250 "
OPENING = [("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", CAPABLE + b"STARTTLS\r\n")]
SECURED = OPENING + [("C", b"STARTTLS\r\n"), ("S", b"220 go\r\n"), ("TLS",), ("C", b"EHLO me\r\n")]
USER = b"YUB4Lm9yZw=="  # a@x.org
SECRET = b"c2VjcmV0"  # secret


def submission(**more):
    return m365.submission("a@x.org", password="secret", **more)


def opened(route, script, secret=None, cut=None):
    session = Session(route, 30, Buffer())
    drive = Drive(session.buffer, script, cut)
    drive.run(session.open("me", secret))
    drive.finish()
    return session


def fails(route, script, secret=None, cut=None):
    session = Session(route, 30, Buffer())
    drive = Drive(session.buffer, script, cut)
    error = raises(MailError, drive.run, session.open("me", secret))
    drive.finish()
    equal(session.in_step, False)
    return error


def secured(offer, *rest):
    return SECURED + [("S", CAPABLE + offer + b"\r\n")] + list(rest)


def test_the_whole_opening_works_with_replies_cut_at_every_octet():
    script = secured(
        b"AUTH LOGIN XOAUTH2",
        ("C", b"AUTH LOGIN " + USER + b"\r\n"),
        ("S", b"334 UGFzc3dvcmQ6\r\n"),
        ("C", SECRET + b"\r\n"),
        ("S", b"235 2.7.0 ok\r\n"),
    )
    for cut in (None, 1, 2, 3, 5, 7, 11, 64):
        session = opened(submission(), script, "secret", cut)
        equal(session.round_trips, 5)
        equal(sorted(session.features), ["AUTH", "PIPELINING", "SIZE"])
        equal(session.in_step, True)


def test_a_banner_of_several_lines_is_one_greeting():
    script = [("S", b"220-a\r\n220-b\r\n220 c\r\n")] + SECURED[1:] + [("S", b"250 x\r\n")]
    opened(Route("h.example"), script)


def test_only_the_answer_after_tls_counts():
    script = OPENING[:2] + [("S", b"250-x\r\n250-AUTH PLAIN\r\n250-CHUNKING\r\n250 STARTTLS\r\n")] + SECURED[3:]
    session = opened(Route("h.example"), script + [("S", b"250-x\r\n250 SIZE\r\n")])
    equal(sorted(session.features), ["SIZE"])


def test_starttls_stripped_means_that_nothing_more_is_said():
    for script in (
        [("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", b"250-x\r\n250 AUTH LOGIN PLAIN\r\n")],
        [("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", b"250 x\r\n")],
        OPENING[:2] + [("S", b"250-x\r\n250 XSTARTTLS\r\n")],
    ):
        error = fails(submission(), script, "secret")
        equal((error.stage, error.kind, error.key), ("starttls", "security", "starttls_missing"))


def test_starttls_in_any_case_is_starttls():
    opened(
        Route("h.example"), OPENING[:2] + [("S", b"250-x\r\n250 starttls\r\n")] + SECURED[3:] + [("S", b"250 x\r\n")]
    )


def test_clear_text_after_the_reply_to_starttls_stops_everything():
    script = OPENING + [("C", b"STARTTLS\r\n"), ("S", b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n")]
    error = fails(submission(), script, "secret")
    equal((error.stage, error.kind), ("starttls", "security"))


def test_starttls_refused_for_now_is_temporary():
    error = fails(submission(), OPENING + [("C", b"STARTTLS\r\n"), ("S", b"454 4.7.0 TLS not available\r\n")], "secret")
    equal((error.stage, error.kind, error.code), ("starttls", "temporary", 454))


def test_opportunistic_goes_on_in_clear_where_tls_is_not_offered():
    route = Route("h.example", 25, security="opportunistic")
    opened(route, OPENING[:2] + [("S", b"250 x\r\n")])
    opened(route, OPENING + [("C", b"STARTTLS\r\n"), ("S", b"454 no\r\n")])
    opened(route, SECURED + [("S", b"250 x\r\n")])


def test_helo_is_tried_only_where_neither_tls_nor_login_is_needed():
    refused = [("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", b"502 what?\r\n")]
    session = opened(Route("h.example", 25, security="plain"), refused + [("C", b"HELO me\r\n"), ("S", b"250 x\r\n")])
    equal(session.features, {})
    equal(fails(Route("h.example"), refused).stage, "ehlo")
    equal(fails(submission(), refused, "secret").stage, "ehlo")


def test_tls_from_the_first_octet_comes_before_the_greeting():
    script = [("TLS",), ("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", b"250 x\r\n")]
    opened(Route("h.example", 465, security="tls"), script)


def test_auth_lines_are_read_in_every_form():
    for line in (
        b"AUTH PLAIN",
        b"AUTH=PLAIN",
        b"auth login\r\n250-AUTH=plain",
        b"AUTH GSSAPI\r\n250-AUTH LOGIN PLAIN X",
    ):
        script = SECURED + [("S", b"250-x\r\n250-" + line + b"\r\n250 SIZE\r\n")]
        plain = ("C", b"AUTH PLAIN AGFAeC5vcmcAc2VjcmV0\r\n")
        opened(submission(), script + [plain, ("S", b"235 ok\r\n")], "secret")


def test_no_mechanism_that_fits_is_for_a_person():
    for offer in (b"AUTH GSSAPI NTLM", b"SIZE"):
        error = fails(submission(), secured(offer), "secret")
        equal((error.stage, error.kind, error.key), ("auth", "configuration", "auth_none_offered"))


def login(*rest):
    return secured(b"AUTH LOGIN", ("C", b"AUTH LOGIN " + USER + b"\r\n"), *rest)


def test_login_falls_back_to_two_steps_where_the_initial_response_is_refused():
    for refusal in (b"501 5.5.4 no\r\n", b"500 what?\r\n"):
        script = login(
            ("S", refusal),
            ("C", b"AUTH LOGIN\r\n"),
            ("S", b"334 VXNlcm5hbWU6\r\n"),
            ("C", USER + b"\r\n"),
            ("S", b"334 UGFzc3dvcmQ6\r\n"),
            ("C", SECRET + b"\r\n"),
            ("S", b"235 ok\r\n"),
        )
        opened(submission(), script, "secret")


def test_a_server_that_ignores_the_initial_response_gets_the_user_name_again():
    script = login(
        ("S", b"334 VXNlcm5hbWU6\r\n"),
        ("C", USER + b"\r\n"),
        ("S", b"334 UGFzc3dvcmQ6\r\n"),
        ("C", SECRET + b"\r\n"),
        ("S", b"235 ok\r\n"),
    )
    opened(submission(), script, "secret")


def test_a_server_that_asks_for_the_user_name_for_ever_gets_no_password():
    prompt = ("S", b"334 VXNlcm5hbWU6\r\n")
    error = fails(submission(), login(prompt, ("C", USER + b"\r\n"), prompt), "secret")
    equal((error.stage, error.kind), ("auth", "security"))


def test_only_235_is_a_login():
    for reply in (b"250 ok\r\n", b"503 5.5.1 already\r\n", b"220 ok\r\n", b"535 5.7.3 no\r\n", b"354 go\r\n"):
        error = fails(submission(), login(("S", reply)), "secret")
        equal(error.stage, "auth")


def test_a_refused_login_tells_what_the_server_said_without_the_password():
    reply = b"535 5.7.3 Authentication unsuccessful for secret and c2VjcmV0\r\n"
    error = fails(submission(), login(("S", b"334 UGFzc3dvcmQ6\r\n"), ("C", SECRET + b"\r\n"), ("S", reply)), "secret")
    equal((error.code, error.enhanced, error.kind), (535, "5.7.3", "configuration"))
    equal("secret" in str(error) or "c2VjcmV0" in str(error), False)
    inside("Authentication unsuccessful", error.text)


def oauth(token, script, **more):
    route = m365.submission("a@x.org", token=len)
    for name in more:
        setattr(route, name, more[name])
    return opened(route, secured(b"AUTH LOGIN XOAUTH2", *script), token)


def test_xoauth2_travels_with_auth_where_it_fits_or_the_provider_documents_it():
    short = b"dXNlcj1hQHgub3JnAWF1dGg9QmVhcmVyIHRvawEB"
    for documented in (True, False):
        script = [("C", b"AUTH XOAUTH2 " + short + b"\r\n"), ("S", b"235 ok\r\n")]
        oauth("tok", script, long_auth=documented)


def test_a_long_token_takes_two_steps_where_nothing_else_is_documented():
    import binascii

    token = "t" * 1900
    octets = binascii.b2a_base64(b"user=a@x.org\x01auth=Bearer " + token.encode() + b"\x01\x01")[:-1]
    oauth(token, [("C", b"AUTH XOAUTH2 " + octets + b"\r\n"), ("S", b"235 ok\r\n")])
    two_steps = [("C", b"AUTH XOAUTH2\r\n"), ("S", b"334 \r\n"), ("C", octets + b"\r\n"), ("S", b"235 ok\r\n")]
    oauth(token, two_steps, long_auth=False)
    oauth(token, [("C", b"AUTH XOAUTH2 " + octets + b"\r\n"), ("S", b"500 5.5.1 line too long\r\n")] + two_steps)


def test_a_token_refused_in_json_gets_an_empty_line_and_the_final_reply_counts():
    route = m365.submission("a@x.org", token=len)
    script = secured(
        b"AUTH XOAUTH2",
        ("C", b"AUTH XOAUTH2 dXNlcj1hQHgub3JnAWF1dGg9QmVhcmVyIHRvawEB\r\n"),
        ("S", b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
        ("C", b"\r\n"),
        ("S", b"535 5.7.8 Username and Password not accepted\r\n"),
    )
    equal(fails(route, script, "tok").code, 535)


def test_a_greeting_that_refuses_says_so():
    for reply, kind in ((b"554 no\r\n", "configuration"), (b"421 later\r\n", "temporary")):
        error = fails(submission(), [("S", reply)], "secret")
        equal((error.stage, error.kind), ("greeting", kind))


def test_an_end_a_broken_line_or_rubbish_is_an_error_of_its_stage():
    for tail, key in ((("END",), "closed"), (("FAIL", OSError(104)), None), (("S", b"rubbish\r\n"), "desync")):
        session = Session(submission(), 30, Buffer())
        drive = Drive(session.buffer, OPENING[:2] + [tail])
        error = raises((MailError, OSError), drive.run, session.open("me", "secret"))
        if key:
            equal((error.stage, error.kind, error.key), ("ehlo", "temporary", key))
        else:
            error = session.failure(error)
            equal((error.stage, error.kind), ("ehlo", "temporary"))


def test_a_login_is_never_tried_in_clear_even_if_a_route_were_forged():
    route = submission()
    route.security = "plain"
    error = fails(route, OPENING[:2] + [("S", b"250-x\r\n250 AUTH PLAIN LOGIN\r\n")], "secret")
    equal((error.stage, error.kind), ("auth", "security"))


REFUSED_MECHANISMS = (
    b"504 5.5.4 Unrecognized authentication type\r\n",
    b"504 no\r\n",
    b"535 5.7.8 Error: authentication failed: Invalid authentication mechanism\r\n",
    b"534 5.7.4 mechanism too weak\r\n",
    b"553 AUTH PLAIN is not supported here\r\n",
)


def both(reply, *rest):
    plain = ("C", b"AUTH PLAIN AGFAeC5vcmcAc2VjcmV0\r\n")
    return secured(b"AUTH PLAIN LOGIN", plain, ("S", reply), *rest)


def test_a_mechanism_that_is_offered_and_not_taken_is_followed_by_the_next():
    rest = [("C", b"AUTH LOGIN " + USER + b"\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"), ("C", SECRET + b"\r\n")]
    for reply in REFUSED_MECHANISMS:
        opened(submission(), both(reply, *(rest + [("S", b"235 ok\r\n")])), "secret")
        # Once.
        equal(fails(submission(), both(reply, *(rest + [("S", REFUSED_MECHANISMS[0])])), "secret").code, 504)


def test_a_refusal_about_who_logs_in_is_not_followed_by_another_login():
    for reply in (
        b"535 5.7.8 Username and Password not accepted\r\n",
        b"534 5.7.9 Application-specific password required\r\n",
        b"534 5.7.4 this mechanism needs an app password\r\n",
        b"535 5.7.3 Authentication unsuccessful\r\n",
        b"454 4.7.0 Temporary authentication failure\r\n",
    ):
        equal(fails(submission(), both(reply), "secret").stage, "auth")
    # Nor is it where certificates are not checked.
    fails(submission(trust="insecure"), both(REFUSED_MECHANISMS[0]), "secret")


def test_a_route_may_say_how_to_log_in():
    login = [("C", b"AUTH LOGIN " + USER + b"\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"), ("C", SECRET + b"\r\n")]
    script = secured(b"AUTH PLAIN LOGIN", *(login + [("S", b"235 ok\r\n")]))
    opened(submission(auth="LOGIN"), script, "secret")
    error = fails(submission(auth="PLAIN"), secured(b"AUTH LOGIN"), "secret")
    equal((error.key, error.text), ("auth_none_offered", "the server offers AUTH LOGIN, and the route wants PLAIN"))
    inside("auth: ", str(raises(ValueError, Route, "h", auth="MD5")))
