"""What a server repeats of a secret is not shown: whole or cut off, in clear or in base64, in a reply or in none."""

from binascii import b2a_base64

from check import equal, inside, raises
from scripted import Drive
from umail import MailError, m365
from umail.net.transport import Buffer
from umail.smtp.session import Session

EHLO = b"250-x\r\n250-AUTH LOGIN PLAIN XOAUTH2\r\n250 "
OPENING = [("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", EHLO + b"STARTTLS\r\n"), ("C", b"STARTTLS\r\n")]
OPENING += [("S", b"220 go\r\n"), ("TLS",), ("C", b"EHLO me\r\n"), ("S", EHLO + b"SIZE\r\n")]
USER = b"a@x.org"


def base64(octets):
    return b2a_base64(octets)[:-1]


def refused(secret, answer):
    """The error of a login with an access token that is answered so."""
    session = Session(m365.submission("a@x.org", token=lambda refresh=False: secret), 30, Buffer())
    sent = b"AUTH XOAUTH2 " + base64(b"user=" + USER + b"\1auth=Bearer " + secret.encode() + b"\1\1") + b"\r\n"
    drive = Drive(session.buffer, OPENING + [("C", sent), ("S", answer)])
    return raises(MailError, drive.run, session.open("me", secret))


def test_what_a_reply_repeats_of_the_login_is_cut_off():
    secret = "s3cret-of-length"
    octets = secret.encode()
    for before in (b"", b"x", b"xx", b"\0" + USER + b"\0", b"user=" + USER + b"\1auth=Bearer "):
        for told in (octets, base64(before + octets), base64(before + octets)[: -len(octets) // 3]):
            text = str(refused(secret, b"535 5.7.8 no such login: " + told + b" of a@x.org\r\n"))
            inside("535 5.7.8 no such login: ", text)
            inside("***", text)
            for place in range(len(secret) - 7):
                equal(secret[place : place + 8] in text, False)
                equal(base64(octets[place : place + 6])[:8].decode() in text, False)


def test_what_is_not_a_reply_does_not_show_it_either():
    # As an echo service, or a console on the wrong port, would.
    secret = "s3cret-of-length"
    for told in (secret.encode(), base64(secret.encode())):
        error = refused(secret, told + b"\r\n")
        equal(error.key, "desync")
        equal(told.decode()[:8] in str(error), False)


def test_the_code_and_the_advice_of_a_refusal_stay():
    error = refused("s3cret-of-length", b"535-5.7.3 s3cret-of-length\r\n535 5.7.3 Authentication unsuccessful\r\n")
    equal((error.code, error.enhanced, error.key), (535, "5.7.3", "credentials"))
    inside("Authentication unsuccessful", str(error))


def test_a_secret_of_a_few_letters_takes_no_other_words_with_it():
    inside("a wrong answer", str(refused("wro", b"535 5.7.8 a wrong answer\r\n")))
    equal("1234" in str(refused("1234", b"535 5.7.8 1234 is wrong\r\n")), False)


def test_a_line_is_whole_where_nothing_is_hidden():
    session = Session(m365.submission("a@x.org", password="s3cret-of-length"), 30, Buffer())
    drive = Drive(session.buffer, [("S", b"554 s3cret-of-length\r\n")])
    inside("s3cret-of-length", str(raises(MailError, drive.run, session.open("me"))))


def test_a_server_that_knows_the_secret_from_an_earlier_login_does_not_show_it_before_the_next_either():
    for script in (
        [("S", b"554 s3cret-of-length\r\n")],
        [("S", b"220 x\r\n"), ("C", b"EHLO me\r\n"), ("S", b"421 5.7.0 s3cret-of-length\r\n")],
    ):
        session = Session(m365.submission("a@x.org", password="s3cret-of-length"), 30, Buffer())
        drive = Drive(session.buffer, script)
        inside("***", str(raises(MailError, drive.run, session.open("me", "s3cret-of-length"))))
        # Nor to a connection that has no login.
        session.begin(session.route)
        drive = Drive(session.buffer, [("S", b"554 s3cret-of-length\r\n")])
        inside("***", str(raises(MailError, drive.run, session.open("me"))))


def test_each_secret_is_hidden_once_however_often_a_connection_is_made():
    session = Session(m365.submission("a@x.org", password="s3cret-of-length"), 30, Buffer())
    for secret in ("s3cret-of-length", "another-secret") * 3:
        session.begin(session.route)
        drive = Drive(session.buffer, [("S", b"554 s3cret-of-length another-secret\r\n")])
        raises(MailError, drive.run, session.open("me", secret))
    equal(len(session.buffer.hidden), 8)
