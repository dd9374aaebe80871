"""What ends is told a line a day in its last 30 days; a client certificate tells its own end."""

from alertnode.expiry import Watch, dates, not_after
from alertnode.zone import DAY, seconds
from check import equal, inside, raises
from firmware_fakes import NOON, Port, Said, clock


def element(tag, *parts):
    data = b"".join(parts)
    size = bytes((len(data),)) if len(data) < 128 else b"\x82" + len(data).to_bytes(2, "big")
    return bytes((tag,)) + size + data


def certificate(end, version=True):
    """As much of a certificate as comes before its subject, which may be anything."""
    parts = [element(0xA0, element(2, b"\x02"))] if version else []
    parts += [element(2, b"\x01\x02"), element(0x30, b"\x06\x01\x2a"), element(0x30, bytes(200))]
    parts += [element(0x30, element(0x17, b"261124120000Z"), end), element(0x30, bytes(300))]
    return element(0x30, element(0x30, *parts), element(0x30, b""), element(3, bytes(64)))


def test_the_end_of_a_certificate_is_read_in_both_forms_of_time():
    equal(not_after(certificate(element(0x17, b"270301120405Z"))), seconds(2027, 3, 1, 12, 4, 5))
    equal(not_after(certificate(element(0x18, b"20510301120405Z"), False)), seconds(2051, 3, 1, 12, 4, 5))
    equal(not_after(certificate(element(0x17, b"991231235959Z"))), seconds(1999, 12, 31, 23, 59, 59))
    for wrong in (b"", b"-----BEGIN CERTIFICATE-----", certificate(element(0x17, b"abc"))):
        raises((ValueError, IndexError), not_after, wrong)


def test_a_certificate_that_cannot_be_read_is_left_out():
    routes = ({"certificate": ["/nowhere/client.der"]}, {"certificate": ()}, ())
    equal(dates([("client secret", NOON)], routes), [("client secret", NOON)])


def test_it_is_told_once_a_day_from_30_days_before():
    port, said = Port(NOON), Said()
    time = clock(port, said)
    watch = Watch([("client secret", NOON + 32 * DAY), ("far away", NOON + 400 * DAY)], time, said)
    for _ in range(3 * 24 - 1):
        watch()
        port.pass_time(3600)
    equal(said.lines, [])
    for _ in range(24 * 2):
        port.pass_time(3600)
        watch()
    equal(said.lines, ["client secret expires in 29 days: renew it", "client secret expires in 28 days: renew it"])
    port.pass_time(27 * DAY)
    watch()
    equal(said.lines[-1], "client secret expires within two days: renew it")
    port.pass_time(3 * DAY)
    watch()
    inside("client secret has expired: renew it", said.lines[-1])
