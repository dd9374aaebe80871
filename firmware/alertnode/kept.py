"""Keeps over a sleep what a mail would ask the network for again: the board's address and that of the mail server.

Loaded on a board on battery, for a mail. An address stands for hours, an answer of DNS for as long as it says. What
does not hold any more costs one failed try: then all of it is asked for as if nothing had been kept.
"""

import json
import sys

from alertnode import platform

# Seconds that an address is used without asking DHCP again, whose leases seldom are shorter than twice that.
_LEASE = 6 * 3600
# The longest that an answer of DNS is believed, in seconds, and the most addresses of a name.
_LONGEST = 86400
_MOST = 4


class Kept:
    """What is known; ``text`` is what ``dump`` returned before the sleep, or anything; ``unix()`` returns the time."""

    def __init__(self, text, unix):
        self._unix = unix
        # KeptTokens, if the board fetches its own.
        self.tokens = []
        # The interface has an address that was kept.
        self._given = False
        # Of the network: (name, address, mask, gateway, DNS server, until). Of a host: (name, addresses, until).
        self._lease = self._host = None
        try:
            lease, host = json.loads(text)
            if lease and [type(part) for part in lease] == [str] * 5 + [int]:
                self._lease = lease
            if host and [type(part) for part in host] == [str, list, int] and host[1]:
                self._host = [host[0], [str(address) for address in host[1]], host[2]]
        except (ValueError, TypeError):
            pass

    def dump(self, good=True):
        """Return it as text, "" for nothing; all of it is forgotten unless all went ``good``."""
        if not good:
            self._lease = self._host = None
        return json.dumps([self._lease, self._host]) if self._lease or self._host else ""

    def lease(self, name):
        """Return (address, mask, gateway, DNS server) for the network ``name``, or None if DHCP must be asked."""
        lease = self._lease
        if not lease or lease[0] != name or not 0 < lease[5] - self._unix() <= _LEASE:
            return None
        return tuple(lease[1:5])

    def join(self, nic, name):
        """Give the interface ``nic`` the address that it had in the network ``name``, if that still stands."""
        lease = self.lease(name)
        if lease or self._given:
            nic.ifconfig(lease or "dhcp")
        self._given = lease is not None

    def joined(self, nic, name):
        """Keep the address that DHCP gave the interface ``nic`` in the network ``name``."""
        if not self._given:
            self._lease = [name] + [str(part) for part in nic.ifconfig()] + [self._unix() + _LEASE]

    def resolve(self, host, failed=()):
        """Find the addresses of ``host`` (generator, as the library's); ``failed``: these did not answer."""
        from umail import load_transient

        found = load_transient("net.resolve")
        kept, self._host = self._host, None
        if not failed and kept and kept[0] == host and 0 < kept[2] - self._unix() <= _LONGEST:
            self._host = kept
            return kept[1]
        if failed and not (kept and kept[0] == host):
            return (yield from found.others(host, failed))
        steps = found.resolve(host)
        answer = error = data = None
        while True:
            try:
                what = steps.throw(error) if error else steps.send(answer)
            except StopIteration as stop:
                addresses = stop.value
                break
            answer = error = None
            try:
                answer = yield what
            except Exception as raised:
                error = raised
            if what[0] == "udp" and answer:
                data = answer
        seconds = ttl(data) if data else 0
        if addresses and seconds:
            self._host = [host, list(addresses)[:_MOST], self._unix() + min(seconds, _LONGEST)]
        if failed and sorted(failed) == sorted(addresses or ()):
            # The same again: it was not for their age.
            return []
        return addresses


def use(node, settings):
    """Let network and routes of ``node``, an App, use what was kept over the sleep; return the Kept."""
    # (After a crash, for which it may be the reason, all of it is asked for.)
    kept = Kept(platform.slept() and node.state.values.get("net") or "", platform.unix)
    if node.wifi is not None and not settings["network"]["address"]:
        node.wifi.kept = kept
    mail, clock = settings["mail"], node.clock
    route = node.mailer.outbox.route
    for i, one in enumerate(route if isinstance(route, list) else [route]):
        one.resolve = kept.resolve
        section = mail["fallback"] if i else mail
        # (An rp2 has the token in RAM.)
        if section["oauth"] and sys.platform != "rp2":
            from alertnode import kept_token

            good = platform.slept() and clock.state == clock.SET and not clock.due()
            kept.tokens.append(kept_token.use(one, section, "_2" if i else "", good))
    return kept


def ttl(data):
    """Return for how many seconds the answer ``data`` of DNS holds, 0 if that cannot be read (RFC 1035, 4.1)."""
    least = _LONGEST
    try:
        count = data[7]
        at = _after(data, 12) + 4
        for _ in range(count):
            at = _after(data, at)
            least = min(least, int.from_bytes(data[at + 4 : at + 8], "big"))
            at += 10 + int.from_bytes(data[at + 8 : at + 10], "big")
    except IndexError:
        return 0
    return least if count and at <= len(data) else 0


def _after(data, at):
    """Return where the name at ``at`` ends."""
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1


def send(node, budget):
    """Bring up network and time, flush, switch the radio off, within ``budget`` ms; return True unless one failed."""
    end = node.clock.uptime() + budget
    box = node.mailer.outbox
    try:
        if not node.online():
            return False
        left = (end - node.clock.uptime()) // 1000
        if left > 0 and node.mailer.due():
            node.flush(left)
        for chore in node.chores:
            chore()
        # What can wait until the mail has gone: the time, once a day.
        good = not node.clock.due() or node.online()
        # After the sleep nobody would know what the flash did not take: how often, and how, a mail failed.
        return good and not (box.unwritten and box.pending() and node.port.slept())
    finally:
        if node.wifi is not None:
            node.wifi.down()
        if node.mailer.kept:
            # (What waits may do so as something that was kept no longer holds: the next try asks for all of it.)
            node.state.values["net"] = node.mailer.kept.dump(not node.mailer.pending())
            for token in node.mailer.kept.tokens:
                token.save()
