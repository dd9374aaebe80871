"""From a route to a connection: its host's addresses, by our own DNS query or, if that cannot be, by the system's."""

import sys

from umail import load_transient

from ..errors import MailError


def _is_local(host):
    # Names without a dot are the system's, and what ends in a number is an address already.
    return ":" in host or "." not in host or host.rpartition(".")[2].isdigit()


def resolve(host):
    """Find the addresses of ``host`` (generator): a list of str, IPv4 only if there is any.

    Raises:
        MailError: stage resolve: no such host, or no server answers.
        ValueError: it is not a host name in ASCII.
    """
    if _is_local(host):
        return (yield ("lookup", host))
    return (yield from load_transient("dns").find(host))


def others(host, tried):
    """Find the IPv6 addresses of a host none of whose IPv4 addresses could be reached (generator): a list of str.

    An ESP32's sockets know IPv4 only.
    """
    if sys.platform == "esp32" or _is_local(host) or ":" in tried[0]:
        return []
    return (yield from load_transient("dns").find_ipv6(host))


def reach(session, route):
    """Connect to the first address, of the first host, that takes it (generator): the local address.

    Raises:
        MailError: there is no host, or none that takes the connection.
    """
    session.stage = "resolve"
    hosts = (route.host,) if route.host else (yield from load_transient("net.mx").hosts(load_transient("dns"), route))
    for session.host in hosts:
        session.stage = "resolve"
        try:
            addresses = yield from resolve(session.host)
        except MailError:
            # RFC 5321, 5.1: the next mail host may have an address.
            if session.host is hosts[-1]:
                raise
            continue
        session.stage = "connect"
        while addresses:
            for address in addresses:
                try:
                    return (yield ("connect", address, route.port, session.buffer))
                except OSError as error:
                    failure = error
            addresses = yield from others(session.host, addresses)
    from errno import ECONNREFUSED

    key = "refused" if failure.args[0] == ECONNREFUSED else "unreachable"
    text = load_transient("errno_words").text(failure)
    raise session.error(key, "%s port %d: %s" % (session.host, route.port, text))
