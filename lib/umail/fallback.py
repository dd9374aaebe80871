"""Several routes for one mail: which comes first, which may follow, and which rests for a while."""

from .errors import MailError


def strength(route):
    """Return how secure ``route`` is: 0 unauthenticated, 1 without checks of certificates, 2 verified TLS."""
    if route.security in ("starttls", "tls"):
        return 1 if route.trust == "insecure" else 2
    return 0


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


def once(delivery, message, final):
    """As ``Delivery.once`` (generator), for more than one route."""
    failed = None
    routes = list(delivery.routes)
    if delivery.connected and (yield from delivery.stands()):
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
            return (yield from delivery.by(route, message, final))
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
