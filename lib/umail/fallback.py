"""What one fresh connection does not settle: a mail on the same one, another try, another route, more people."""

from umail import load_transient

from .errors import MailError


def strength(route):
    """Return how secure ``route`` is: 0 unauthenticated, 1 without checks of certificates, 2 verified TLS."""
    if route.security in ("starttls", "tls"):
        return 1 if route.trust == "insecure" else 2
    return 0


def clock(session, route):
    """Raise the MailError for a ``route`` whose certificate cannot be checked, as the clock is not set."""
    if strength(route) == 2:
        raise session.error("clock")


def judge(delivery, route, error):
    """Note that ``route`` failed, and what is known of its host, in ``error`` and the route."""
    error.known = (route.host or route.mx) in delivery.hosts
    if error.stage == "resolve" and error.kind == "configuration":
        # A router whose line is down says so of every name (RFC 2308: for a short time). What was typed and never
        # found may be a slip of the pen.
        if error.known or route.reached:
            error.kind = "temporary"
    if error.kind == "configuration":
        # Trying again makes it worse: if there is another route, this one rests for so many mails.
        route.fails = min(route.fails + 1, 6)
        route.rests = 1 << route.fails
        route.refusal = "%s %s" % (error.stage, error.key or error.code)


def stands(delivery):
    """Tell whether the connection can be used (generator): a server may have closed, or said 421, meanwhile."""
    session = delivery.session
    try:
        return session.in_step and not len(session.buffer) and (yield ("idle",)) is None
    except OSError:
        return False


def hang_up(delivery):
    """Close the connection (generator)."""
    delivery.connected = False
    yield ("close",)


def close(delivery):
    """QUIT, waited for no longer than a second, and close (generator)."""
    session = delivery.session
    if delivery.connected and session.in_step:
        yield ("limit", 1)
        session.stage = "quit"
        session.enter("over")
        try:
            yield from session.command(b"QUIT")
        except Exception:  # noqa: S110
            # What was sent is sent; the server's farewell changes nothing.
            pass
    yield from hang_up(delivery)


def send(delivery, message, final, outcome):
    """Go on with ``Delivery.send`` (generator) after the ``outcome`` of the first try by the one route.

    It is a ``Receipt``, an exception, or None: nothing was tried.
    """
    try:
        outcome = yield from once(delivery, message, final, outcome)
        if len(outcome.accepted) == len(message.recipients):
            return outcome
    except MailError as error:
        outcome = error
        if error.stage != "rcpt" or len(error.refused) in (0, len(message.recipients)):
            raise
    return (yield from load_transient("smtp.recipient_batches").rest(delivery, message, final, outcome, once))


def once(delivery, message, final, outcome):
    """Send one mail in one envelope, to as many of its recipients as the route takes (generator).

    ``outcome``: of a first try, or None.
    """
    if len(delivery.routes) > 1:
        return (yield from _routes(delivery, message, final))
    try:
        return (yield from by(delivery, delivery.routes[0], message, final, outcome))
    except MailError as error:
        judge(delivery, delivery.routes[0], error)
        raise


def by(delivery, route, message, final, outcome=None):
    """Send one mail by ``route`` (generator), on a connection that stands or a new one, again if that may help."""
    session = delivery.session
    fresh = True
    if not outcome:
        if delivery.connected and (session.route is not route or not (yield from stands(delivery))):
            yield from hang_up(delivery)
    refresh = False
    while True:
        if not outcome:
            # What the last try had for a final reply is over.
            yield ("limit", None)
            fresh = not delivery.connected
            try:
                if fresh:
                    yield from delivery.connect(route, refresh)
                outcome = yield from session.send(message, final)
            except Exception as error:
                outcome = error
        failed = isinstance(outcome, Exception)
        # (After a mail for which nothing more follows it is out of step: QUIT went with it.)
        if (final and failed) or not session.in_step:
            yield from hang_up(delivery)
        if not failed:
            route.fails = 0
            return outcome
        refresh = load_transient("smtp.retry").again(
            session, outcome, refresh, fresh, delivery.left or delivery.connected
        )
        outcome = None


def _routes(delivery, message, final):
    # As ``once``, for more than one route.
    failed = None
    routes = list(delivery.routes)
    if delivery.connected and (yield from stands(delivery)):
        # What has been found to work comes first again.
        routes.remove(delivery.session.route)
        routes.insert(0, delivery.session.route)
    # None is weaker than one before it, though that one may only rest.
    usable: list = []
    for route in routes:
        if not usable or strength(route) >= strength(usable[-1]):
            usable.append(route)
    for route in usable:
        if failed and not delivery.left:
            break
        if route.rests and route is not usable[-1]:
            route.rests -= 1
            continue
        try:
            return (yield from by(delivery, route, message, final))
        except MailError as error:
            judge(delivery, route, error)
            # Not after a doubt whether it was delivered, nor for security's sake, nor for the message's own fault.
            if error.kind not in ("temporary", "configuration"):
                raise
            if not failed or failed.kind != "temporary":
                failed = error
            else:
                # A way that may soon be open again counts more than one that a person must open.
                failed.text += "; " + str(error)
    raise failed
