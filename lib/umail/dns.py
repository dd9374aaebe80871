"""Finds mail servers and their addresses: DNS queries built, answers read, without a socket (RFC 1035, RFC 5321, 5.1).

How it works. ``addresses`` and ``mail_hosts`` are generators. They yield to their driver, and get back bytes or None:

- ``("udp", server, packet, seconds)``: send the packet from a fresh socket, so that its port is a random one, to port
  53 and wait that long for a datagram. With ``packet`` None the wait goes on: the datagram was not the answer.
- ``("connect", server, port, buffer)``, bytes and numbers, as sessions do: an answer that was cut off is asked for
  again over TCP (RFC 7766), at most 4,096 bytes of it.

None means that nothing came. A server is an address, or ``address#port``. An answer counts only if its random id and
its question are those of the query; it is never trusted further than that, since DNS is not authenticated.
"""

import os

from umail import load_transient

A = 1
CNAME = 5
MX = 15
AAAA = 28
# Seconds for each server: first briefly, then more patiently.
_ROUNDS = (2, 4)
_MAX_ALIASES = 8


class Malformed(Exception):
    """An answer that breaks the format, or is not the answer to the query."""


def _failure(kind, text, key="dns_no_name"):
    # Loaded only now: whatever is asked for may never fail.
    from .errors import MailError

    return MailError("resolve", kind, text, key=key)


def query(name, kind, identity):
    """Return the query for ``name`` (str) and ``kind`` (A, AAAA, MX), with two random bytes as ``identity``: bytes.

    Raises:
        ValueError: it is not a host name in ASCII.
    """
    out = [identity, b"\1\0\0\1\0\0\0\0\0\0"]
    for label in name.rstrip(".").split("."):
        data = label.encode()
        if not 0 < len(data) < 64 or not _host(data):
            raise ValueError("%r is not a host name" % name)
        out.append(bytes((len(data),)) + data)
    if len(name) > 253:
        raise ValueError("%r is too long for a host name" % name)
    out.append(b"\0\0" + bytes((kind,)) + b"\0\1")
    return b"".join(out)


def _host(name):
    # What may stand in a host name; anything else could fool whoever compares or prints it.
    return all(97 <= c | 32 <= 122 or 48 <= c <= 57 or c in b"-_." for c in name)


def _name(data, at):
    """Return the name at an offset, in lower case, and the offset after it."""
    labels = []
    size = 0
    after = 0
    floor = at
    while True:
        if at >= len(data):
            raise Malformed()
        count = data[at]
        if count >= 0xC0:
            target = _number(data, at) & 0x3FFF
            after = after or at + 2
            # Only backwards, so that it ends.
            if target >= floor:
                raise Malformed()
            floor = at = target
            continue
        if count > 63:
            raise Malformed()
        at += 1
        if not count:
            return b".".join(labels), after or at
        size += count + 1
        if size > 254 or at + count > len(data):
            raise Malformed()
        label = data[at : at + count].lower()
        if b"." in label:
            raise Malformed()
        labels.append(label)
        at += count


def _number(data, at):
    if at + 2 > len(data):
        raise Malformed()
    return data[at] << 8 | data[at + 1]


def parse(data, question):
    """Read an answer.

    Args:
        data: the packet that came.
        question: the packet of the query.

    Returns:
        (rcode, truncated, records), each record (owner, kind, value): the address as str for A and AAAA, the name as
        bytes for CNAME, (preference, name) for MX. Records of other kinds are left out.

    Raises:
        Malformed: it is not the answer to this question, or breaks the format.
    """
    if data[:2] != question[:2] or len(data) < len(question):
        raise Malformed()
    end = len(question)
    # QR set, a standard query, one question; length bytes are below 64 and survive lower().
    if data[2] & 0xF8 != 0x80 or data[4:6] != b"\0\1" or data[12:end].lower() != question[12:].lower():
        raise Malformed()
    rcode = data[3] & 15
    if data[2] & 2:
        return rcode, True, []
    records = []
    at = end
    for _ in range(_number(data, 6)):
        owner, at = _name(data, at)
        kind = _number(data, at)
        internet = _number(data, at + 2) == 1
        size = _number(data, at + 8)
        at += 10
        if at + size > len(data):
            raise Malformed()
        if internet:
            value = _value(data, at, size, kind)
            if value is not None:
                records.append((owner, kind, value))
        at += size
    return rcode, False, records


def _value(data, at, size, kind):
    if kind == A and size == 4:
        return ".".join([str(octet) for octet in data[at : at + 4]])
    if kind == AAAA and size == 16:
        return ":".join(["%x" % _number(data, i) for i in range(at, at + 16, 2)])
    if kind == CNAME:
        name, end = _name(data, at)
    elif kind == MX and size > 2:
        name, end = _name(data, at + 2)
    else:
        return None
    # Only the name of a mail host may be empty (RFC 7505).
    if end != at + size or not _host(name) or not (name or kind == MX):
        raise Malformed()
    return name if kind == CNAME else (_number(data, at), name)


def _ask(name, kind, servers):
    """Ask one server after the other (generator): (rcode, records) of the first that knows something, or None.

    That there is no such name, or nothing of this kind, counts if no other server knows more: a router whose line is
    down says so of every name.
    """
    nothing = None
    for seconds in _ROUNDS:
        for server in servers:
            question = query(name, kind, os.urandom(2))
            packet = question
            # A flood of wrong answers must not hold the loop for longer than they take to come.
            for _ in range(100):
                data = yield ("udp", server, packet, seconds)
                if data is None:
                    break
                packet = None
                try:
                    rcode, truncated, records = parse(data, question)
                except Malformed:
                    continue
                if truncated:
                    data = yield from load_transient("net.dns_tcp").ask(server, question, seconds)
                    try:
                        rcode, truncated, records = parse(data, question)
                    except Malformed:
                        break
                # 0: answered, 3: no such name. Others are that server's own trouble (RFC 2136, 2.2).
                if not truncated and rcode in (0, 3):
                    if records and not rcode:
                        return rcode, records
                    nothing = nothing or (rcode, records)
                break
        if nothing:
            break
    return nothing


def lookup(name, kind, servers):
    """Return the values of a kind for ``name``, its aliases followed (generator): a list, empty if there are none."""
    wanted = name.rstrip(".").lower().encode()
    for _ in range(_MAX_ALIASES):
        answer = yield from _ask(str(wanted, "utf-8"), kind, servers)
        if answer is None:
            raise _failure("temporary", "no DNS server answered for %s" % name, "dns")
        rcode, records = answer
        asked = wanted
        for _ in range(_MAX_ALIASES):
            values = [value for owner, found, value in records if found == kind and owner == wanted]
            aliases = [value for owner, found, value in records if found == CNAME and owner == wanted]
            if values or not aliases:
                break
            wanted = aliases[0]
        if values:
            return values
        if rcode == 3:
            raise _failure("configuration", "there is no name %s" % name)
        if wanted == asked:
            return []
    raise _failure("configuration", "the name %s has too many aliases" % name)


def is_address(host):
    """Tell whether ``host`` is an IP address already."""
    parts = host.split(".")
    return ":" in host or (len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts))


def addresses(host, servers, ipv6=True):
    """Return the addresses of a host (generator; the contract is above): a list of str, IPv4 only if there is any.

    Returns None if the system's own resolver must be asked: ``localhost``, names without a dot or under
    ``.local``, and where no DNS server is known.

    Raises:
        MailError: no such host (kind "configuration"), or no server answers ("temporary").
        ValueError: it is not a host name in ASCII.
    """
    if is_address(host):
        return [host]
    name = host.rstrip(".").lower()
    if not servers or "." not in name or name.endswith(".local") or name.endswith(".localhost"):
        return None
    found = yield from lookup(name, A, servers)
    if not found and ipv6:
        found = yield from lookup(name, AAAA, servers)
    if not found:
        raise _failure("configuration", "%s has no address" % host)
    return found


def mail_hosts(domain, servers):
    """Return the hosts that take mail for a domain (generator): see net/mx.py."""
    return load_transient("net.mx").mail_hosts(lookup, domain, servers)


def servers(path="/etc/resolv.conf"):
    """Return at most three DNS servers that this machine was given: by the network interface, else in resolv.conf."""
    found = []
    try:
        import network

        try:
            found.append(network.ipconfig("dns"))
        except (AttributeError, ValueError, OSError, TypeError):
            found.append(load_transient("net.opening").interface().ifconfig()[3])
    except (ImportError, AttributeError, OSError, RuntimeError):
        try:
            with open(path) as file:
                for line in file:
                    words = line.split()
                    if len(words) > 1 and words[0] == "nameserver":
                        found.append(words[1])
        except OSError:
            pass
    return [server for server in found if server and server != "0.0.0.0"][:3]


def find(host):
    """Find the addresses of ``host`` (list of str), by our own query or, for local names, by the system (generator)."""
    found = yield from addresses(host, servers())
    if found is None:
        found = yield ("lookup", host)
    return found


def find_ipv6(host):
    """Find the IPv6 addresses of ``host`` by our own query (generator): a list of str, empty if there are none."""
    known = servers()
    if not known or host.rstrip(".").lower().endswith(".local"):
        return []
    try:
        return (yield from lookup(host, AAAA, known))
    except Exception as error:
        if not hasattr(error, "kind"):
            raise
        return []
