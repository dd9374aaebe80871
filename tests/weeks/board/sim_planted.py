"""Faults to build into the firmware, each as somebody might write it, to see that the judge finds them."""


def _stay():
    # The library would be loaded anew, without the fault.
    from alertnode import rest

    rest.Rest.__call__ = lambda self: None


def lost():
    """Every third mail is taken, but not kept."""
    from umail import outbox

    _stay()

    put = outbox.Outbox.put
    count = [0]

    def forgetful(self, message, *rest, **more):
        count[0] += 1
        if count[0] % 3:
            return put(self, message, *rest, **more)
        return None

    outbox.Outbox.put = forgetful


def duplicated():
    """A mail that was delivered is removed only when it was delivered once more."""
    from umail import outbox

    _stay()

    remove = outbox.Outbox.remove
    once = []

    def hesitant(self, entry):
        if entry.state == "sending" and entry.name not in once:
            once.append(entry.name)
            entry.state, entry.until, entry.left = "deferred", self.now() + 1800, None
        else:
            remove(self, entry)

    outbox.Outbox.remove = hesitant


def late():
    """The pauses between attempts have no ceiling."""
    from umail import policy

    _stay()
    policy.Policy.pause = lambda self, fails, ceiling=0: 7 * 3600


def stands():
    """A crash ends at the prompt."""
    from alertnode import start

    start._crashed = lambda error, log, feed: None


def talks():
    """The log is never turned."""
    from alertnode import log

    log.Log._turn = lambda self: None


def shares():
    """A second outbox gets the directory that another one has."""
    from umail import outbox

    _stay()
    outbox.Outbox._take = lambda self, path: None


def leaves():
    """A handshake that failed leaves its socket open."""
    from umail.net import transport

    _stay()
    close = transport.Transport.close

    def careless(self):
        if self.handshake:
            self.sock = self.raw = None
        close(self)

    transport.Transport.close = careless
