"""One flush of an outbox: sends what is due, marks each mail before it leaves, and draws the conclusions."""

from umail import load_transient

from ..delivery import Delivery
from ..errors import MailError

_DAY = 86400


class Flush:
    """``run`` is the whole of it.

    Args:
        box (Outbox): whose mails.
    """

    def __init__(self, box):
        self.box = box
        self.before = None

    def run(self, budget):
        """Send what is due (generator); returns how many were delivered."""
        box = self.box
        end = None if budget is None else box.now() + budget
        box.look_again()
        delivery = Delivery(box.route, box.timeout, box.deadline, self._leaving)
        count = 0
        self._ready()
        while not box.policy.wait(box.now()):
            entry = self._next()
            if entry is None:
                break
            if end is not None:
                left = end - box.now()
                if left <= 0:
                    break
                delivery.deadline = min(box.deadline, left)
            if (yield from self._send(delivery, entry)):
                count += 1
        yield from delivery.close()
        return count

    def _ready(self):
        # Dates for mails from before the clock was set, and the heartbeat.
        box = self.box
        now = box.now()
        date = box.date()
        if date is not None:
            if box.policy.why == "clock":
                # Certificates can be checked now.
                box.policy.worked()
            for entry in box.entries:
                if entry.date is None:
                    entry.date = date - max(0, now - entry.since)
                    box.store(entry)
        if box.heartbeat and now >= box.beat:
            message = box.heartbeat()
            for name, end in box.expires:
                if date is not None and end - date < 30 * _DAY:
                    _tell(message, "%s expires in %d days: renew it.\n" % (name, (end - date) // _DAY))
            try:
                box.write(message, None, 0, 0, 0, now)
            except OSError:
                # The flash is full: what is there comes first.
                return
            box.beat = now + box.policy.spread(box.every)
            box.save()

    def _next(self, but=None):
        now = self.box.now()
        best = None
        for entry in self.box.pending():
            if entry.until <= now and entry is not but and (best is None or entry.priority > best.priority):
                best = entry
        return best

    def _send(self, delivery, entry):
        box = self.box
        try:
            found = box.spool.read(entry)
        except (OSError, MemoryError) as error:
            self._unreadable(entry, error)
            return False
        if found is None:
            box.notes.damaged += 1
            box.save()
            box.entries.remove(entry)
            box.spool.aside(entry.name)
            return False
        message, note = found
        told = box.notes.counts()
        outage = box.notes.outage
        _tell(message, note + self._story(entry))
        box.current = entry
        self.before = entry.state
        try:
            # QUIT travels with the last one.
            receipt = yield from delivery.send(message, self._next(entry) is None)
        except MailError as error:
            box.current = None
            self._failed(entry, message, error, delivery.session.route)
            return False
        except BaseException:
            # Stopped from outside.
            box.current = None
            if entry.state == "sending":
                box.doubt(entry)
            raise
        box.current = None
        notes = box.notes
        notes.dropped -= told[0]
        notes.damaged -= told[1]
        notes.buried -= told[2]
        if notes.outage == outage:
            notes.outage = ""
        self._accepted(entry, message, receipt, delivery.session.route)
        return True

    def _unreadable(self, entry, error):
        # A card that is out may come back: nothing is written, and the others go on.
        box = self.box
        now = box.now()
        entry.attempts += 1
        entry.until = now + box.policy.pause(entry.attempts)
        entry.why = "it cannot be read: %s" % error
        if now - entry.tried > box.policy.life:
            box.bury(entry)

    def _leaving(self):
        # From here on it may be delivered, and the flash must know.
        box = self.box
        entry = box.current
        if entry.state == "sending":
            return
        entry.state = "sending"
        try:
            box.spool.store(entry, box.now(), box.date())
        except OSError as error:
            # A flash that can only be read (EROFS), or refuses twice, stays so. That the alert goes counts more than
            # that it may come again after a reset, with the same Message-ID.
            if error.args[0] == 30 or entry.unmarked:
                return
            entry.unmarked = True
            entry.state = self.before
            raise MailError("body", "temporary", "the flash takes no mark: %s" % error, key="flash")

    def _accepted(self, entry, message, receipt, route):
        box = self.box
        now = box.now()
        box.policy.worked()
        host = route.host or route.mx
        if host not in box.hosts:
            box.hosts = [host] + box.hosts[:3]
        box.policy.spend(now, len(receipt.accepted))
        stuck = _narrow(entry, message, receipt.refused)
        entry.left = [address for address in entry.left if address not in receipt.accepted]
        if entry.left:
            entry.state = "deferred"
            entry.attempts += 1
            entry.until = now + (box.policy.longer(entry.attempts) if stuck else box.policy.pause(entry.attempts))
            box.store(entry)
        elif entry.gone:
            box.bury(entry)
        else:
            box.remove(entry)
        box.save()
        if box.report:
            box.report(message, receipt)

    def _failed(self, entry, message, error, route):
        retry_after = load_transient("replies").retry_after
        box = self.box
        policy = box.policy
        now = box.now()
        policy.spend(now, 0)
        known = (route.host or route.mx) in box.hosts
        if error.stage == "resolve" and error.kind == "configuration" and (known or route.roots):
            # A router whose line is down says so of every name (RFC 2308: for a short time).
            error.kind = "temporary"
        doubts = entry.doubts + (error.kind == "uncertain")
        least = max(retry_after(error.key), error.retry_after)
        state, until = policy.failed(
            now, error, entry.attempts + 1, doubts, now - entry.tried, least, entry.number, known
        )
        if state == "pending":
            # The route's fault: nothing about the mail has changed, but that it did not leave.
            marked = entry.state == "sending"
            entry.state = self.before
            if marked:
                box.store(entry)
        else:
            entry.state = state
            entry.until = until
            entry.attempts += 1
            entry.doubts = doubts
            entry.why = str(error)[:120]
            if state == "deferred" and error.refused:
                _narrow(entry, message, error.refused)
            if state == "dead":
                box.bury(entry)
            else:
                box.store(entry)
        error.lasts = policy.lasting(now, error.stage)
        if error.lasts:
            box.notes.outage = "For %d hours no mail could be sent: %s" % (error.lasts // 3600, str(error)[:120])
        if policy.until > now:
            self._expire(now, str(error))
        box.save()
        if box.report and ((error.lasts and error.kind != "configuration") or self._is_news(state, error, entry)):
            box.report(message, error)

    def _is_news(self, state, error, entry):
        # What goes on in the same way is told once.
        if state == "pending":
            return self.box.policy.fails < 2
        return state == "dead" or error.kind != "configuration" or entry.attempts < 2

    def _expire(self, now, why):
        # While the route does not work, none of its mails is tried: those too old are given up all the same.
        box = self.box
        for entry in box.pending():
            if now - entry.tried > box.policy.life:
                entry.why = why[:120]
                box.bury(entry)

    def _story(self, entry):
        text = ""
        if entry.more and entry.group:
            text = "%d such mails were held back in %d minutes; this is the last of them.\n" % (
                entry.more,
                (self.box.now() - entry.since) // 60,
            )
        notes = self.box.notes
        if notes.dropped:
            text += "%d mails were dropped: the outbox was full.\n" % notes.dropped
        if notes.damaged:
            text += "%d mails were damaged on flash and could not be sent.\n" % notes.damaged
        if notes.buried:
            text += "%d mails could not be delivered, or not to all. The last: %s\n" % (notes.buried, notes.why)
        if self.box.spool.unread:
            text += "%d mails on flash cannot be read; that is tried again.\n" % self.box.spool.unread
        if notes.outage:
            text += notes.outage + "\n"
        return text


def _narrow(entry, message, refused):
    # Whoever was refused for good is gone; the others are left: whether only a person can help one of them.
    entry.know(message.recipients)
    replies = refused and load_transient("replies")
    stuck = False
    for address, reply in refused:
        kind = replies.classify("rcpt", reply.code, reply.enhanced, reply.text)[0]
        if kind != "temporary":
            entry.why = "%s: %s" % (address, str(reply)[:100])
        if kind == "permanent":
            entry.gone.append([address, str(reply)[:100]])
        elif kind != "temporary":
            stuck = True
    gone = [address for address, _ in entry.gone]
    entry.left = [address for address in message.recipients if address not in gone]
    return stuck


def _tell(message, note):
    # What the outbox has to say stands below the text.
    if not note:
        return
    if message.text is not None or message.html is None:
        message.text = (message.text or "") + "\n\n" + note
    else:
        message.html += "<pre>%s</pre>" % note.replace("&", "&amp;").replace("<", "&lt;")
