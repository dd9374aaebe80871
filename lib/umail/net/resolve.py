"""The addresses of a host: by our own DNS query or, if that cannot be, by the system's resolver."""

import sys

from umail import load_transient


def is_local(host):
    # Names without a dot are the system's, and what ends in a number is an address already.
    return ":" in host or "." not in host or host.rpartition(".")[2].isdigit()


def resolve(host):
    """Find the addresses of ``host`` (generator): a list of str, IPv4 only if there is any.

    Raises:
        MailError: stage resolve: no such host, or no server answers.
        ValueError: it is not a host name in ASCII.
    """
    if is_local(host):
        return (yield ("lookup", host))
    return (yield from load_transient("dns").find(host))


def others(host, hosts):
    """Find the IPv6 addresses of a host none of whose IPv4 addresses could be reached (generator): a list of str.

    An ESP32's sockets know IPv4 only.
    """
    if sys.platform == "esp32" or is_local(host) or ":" in hosts[0]:
        return []
    return (yield from load_transient("dns").find_ipv6(host))
