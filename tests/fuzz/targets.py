"""What is fuzzed: each target takes any bytes, hands them to the core, and raises ``Wrong`` if a promise is broken.

On either interpreter; what happens goes to ``note``, so that two runs can be compared. The first bytes of an entry
choose what is tried (``0`` is the first choice), the rest is what the other side says, see script.py.
"""

from fuzz import world
from fuzz.hostile import Driver, Wrong
from fuzz.script import connections
from umail import dns, errors, oauth
from umail.delivery import Delivery
from umail.durable import seal
from umail.net.transport import Buffer
from umail.queue.format import Entry
from umail.smtp import session as reply

STAGES = ("resolve", "connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "quit")
KINDS = ("temporary", "permanent", "configuration", "security", "uncertain")
_CUTS = (0, 1, 2, 3, 5, 7, 11, 64)
# All the lines of a reply together, in bytes.
_MOST_REPLY = 4096


def _choices(data, count):
    return [(data[i] - 48) & 255 if i < len(data) else 0 for i in range(count)], data[count:]


def check_error(error, note):
    """A ``MailError`` is made as its docstring says, and gives nothing away."""
    note(("error %s %s %d %s %s" % (error.stage, error.kind, error.code, error.enhanced, error.key)).encode())
    note(error.text.encode())
    if error.stage not in STAGES or error.kind not in KINDS:
        raise Wrong("an error of stage %r and kind %r" % (error.stage, error.kind))
    if not 0 <= error.code < 600 or len(error.text) > 5000:
        raise Wrong("an error with the code %d and a text of %d" % (error.code, len(error.text)))
    for text in [error.text, error.enhanced, str(error)] + [str(said) for _, said in error.refused]:
        if not all(32 <= ord(c) < 127 or ord(c) >= 160 for c in text):
            raise Wrong("a control character in an error: %r" % text)


# -- replies --------------------------------------------------------------------------------------------------------


def _replies(data, cuts):
    # All that the parser makes of ``data``, at most cuts[i] bytes at a time.
    buffer = Buffer()
    out = []
    turn = 0
    while True:
        steps = reply.read(buffer, 30)
        seconds = 30
        count = None
        try:
            while True:
                wait = steps.send(count)
                if wait != seconds:
                    raise Wrong("a wait of %r within one reply" % wait)
                seconds = 0
                space = buffer.space()
                count = min(len(space), len(data), cuts[turn % len(cuts)])
                turn += 1
                if data and not count:
                    raise Wrong("a receive into a full buffer")
                space[:count] = data[:count]
                buffer.end += count
                data = data[count:]
        except StopIteration as stop:
            found = stop.value
        except errors.Broken as error:
            out.append("broken: %s" % error)
            return out
        if found is None:
            return out
        size = sum([len(line) + 4 for line in found.lines])
        if not 200 <= found.code < 600 or len(found.lines) > 100 or size > _MOST_REPLY + 1:
            raise Wrong("a reply %r" % found)
        out.append("%d %r %s %s" % (found.code, found.lines, found.enhanced, found.text))


def replies(data, note):
    """The reply parser: whole, byte by byte and with the entry's own cuts, the same comes out."""
    (size, *cuts), data = _choices(data, 4)
    whole = _replies(data, [1 << 20])
    for some in ([1], [cut + 1 for cut in cuts], [size + 1]):
        if _replies(data, some) != whole:
            raise Wrong("cut by %r, the replies are others" % some)
    for line in whole:
        note(line.encode())


# -- dialogues ------------------------------------------------------------------------------------------------------


def dialogue(data, note, judge=None):
    """A client's whole dialogue, by one of the kinds of route, with one or two messages of one kind."""
    (route, message, how), script = _choices(data, 3)
    routes = world.routes(route)
    last = how & 1
    mails = [message, 0] if how & 2 else [message]
    if judge:
        judge.begin(routes)
    delivery = Delivery(routes, 30, 120)
    driver = Driver(script, _CUTS[how >> 2 & 7], note, judge, 3000 + 20 * len(script))
    for turn, number in enumerate(mails):
        receipt = error = None
        if judge:
            judge.sending(number)
        try:
            receipt = driver.run(delivery.send(world.messages(number), bool(last and turn == len(mails) - 1)))
            note(("sent %s %d" % (" ".join(receipt.accepted), receipt.round_trips)).encode())
        except errors.MailError as raised:
            error = raised
            check_error(error, note)
        _check_bounds(delivery.session)
        if judge:
            judge.ended(receipt, error)
    driver.run(delivery.close())


def _check_bounds(session):
    if len(session.buffer.data) != 1024 or len(session.buffer) > 1024:
        raise Wrong("the buffer holds %d of %d" % (len(session.buffer), len(session.buffer.data)))
    features = sum([len(word) for words in session.features.values() for word in words])
    if features > _MOST_REPLY or len(session.features) > 9:
        raise Wrong("%d octets of features are kept" % features)


# -- DNS ------------------------------------------------------------------------------------------------------------


class _Asked(Driver):
    # Each query is answered by the next piece: as it is where it begins with "!", else with the right id and question
    # set in. The piece's first byte is then the answer code, 0x40 in it that the answer is cut off.
    packet = b""

    def udp(self, server, packet, seconds):
        self.packet = packet or self.packet
        if not self.events and self.left:
            self.events = self.left.pop(0)
        event = self.events.pop(0)[1] if self.events else None
        if not isinstance(event, bytes):
            return None
        if event[:1] == b"!":
            return event[1:]
        flags = bytes([0x81 | event[0] >> 5 & 2, 0x80 | event[0] & 15, 0, 1])
        return self.packet[:2] + flags + event[1:7] + self.packet[12:] + event[7:]


def names(data, note):
    """A look-up: of a host's addresses, of a domain's mail hosts, or one datagram alone."""
    (what,), script = _choices(data, 1)
    if what == 2:
        question = dns.query("x.org", dns.MX, b"\1\1")
        try:
            note(repr(dns.parse(question[:2] + script, question)).encode())
        except dns.Malformed:
            note(b"malformed")
        return
    driver = _Asked(script, 0, note, None, 20000)
    servers = ["192.0.2.53", "192.0.2.54#5353"]
    try:
        found = driver.run((dns.mail_hosts if what else dns.addresses)("x.org", servers))
    except errors.MailError as error:
        check_error(error, note)
        return
    note(repr(found).encode())
    for value in found:
        if not all((c.isalpha() and ord(c) < 128) or c.isdigit() or c in "-_.:" for c in value):
            raise Wrong("a host %r" % value)


# -- tokens ---------------------------------------------------------------------------------------------------------


class _Store:
    def __init__(self):
        self.values = {"refresh_token": world.TOKEN}

    def get(self, key):
        return self.values.get(key)

    def set(self, key, value):
        if not isinstance(value, str):
            raise Wrong("the store is to keep %r" % (value,))
        self.values[key] = value


def tokens(data, note):
    """An access token by each grant, from any endpoint."""
    (what,), script = _choices(data, 1)
    store = _Store()
    # What is sent to the endpoint, which may send it back.
    secret = (world.PASSWORD, world.TOKEN, None)[what % 3]
    if what % 3 == 0:
        source = oauth.ClientCredentials("x.org", "id", world.PASSWORD)
    elif what % 3 == 1:
        source = oauth.RefreshToken("x.org", "id", store)
    else:
        store.values = {}
        source = oauth.DeviceCode("x.org", "id", store, lambda address, code: note((address + code).encode()))
    driver = Driver(script, _CUTS[what >> 2 & 7], note, None, 3000 + 20 * len(script))
    try:
        token = driver.run(source.steps())
    except errors.MailError as error:
        check_error(error, note)
        if error.stage not in ("resolve", "starttls", "auth") or (secret and secret in error.text):
            raise Wrong("an endpoint's error: %s" % error)
        return
    if not isinstance(token, str) or not token:
        raise Wrong("an access token %r" % (token,))
    note(("token %s %s" % (token, store.get("refresh_token"))).encode())


# -- the outbox's files -----------------------------------------------------------------------------------------------


_PEOPLE = [["", "a@x"], [["", "b@x"], ["", "c@x"]], [], [], []]
_LINES = (
    seal([1, 402, 1, None, 0, 7, 5, 6, [5, None], [], "<1@x>", _PEOPLE, "subject", [], None, [], None])
    + seal([3, 8, 1800000000, "deferred", 9, 2, 0, 1800000000, 7, ".0", "why", ["550 no"]])
    + seal([4, 8, 1800000000, "sending", 9, 2, 0, 1800000000, 7, ".0", "why", ["550 no"]])
)


def files(data, note):
    """The lines at the end of an outbox's file, after whatever a power cut or a worn flash made of them."""
    for event in connections(data):
        for _, octets in event:
            if isinstance(octets, bytes):
                # Lines of our own among them, so that not every checksum must be guessed.
                octets = octets.replace(b"{line}", _LINES).replace(b"{odd}", seal([1, "x"]))
                entry = Entry(1, 5)
                try:
                    found = entry.take(octets)
                except (TypeError, ValueError, IndexError):
                    found = None
                note(b"damaged" if found is None else b"%s %d" % (entry.state.encode(), entry.attempts))


TARGETS = {"replies": replies, "dialogue": dialogue, "names": names, "tokens": tokens, "files": files}
