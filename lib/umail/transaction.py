"""One mail over an open session (RFC 5321, 3.3): the envelope, then the message by BDAT or DATA, in the fewest flights.

Each reply belongs to one command, in order. A short text goes in one flight with its envelope where the server
pipelines; everything else waits until the envelope was answered.
"""

from .dialogue import FINAL
from .errors import MailError
from .reply import complete

# Replies to so many commands fit any socket's buffers: more are never owed at a time.
_IN_FLIGHT = 100
# Up to this size a text travels with its envelope.
_ONE_FLIGHT = 4096


class Mend(Exception):
    """The server refused a parameter that it had offered, now in ``without``: the same mail can be tried again."""


class Receipt:
    """What became of a mail that was accepted.

    Attributes:
        accepted (list): the addresses that get it.
        refused (list): ``(address, reply)`` for each that was not; ``reply`` has ``.code``, ``.enhanced``, ``.text``.
        reply (Reply): the server's final reply; Exchange puts its own id into it.
        message_id (str): as in the message.
        round_trips (int): how often the server had answered and waited for this client, since the connection began
            or the last receipt.
    """

    def __init__(self, accepted, refused, reply, message_id, round_trips):
        self.accepted = accepted
        self.refused = refused
        self.reply = reply
        self.message_id = message_id
        self.round_trips = round_trips

    def __repr__(self):
        return "Receipt(accepted=%r, refused=%r, round_trips=%d)" % (
            self.accepted,
            [(address, str(reply)) for address, reply in self.refused],
            self.round_trips,
        )


class Transaction:
    """One attempt at one mail; ``run`` is the whole of it."""

    def __init__(self, session, message, last):
        self.session = session
        self.message = message
        # What one envelope takes; the others wait for the next, and QUIT with them (see envelopes.py).
        self.recipients = message.recipients[: session.route.max_recipients]
        self.last = last and len(self.recipients) == len(message.recipients)
        self.chunking = "CHUNKING" in session.features

    def run(self):
        """Send it (generator): returns a ``Receipt``, raises ``MailError`` or ``Mend``."""
        session = self.session
        session.in_step = False
        session.stage = "mail"
        features = session.features
        recipients = self.recipients
        self.body = self.message.encode("8BITMIME" in features, "BINARYMIME" in features and self.chunking)
        mail, parameters = self._mail()
        notify = b""
        if "DSN" in features and (self.message.notify or self.message.ret):
            from .dsn import parameters as reports

            more, notify = reports(self.message)
            mail += more
            parameters.append("DSN")
        commands = [mail] + [b"RCPT TO:<" + address.encode() + b">" + notify for address in recipients]
        together = (
            "PIPELINING" in features
            and self.body.size is not None
            and self.body.size <= _ONE_FLIGHT
            and self.body.body != "binary"
            and len(commands) < _IN_FLIGHT - 3
        )
        if together:
            replies = yield from self._one_flight(commands)
        else:
            replies = yield from self._envelope(commands)
        self._check_mail(replies[0], parameters)
        session.stage = "rcpt"
        outcome = [(address, reply) for address, reply in zip(recipients, replies[1:])]
        accepted = [address for address, reply in outcome if 250 <= reply.code <= 252]
        refused = [pair for pair in outcome if pair[0] not in accepted]
        if not accepted:
            yield from self._nobody(together, refused)
        try:
            if not self.chunking:
                yield from self._data(together)
            elif not together:
                yield from self._bdat()
            reply = yield from self._final()
        except MailError as error:
            error.refused = refused
            raise
        trips, session.round_trips = session.round_trips, 0
        return Receipt(accepted, refused, reply, self.message.message_id, trips)

    # -- the envelope -----------------------------------------------------------------------------------------------

    def _mail(self):
        # MAIL, and the extensions that its parameters use.
        session = self.session
        features = session.features
        body = self.body
        line = b"MAIL FROM:<" + (session.route.sender or self.message.sender).encode() + b">"
        used = []
        if body.size is not None and "SIZE" in features:
            # RFC 1870: declared, and not even tried where it is known to be too much.
            self._check_size(body.size)
            line += b" SIZE=" + str(body.size).encode()
            used.append("SIZE")
        if body.body != "7bit":
            # RFC 6152, RFC 3030
            name = "BINARYMIME" if body.body == "binary" else "8BITMIME"
            line += b" BODY=" + name.encode()
            used.append(name)
        if self.message.smtputf8:
            # RFC 6531
            if "SMTPUTF8" not in features:
                raise session.error("permanent", "the server takes only ASCII addresses", "smtputf8")
            line += b" SMTPUTF8"
        return line, used

    def _check_size(self, count):
        limit = self.session.features.get("SIZE")
        if limit and limit[0].isdigit() and 0 < int(limit[0]) < count:
            raise self.session.error("permanent", "%d octets; the server takes %s" % (count, limit[0]), "size")

    def _envelope(self, commands):
        # MAIL and each RCPT, answered before anything of the message leaves.
        session = self.session
        if session.dirty:
            session.dirty = False
            session.take((yield from session.command(b"RSET")), 250)
        step = _IN_FLIGHT if "PIPELINING" in session.features else 1
        replies = []
        for i in range(0, len(commands), step):
            flight = commands[i : i + step]
            yield from session.put(b"\r\n".join(flight) + b"\r\n")
            for _ in flight:
                replies.append((yield from session.reply(session.timeout)))
                session.stage = "rcpt"
            if replies[0].code != 250:
                break
        session.in_step = True
        return replies

    def _one_flight(self, commands):
        # RFC 2920, 3.1: RSET, MAIL and RCPT may travel together, DATA as the last of a group; RFC 3030, 4.2: BDAT too.
        session = self.session
        if session.dirty:
            commands = [b"RSET"] + commands
        flight = b"\r\n".join(commands)
        if self.chunking:
            text = b"".join([bytes(chunk) for chunk in self.body.chunks()])
            # A server that does not take the chunk runs it as commands: where it could be some, DATA waits for 354.
            low = text.lower()
            self.chunking = not [1 for line in (b"\nmail from", b"\ndata\r", b"\nbdat ") if line in low]
        if self.chunking:
            flight += b"\r\nBDAT %d LAST\r\n" % len(text) + text + self._quit()
        else:
            flight += b"\r\nDATA\r\n"
        yield from session.put(flight, self.chunking)
        if session.sent:
            yield FINAL
        replies = []
        for _ in commands:
            replies.append((yield from session.reply(session.timeout)))
            session.stage = "rcpt"
        if session.dirty:
            session.dirty = False
            session.take(replies.pop(0), 250)
        return replies

    def _check_mail(self, reply, parameters):
        if reply.code == 250:
            return
        self.session.stage = "mail"
        if reply.code == 555 or (reply.code == 501 and reply.enhanced in ("", "5.5.4", "5.5.2")):
            # RFC 5321, 4.1.1.11: a parameter that is not known. The costliest first: binary, then the rest.
            mended = [name for name in parameters if name == "BINARYMIME"] or parameters
            if mended:
                self._mend(*mended)
        raise self.session.refusal(reply)

    def _mend(self, *names):
        for name in names:
            self.session.without.add(name)
            self.session.features.pop(name, None)
        self.session.sent = False
        raise Mend()

    def _nobody(self, together, refused):
        # Every recipient refused: whatever the server says to the message, nobody gets it.
        session = self.session
        session.sent = False
        session.dirty = True
        if together:
            reply = yield from session.reply(session.timeout)
            if reply.code == 354:
                # RFC 2920, 3.1: the server waits for a message all the same; it gets an empty one, for nobody.
                yield from session.put(b".\r\n")
                reply = yield from session.reply(session.timeout)
            # 500–503 to BDAT: the server may run the message as commands. Then the connection is not used again.
            session.in_step = not (self.last and self.chunking) and not 500 <= reply.code <= 503
        errors = [session.refusal(reply) for _, reply in refused]
        chosen = errors[0]
        for error in errors:
            if error.kind == "temporary":
                chosen = error
        chosen.refused = refused
        raise chosen

    # -- the message ------------------------------------------------------------------------------------------------

    def _quit(self):
        return b"QUIT\r\n" if self.last else b""

    def _data(self, asked):
        # RFC 5321, 4.1.1.4, with dots stuffed (4.5.2)
        from .dots import DotStuffer

        session = self.session
        session.stage = "data"
        session.in_step = False
        if not asked:
            yield from session.put(b"DATA\r\n")
        session.take((yield from session.reply(session.timeout)), 354)
        session.stage = "body"
        stuffer = DotStuffer()
        count = 0
        for chunk in self.body.chunks():
            count += len(chunk)
            if self.body.size is None:
                self._check_size(count)
            yield stuffer.feed(chunk) if self.body.dots else chunk
            if self._spoke():
                yield from self._refused()
        self._check_count(count)
        yield from session.put(stuffer.end() + self._quit(), True)
        yield FINAL

    def _bdat(self):
        # RFC 3030. Four octets of the first header go alone and are answered: a server that does not take chunks
        # would run them as commands. Then one chunk where the size is known.
        session = self.session
        session.stage = "body"
        session.in_step = False
        size = self.body.size
        chunks = self.body.chunks()
        first = next(chunks)
        yield from session.put(b"BDAT 4\r\n" + bytes(first[:4]))
        self._taken((yield from session.reply(session.timeout)))
        chunks = _rest(first, chunks)
        count = 4
        if size is None:
            yield from self._bdat_pieces(chunks)
        else:
            yield from session.put(b"BDAT %d LAST\r\n" % (size - count))
            for chunk in chunks:
                count += len(chunk)
                if count > size:
                    # What goes beyond the chunk's length would run as commands.
                    break
                if count == size:
                    session.leaves()
                yield chunk
                if self._spoke():
                    yield from self._refused()
            self._check_count(count)
            if self.last:
                yield self._quit()
        yield FINAL

    def _taken(self, reply):
        if self.chunking and 500 <= reply.code <= 503 and self.body.size is not None:
            self._mend("CHUNKING")
        self.session.take(reply, 250)

    def _bdat_pieces(self, chunks):
        # The size is not known: a chunk for each piece, and only so many of them unanswered that neither side blocks.
        session = self.session
        owed = 0
        count = 4
        for chunk in chunks:
            count += len(chunk)
            self._check_size(count)
            yield b"BDAT %d\r\n" % len(chunk)
            yield chunk
            owed += 1
            while owed and (owed == _IN_FLIGHT // 2 or complete(session.buffer)):
                session.asked = not complete(session.buffer)
                session.take((yield from session.reply(session.timeout)), 250)
                owed -= 1
        session.leaves()
        session.asked = True
        yield b"BDAT 0 LAST\r\n" + self._quit()
        while owed:
            session.take((yield from session.reply(session.timeout)), 250)
            owed -= 1

    def _spoke(self):
        # The server has nothing to say while the message comes, unless to refuse it.
        return not self.session.sent and complete(self.session.buffer)

    def _refused(self):
        raise self.session.refusal((yield from self.session.reply(self.session.timeout)))

    def _check_count(self, count):
        # The octets promised are not those that came: the message must not end as if it were whole.
        size = self.body.size
        if size is not None and count != size:
            if count < size:
                self.session.sent = False
            raise self.session.error(
                "permanent", "the message was to have %d octets and has %d" % (size, count), "source"
            )

    def _final(self):
        session = self.session
        session.stage = "body"
        reply = yield from session.reply(FINAL[1])
        self._taken(reply)
        # Where a reply too many has come, this one is not the final one: it speaks of an address (RFC 3463, 3.2), or
        # a refusal follows.
        after = bytes(session.buffer.view[session.buffer.start : session.buffer.end][:3])
        if reply.enhanced[:4] == "2.1." or (after[:1] in (b"4", b"5") and after != b"421"):
            raise session.error("temporary", "a reply out of place: %s" % reply, "desync")
        session.sent = False
        session.in_step = not self.last
        return reply


def _rest(first, chunks):
    # What follows the four octets that went alone.
    yield first[4:]
    yield from chunks
