"""Connecting, reusing, reconnecting and falling back, without a socket: what a client does between routes and mails."""

from check import equal, raises
from delivery_world import GOOD, HELLO, OK, TAKEN, Text, World, plain
from umail import MailError, Route, connecting, dns
from umail.delivery import Delivery


def test_an_open_connection_is_used_again_and_costs_one_round_trip():
    world = World({"one": [b"220 x\r\n", HELLO, TAKEN, TAKEN, b"221 bye\r\n"]})
    delivery = Delivery(plain(), 30, 120)
    equal(world.run(delivery.send(Text())).round_trips, 2)
    equal(world.run(delivery.send(Text())).round_trips, 1)
    world.run(delivery.close())
    equal(world.log, ["connect one", "EHLO [192.0.2.7]", "MAIL FROM:<a@x.org>", "MAIL FROM:<a@x.org>", "QUIT"])


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew_in_silence():
    world = World({"one": [b"220 x\r\n", HELLO, TAKEN]})
    delivery = Delivery(plain(), 30, 120)
    world.run(delivery.send(Text()))
    world.gone = True
    world.run(delivery.send(Text()))
    equal(world.log.count("connect one"), 2)


class Breaking:
    # A log with which the connection breaks when MAIL is to be sent.
    def __init__(self):
        self.connections = 0

    def append(self, line):
        self.connections += line.startswith("connect")
        if line.startswith("MAIL"):
            raise OSError(104)


def test_a_fresh_connection_that_breaks_at_the_envelope_is_an_error_and_not_made_anew():
    world = World({"one": [b"220 x\r\n", HELLO.replace(b"CHUNKING", b"HELP")]})
    world.log = Breaking()
    error = raises(MailError, world.run, Delivery(plain(), 30, 120).send(Text()))
    equal((error.kind, error.key, world.log.connections), ("temporary", "closed", 1))


def test_a_close_that_shows_only_when_the_envelope_was_sent_costs_one_reconnection_and_no_doubt():
    by_data = [b"220 x\r\n", HELLO.replace(b"CHUNKING", b"HELP"), OK + OK + b"354 go\r\n", OK]
    for script, kind in ((by_data, ""), ([b"220 x\r\n", HELLO, TAKEN], "uncertain")):
        world = World({"one": script})
        delivery = Delivery(plain(), 30, 120)
        world.run(delivery.send(Text()))
        if kind:
            # By BDAT the body has left with its envelope.
            equal(raises(MailError, world.run, delivery.send(Text())).kind, kind)
        else:
            equal(world.run(delivery.send(Text())).accepted, ["b@y.org"])
        equal(world.log.count("connect one"), 1 if kind else 2)
    # Once: a server that hangs up on each new connection is an error.
    world = World({"one": by_data})
    delivery = Delivery(plain(), 30, 120)
    world.run(delivery.send(Text()))
    world.servers = {"one": by_data[:2]}
    error = raises(MailError, world.run, delivery.send(Text()))
    equal((error.kind, error.key, world.log.count("connect one")), ("temporary", "closed", 2))


FAREWELL = b"421 4.4.2 x Disconnected for inactivity\r\n"


def test_a_farewell_that_crosses_the_envelope_costs_one_reconnection():
    # Dovecot's, after ten minutes without a word: MAIL, or by BDAT the whole mail, has left by then.
    by_data = [b"220 x\r\n", HELLO.replace(b"CHUNKING", b"HELP"), OK + OK + b"354 go\r\n", OK]
    for script in (GOOD, by_data):
        world = World({"one": script + [FAREWELL]})
        delivery = Delivery(plain(), 30, 120)
        world.run(delivery.send(Text()))
        equal(world.run(delivery.send(Text())).accepted, ["b@y.org"])
        equal(world.log.count("connect one"), 2)


def test_a_farewell_on_the_new_connection_or_for_a_limit_is_an_error():
    for farewell, then, connections in ((FAREWELL, [FAREWELL], 2), (b"421 4.7.28 rate limit\r\n", GOOD, 1)):
        world = World({"one": GOOD + [farewell]})
        delivery = Delivery(plain(), 30, 120)
        world.run(delivery.send(Text()))
        world.servers = {"one": then}
        error = raises(MailError, world.run, delivery.send(Text()))
        equal((error.kind, error.code, world.log.count("connect one")), ("temporary", 421, connections))


def test_the_last_mail_leaves_nothing_open():
    world = World({"one": [b"220 x\r\n", HELLO, TAKEN + b"221 bye\r\n"]})
    delivery = Delivery(plain(), 30, 120)
    world.run(delivery.send(Text(), True))
    equal(delivery.connected, False)


def test_each_address_is_tried_in_turn():
    world = World({"two/1": [b"220 x\r\n", HELLO, TAKEN]})
    world.run(Delivery(plain("two"), 30, 120).send(Text()))
    equal(world.log[:2], ["connect two/0", "connect two/1"])
    error = raises(MailError, world.run, Delivery(plain("twobad"), 30, 120).send(Text()))
    equal((error.stage, error.kind, error.key), ("connect", "temporary", "refused"))


def test_the_next_route_is_tried_on_temporary_and_configuration_only():
    good = [b"220 x\r\n", HELLO, TAKEN]
    for first, goes_on in (
        ([b"421 later\r\n"], True),
        ([b"554 no\r\n"], True),
        ([b"220 x\r\n", HELLO, OK + b"450 4.2.1 later\r\n503 no\r\n"], True),
        ([b"220 x\r\n", HELLO, OK + b"550 5.1.1 no\r\n503 no\r\n"], False),
        ([b"220 x\r\n", HELLO, OK + OK], False),
    ):
        world = World({"one": first, "other": good})
        steps = Delivery([plain(), plain("other")], 30, 120).send(Text())
        if goes_on:
            equal(world.run(steps).accepted, ["b@y.org"])
        else:
            error = raises(MailError, world.run, steps)
            equal(error.kind in ("permanent", "uncertain"), True)
        equal("connect other" in world.log, goes_on)


def test_the_next_route_is_tried_after_a_refusal_that_nobody_knows_at_any_stage():
    words = b"550 computer says no\r\n"
    for first in (
        [words],
        [b"220 x\r\n", words],
        [b"220 x\r\n", HELLO, words + b"503 no\r\n503 no\r\n"],
        [b"220 x\r\n", HELLO, OK + words + b"503 no\r\n"],
        [b"220 x\r\n", HELLO, OK + OK + words],
    ):
        for words_of_mail in (words, words.replace(b"550", b"554"), words.replace(b"550 ", b"550 5.7.1 ")):
            world = World({"one": [reply.replace(words, words_of_mail) for reply in first], "other": GOOD})
            equal(world.run(Delivery([plain(), plain("other")], 30, 120).send(Text())).accepted, ["b@y.org"])


def test_of_two_routes_that_fail_the_one_that_may_soon_be_open_again_counts():
    for first, second in (([b"421 later\r\n"], [b"554 no\r\n"]), ([b"554 no\r\n"], [b"421 later\r\n"])):
        world = World({"one": first, "other": second})
        error = raises(MailError, world.run, Delivery([plain(), plain("other")], 30, 120).send(Text()))
        equal((error.kind, error.code), ("temporary", 421))
        equal("554" in str(error), first[0][:3] == b"421", str(error))


def test_a_fallback_never_goes_to_weaker_security():
    world = World({"other": [b"220 x\r\n", HELLO, TAKEN]})
    error = raises(MailError, world.run, Delivery([Route("down"), plain("other")], 30, 120).send(Text()))
    equal((error.stage, world.log), ("connect", ["connect down"]))


def test_a_weaker_route_is_not_taken_either_while_the_stronger_rests():
    world = World({"one": [b"554 no\r\n"], "other": [b"220 x\r\n", HELLO, TAKEN]})
    routes = [Route("one"), plain("other")]
    for _ in range(5):
        error = raises(MailError, world.run, Delivery(routes, 30, 120).send(Text()))
        equal(error.kind, "configuration")
    equal(world.log, ["connect one"] * 5)


def test_a_security_error_is_never_followed_by_another_route():
    world = World({"one": [b"220 x\r\n", b"250 x\r\n"], "other": [b"220 x\r\n", HELLO, TAKEN]})
    error = raises(MailError, world.run, Delivery([Route("one"), Route("other")], 30, 120).send(Text()))
    equal((error.kind, world.log), ("security", ["connect one", "EHLO [192.0.2.7]"]))


def test_a_parameter_refused_in_one_flight_reconnects_once():
    sized = b"250-x\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 CHUNKING\r\n"
    answers = [b"220 x\r\n", sized, b"555 what?\r\n" + b"503 no\r\n" * 2]

    class Learns(World):
        def connect(self, *arguments):
            local = World.connect(self, *arguments)
            if self.log.count("connect one") == 2:
                self.answers[2] = TAKEN
            return local

    world = Learns({"one": answers})
    world.run(Delivery(plain(), 30, 120).send(Text()))
    equal(world.log[-3:], ["connect one", "EHLO [192.0.2.7]", "MAIL FROM:<a@x.org>"])


def tokens(refresh=False):
    return "new" if refresh else "old"


def test_a_refused_token_is_renewed_once_and_then_it_is_for_a_person():
    opening = [b"220 x\r\n", b"250 STARTTLS\r\n".replace(b"250 ", b"250-x\r\n250 "), b"220 go\r\n"]
    for refusal in (b"535 5.7.3 no\r\n", b"535 5.7.143 expired\r\n"):
        script = opening + [b"250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH XOAUTH2\r\n", refusal]
        world = World({"one": script})
        error = raises(MailError, world.run, Delivery(Route("one", username="u", token=tokens), 30, 120).send(Text()))
        equal((error.stage, error.kind, world.tokens), ("auth", "configuration", [False, True]))
        equal(world.log.count("connect one"), 2)


def test_a_token_that_is_none_is_for_a_person_and_never_shown():
    for bad in ("ya29\r\nRSET", "ya29\1auth=", "ya29\n", None, b"ya29"):
        route = Route("one", username="u", token=lambda refresh=False, bad=bad: bad)
        world = World({})
        error = raises(MailError, world.run, Delivery(route, 30, 120).send(Text()))
        equal((error.stage, error.kind, error.key), ("auth", "configuration", "configuration"))
        equal((str(error).startswith("auth: token: "), "ya29" in str(error)), (True, False), str(error))
        # Nothing was connected to.
        equal(world.log, [])


def test_a_clock_that_was_never_set_is_named_instead_of_a_riddle():
    real = connecting.now
    connecting.now = lambda: None
    try:
        world = World({})
        error = raises(MailError, world.run, Delivery(Route("one"), 30, 120).send(Text()))
        equal((error.stage, error.key, str(error).split(": ")[1]), ("connect", "clock", "clock not set"))
        equal(world.log, [])
    finally:
        connecting.now = real


def test_a_message_whose_source_fails_is_never_sent_half():
    class Gone(Text):
        size = 9000

        def chunks(self):
            yield b"half"
            raise ValueError("/log.csv: cannot be read")

    world = World({"one": [b"220 x\r\n", HELLO, OK * 2, OK]})
    delivery = Delivery(plain(), 30, 120)
    error = raises(MailError, world.run, delivery.send(Gone()))
    equal((error.stage, error.kind, error.key), ("body", "permanent", "source"))
    equal(delivery.connected, False)


def test_a_route_that_worked_comes_first_and_the_others_after_it():
    good = [b"220 x\r\n", HELLO, TAKEN, OK + b"451 4.7.0 later\r\n503 no\r\n"]
    world = World({"other": good})
    delivery = Delivery([plain(), plain("other")], 30, 120)
    world.run(delivery.send(Text()))
    world.servers["one"] = [b"220 x\r\n", HELLO, TAKEN]
    equal(world.run(delivery.send(Text())).accepted, ["b@y.org"])
    connections = [line for line in world.log if line.startswith("connect")]
    equal(connections, ["connect one", "connect other", "connect one"])


def test_a_host_that_is_not_a_name_is_for_a_person():
    real = dns.servers
    dns.servers = lambda: ["192.0.2.53"]
    try:
        steps = Delivery(plain("m\u00e4il.example.org"), 30, 120).send(Text())
        error = raises(MailError, World({}).run, steps)
    finally:
        dns.servers = real
    equal((error.stage, error.kind, error.key), ("resolve", "configuration", "dns_no_name"))


def test_a_route_that_a_person_must_mend_is_tried_ever_less_while_another_works():
    world = World({"one": [b"554 no\r\n"], "other": [b"220 x\r\n", HELLO, TAKEN + b"221 bye\r\n"]})
    routes = [plain(), plain("other")]
    for _ in range(40):
        equal(world.run(Delivery(routes, 30, 120).send(Text(), True)).accepted, ["b@y.org"])
    equal(world.log.count("connect other"), 40)
    equal(world.log.count("connect one"), 5)
    world.servers = {"one": [b"220 x\r\n", HELLO, TAKEN + b"221 bye\r\n"]}
    delivery = Delivery(routes[:1], 30, 120)
    equal(world.run(delivery.send(Text(), True)).accepted, ["b@y.org"])
    equal(routes[0].fails, 0)


def test_a_deadline_that_is_none_is_a_sentence():
    for value in (float("inf"), float("nan"), None, 0, -1, "5", 1e9):
        for name in ("deadline", "timeout"):
            arguments = {"timeout": 30, "deadline": 120}
            arguments[name] = value
            error = raises(ValueError, Delivery, plain(), **arguments)
            equal(str(error).startswith(name + ": "), True, str(error))


class Numbered(World):
    # A driver that notes the limits.
    def __init__(self, servers):
        World.__init__(self, servers)
        self.limits = []

    def limit(self, seconds, keep=True):
        self.limits.append((seconds, keep))


def test_a_further_try_has_what_is_left_of_the_deadline_and_not_the_final_replys_limit():
    world = Numbered({"one": [b"220 x\r\n", HELLO, b"250 ok\r\n250 ok\r\n502 what?\r\n"]})
    world.servers["two/0"] = []
    delivery = Delivery(plain(), 30, 5)
    raises(MailError, world.run, delivery.send(Text()))
    equal(world.limits[:2], [(5, True), (None, True)])
    # After the flight, and before the next try.
    equal(world.limits[2:4], [(600, False), (None, True)])
    equal([limit for limit in world.limits if limit[1]].count((5, True)), 1)


def test_a_host_whose_ipv4_addresses_are_dead_is_reached_by_ipv6():
    import sys

    real = dns.servers, dns.lookup
    asked = []

    def lookup(name, kind, servers):
        asked.append(kind)
        return ["192.0.2.9"] if kind == dns.A else ["2001:db8:0:0:0:0:0:1"]
        yield

    dns.servers, dns.lookup = lambda: ["192.0.2.53"], lookup
    try:
        world = World({"2001:db8:0:0:0:0:0:1": [b"220 x\r\n", HELLO, TAKEN]})
        world.run(Delivery(plain("mail.example.org"), 30, 120).send(Text()))
        equal(world.log[:2], ["connect 192.0.2.9", "connect 2001:db8:0:0:0:0:0:1"])
        equal(asked, [dns.A, dns.AAAA])
        # Nobody asks for the second kind while the first works.
        del asked[:]
        world = World({"192.0.2.9": [b"220 x\r\n", HELLO, TAKEN]})
        world.run(Delivery(plain("mail.example.org"), 30, 120).send(Text()))
        equal(asked, [dns.A])
    finally:
        dns.servers, dns.lookup = real
    equal(sys.platform != "esp32", True)


def test_an_error_of_the_system_is_said_in_words():
    error = raises(MailError, World({}).run, Delivery(plain(), 30, 120).send(Text()))
    equal(str(error), "connect: one port 25: nothing listens there (error 111) (temporary)")
    from umail import errno_words

    for problem, words in (
        (OSError(104), "the other side reset the connection (error 104)"),
        (OSError(-202), "the name was not found (error -202)"),
        (OSError(7777), "error 7777 of the network"),
        (OSError("its own words"), "its own words"),
        (OSError(), ""),
    ):
        equal(errno_words.text(problem), words)
