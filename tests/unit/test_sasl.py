"""Each mechanism answers each challenge, and never the wrong one."""

from check import equal, raises
from umail.smtp import login
from umail.smtp import unexpected as sasl


def play(mechanism, *challenges):
    steps = sasl.answers(mechanism, login.initial(mechanism, b"me@x.org", b"pw"), b"pw")
    said = [next(steps)]
    for challenge in challenges:
        said.append(steps.send(challenge))
    return said


def test_plain_wins_over_login_and_a_token_takes_xoauth2_only():
    equal(sasl.choose(("LOGIN", "PLAIN"), False), ["PLAIN", "LOGIN"])
    equal(sasl.choose(("LOGIN", "XOAUTH2"), False), ["LOGIN"])
    equal(sasl.choose(("LOGIN", "XOAUTH2"), True), ["XOAUTH2"])
    equal(sasl.choose(("LOGIN", "PLAIN"), True), [])
    equal(sasl.choose(("GSSAPI",), False), [])
    equal(sasl.choose((), False), [])


def test_login_goes_by_position():
    for prompt in (b"Password:", b"", b"Passwort", b"\xff"):
        equal(play("LOGIN", prompt), [b"me@x.org", b"pw"])


def test_login_gives_the_user_name_again_once_and_never_the_password_for_it():
    for prompt in (b"Username:", b"user name", b"USER"):
        equal(play("LOGIN", prompt, b"Password:"), [b"me@x.org", b"me@x.org", b"pw"])
        raises(StopIteration, play, "LOGIN", prompt, prompt)


def test_nothing_is_said_after_the_password():
    raises(StopIteration, play, "LOGIN", b"Password:", b"Password:")
    raises(StopIteration, play, "PLAIN", b"more?")


def test_plain_is_one_answer_repeated_where_the_server_missed_it():
    equal(play("PLAIN"), [b"\0me@x.org\0pw"])
    equal(play("PLAIN", b""), [b"\0me@x.org\0pw"] * 2)


def test_xoauth2_answers_a_refusal_in_json_with_nothing():
    first = b"user=me@x.org\x01auth=Bearer pw\x01\x01"
    equal(play("XOAUTH2", b'{"status":"401"}'), [first, b""])
    equal(play("XOAUTH2", b"", b'{"status":"401"}'), [first, first, b""])
    raises(StopIteration, play, "XOAUTH2", b"{}", b"{}")


def test_a_prompt_in_plain_words_is_taken_as_it_is():
    equal(sasl.decode(b"VXNlcm5hbWU6"), b"Username:")
    equal(sasl.decode(b"Username:")[:4].lower() == b"user" or sasl.decode(b"Username:") != b"", True)
    equal(login.encode(b""), b"")
    equal(login.encode(b"\xff" * 60), b"/" * 80)


def test_a_route_may_want_one_mechanism_only():
    equal(sasl.choose(("LOGIN", "PLAIN"), False, "LOGIN"), ["LOGIN"])
    equal(sasl.choose(("LOGIN",), False, "PLAIN"), [])
