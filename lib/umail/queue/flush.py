"""One flush of an outbox: dates and sends what is due, marks each mail before it leaves, notes what became of it."""

from umail import load_transient

from ..delivery import Delivery
from ..errors import MailError

_HOUR = 3600


class Flush:
    """``run`` is the whole of it.

    Args:
        box (Outbox): whose mails.
    """

    def __init__(self, box):
        self.box = box
        self.before = None

    def run(self, budget):
        """Send what is due (generator); return how many mails were delivered."""
        box = self.box
        end = None if budget is None else box.now() + budget
        box.unwritten = False
        box.unread = None
        box.look_again()
        delivery = Delivery(box.route, box.timeout, box.deadline, self._leaving)
        delivery.hosts = box.hosts
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
            # If it raises, that must not hold up every mail at every flush.
            box.beat = now + _HOUR
            load_transient("queue.story").beat(box, now, date)

    def _next(self, without=None):
        # The highest priority first, then what has not failed yet (a poisoned mail never comes before it), the oldest.
        now = self.box.now()
        best = None
        first: "tuple" = ()
        for entry in self.box.pending():
            rank = (entry.priority, not entry.attempts)
            if entry.until <= now and entry is not without and rank > first:
                best, first = entry, rank
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
            box.entries.remove(entry)
            if box.tell():
                box.spool.aside(entry.name)
            return False
        message, note = found
        told = box.notes.dump()
        if note or entry.more or box.spool.unread or any(told):
            load_transient("queue.story").tell(box, entry, message, note)
        if box.before_send:
            box.before_send(message)
        box.current = entry
        self.before = entry.state
        try:
            # QUIT travels with the last one.
            receipt = yield from delivery.send(message, self._next(entry) is None)
        except MailError as error:
            box.current = None
            self._failed(entry, message, error)
            return False
        except BaseException:
            # Stopped from outside.
            box.current = None
            if entry.state == "sending":
                box.doubt(entry)
            raise
        box.current = None
        box.notes.told(told)
        self._accepted(entry, message, receipt, delivery.session.route)
        return True

    def _unreadable(self, entry, error):
        # A card that is out may come back: nothing is written, and the others go on.
        box = self.box
        now = box.now()
        entry.attempts += 1
        entry.until = now + box.policy.pause(entry.attempts)
        short = isinstance(error, MemoryError)
        entry.why = "memory is too short to read it" if short else "it cannot be read: %s" % error
        box.unread = entry
        if entry.attempts == 3:
            self._ask(entry)
        if now - entry.tried > box.policy.life:
            box.bury(entry)

    def _leaving(self):
        # From here on it may be delivered, and the flash must know.
        box = self.box
        entry = box.current
        if entry.state == "sending":
            return
        entry.state = "sending"
        for _ in range(2):
            try:
                box.spool.store(entry, box.now(), box.date())
                return
            except OSError:
                # A flash that can only be read, or refuses twice, stays so. That the alert goes counts more than that
                # it may come again after a reset, with the same Message-ID.
                box.unwritten = True

    def _accepted(self, entry, message, receipt, route):
        box = self.box
        now = box.now()
        box.policy.worked()
        route.took = True
        host = route.host or route.mx
        if host not in box.hosts:
            # (``Delivery`` has the same list.)
            box.hosts.insert(0, host)
            del box.hosts[4:]
        box.policy.spend(now, len(receipt.accepted))
        soon, stuck = _narrow(entry, message, receipt.refused)
        entry.left = [address for address in entry.left if address not in receipt.accepted]
        if entry.left:
            entry.state = "deferred"
            entry.attempts += 1
            # Whom this route must not reach another one may, and is tried soon.
            soon = soon or (isinstance(box.route, (list, tuple)) and entry.attempts <= len(box.route))
            entry.until = now + (box.policy.pause(entry.attempts) if soon else box.policy.longer(entry.attempts))
            if stuck:
                self._ask(entry)
            box.store(entry)
        elif entry.gone:
            box.bury(entry)
        else:
            box.remove(entry)
        box.save()
        if box.report:
            box.report(message, receipt)

    def _failed(self, entry, message, error):
        retry_after = load_transient("replies").retry_after
        box = self.box
        policy = box.policy
        now = box.now()
        policy.spend(now, 0)
        doubts = entry.doubts + (error.kind == "uncertain")
        least = max(retry_after(error.key), error.retry_after)
        # What goes on in the same way is told once.
        news = True
        state, until = policy.failed(
            now, error, entry.attempts + 1, doubts, now - entry.tried, least, entry.number, error.known
        )
        if state == "pending":
            # The route's fault: nothing about the mail has changed, but that it did not leave.
            news = policy.fails < 2
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
            stuck = error.kind == "configuration"
            if state == "deferred" and error.refused:
                stuck = _narrow(entry, message, error.refused)[1]
            if state == "dead":
                box.bury(entry)
            else:
                if stuck:
                    news = self._ask(entry)
                box.store(entry)
        error.lasts = policy.lasting(now, error.stage)
        if error.lasts:
            box.notes.outage = "For %d hours no mail could be sent: %s" % (error.lasts // 3600, str(error)[:120])
        if policy.until > now:
            self._expire(now, str(error))
        box.save()
        if box.report and (news or (error.lasts and error.kind != "configuration")):
            box.report(message, error)

    def _ask(self, entry):
        # It waits for a person, whom the next mail tells so: whether that is new.
        if entry.asked:
            return False
        entry.asked = True
        self.box.notes.waiting += 1
        self.box.notes.why = entry.why
        return True

    def _expire(self, now, why):
        # While the route does not work, none of its mails is tried: those too old are given up all the same.
        box = self.box
        for entry in box.pending():
            if now - entry.tried > box.policy.life:
                entry.why = why[:120]
                box.bury(entry)


def _narrow(entry, message, refused):
    # Whoever was refused for good is gone, the others are left: whether one of them was refused for now, and whether
    # only a person can help one of them.
    entry.know(message.recipients)
    replies = refused and load_transient("replies")
    kinds = []
    for address, reply in refused:
        kind = replies.classify("rcpt", reply.code, reply.enhanced, reply.text)[0]
        kinds.append(kind)
        if kind != "temporary":
            entry.why = "%s: %s" % (address, str(reply)[:100])
        if kind == "permanent":
            entry.gone.append([address, str(reply)[:100]])
    gone = [address for address, _ in entry.gone]
    entry.left = [address for address in message.recipients if address not in gone]
    return "temporary" in kinds, "configuration" in kinds
