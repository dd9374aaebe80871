"""Several routes for one mail: which comes first, which may follow, and which rests for a while."""

from .errors import MailError


def strength(route):
    """Return how secure ``route`` is: 0 unauthenticated, 1 without checks of certificates, 2 verified TLS."""
    if route.security in ("starttls", "tls"):
        return 1 if route.trust == "insecure" else 2
    return 0


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
            if error.kind == "configuration":
                # Trying again makes it worse: where there is another route, this one rests for so many mails.
                route.fails = min(route.fails + 1, 6)
                route.rests = 1 << route.fails
            # Not after a doubt whether it was delivered, nor for security's sake, nor for the message's own fault.
            if error.kind not in ("temporary", "configuration"):
                raise
            failed = error
    raise failed
