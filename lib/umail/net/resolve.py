"""The addresses of a host: by our own DNS query or, if that cannot be, by the system's resolver."""

from umail import load_transient


def resolve(host):
    """Find the addresses of ``host`` (generator): a list of str.

    Names without a dot are the system's, and what ends in a number is an address already.

    Raises:
        MailError: stage resolve: no such host, or no server answers.
        ValueError: it is not a host name in ASCII.
    """
    if ":" in host or "." not in host or host.rpartition(".")[2].isdigit():
        return (yield ("lookup", host))
    return (yield from load_transient("dns").find(host))
