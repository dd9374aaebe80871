"""What a time server answers is used only if it is an answer, and one that can be true (RFC 4330, 5)."""

from alertnode import sntp
from alertnode.zone import seconds
from check import equal, inside, raises

COOKIE = bytes(range(1, 9))
ASKED = sntp.request(COOKIE)


def answer(first=0x24, stratum=2, identifier=b"GPS\0", origin=COOKIE, unix=seconds(2026, 11, 24, 12), fraction=0):
    sent = (0 if unix is None else (unix + 2208988800) % (1 << 32)).to_bytes(4, "big")
    return (
        bytes((first, stratum, 6, 0xEC)) + bytes(8) + identifier + bytes(8) + origin + bytes(8) + sent
        + fraction.to_bytes(4, "big")
    )  # fmt: skip


def test_the_request_is_a_clients_of_48_bytes():
    equal((len(ASKED), ASKED[0], ASKED[40:]), (48, 0x23, COOKIE))


def test_a_good_answer_gives_the_time_with_its_fraction():
    equal(sntp.belongs(answer(), ASKED), True)
    equal(sntp.milliseconds(answer(fraction=1 << 31)), seconds(2026, 11, 24, 12) * 1000 + 500)
    equal(sntp.milliseconds(answer(unix=seconds(2037, 1, 1))), seconds(2037, 1, 1) * 1000)


def test_what_is_not_an_answer_to_this_request_is_passed_over():
    for packet in (
        b"", answer()[:47], answer(first=0x23), answer(first=0x25), answer(origin=bytes(8)),
        answer(origin=COOKIE[::-1] if hasattr(str, "isascii") else bytes(list(reversed(COOKIE)))), ASKED,
    ):  # fmt: skip
        equal(sntp.belongs(packet, ASKED), False, packet)


def test_an_answer_that_cannot_be_used_is_refused_with_the_reason():
    for packet, words, rest in (
        (answer(stratum=0, identifier=b"RATE"), "(RATE)", 3600),
        (answer(stratum=0, identifier=b"DENY"), "(DENY)", 86400),
        (answer(stratum=0, identifier=b"RS\x1b["), "(RS[)", 86400),
        (answer(stratum=16), "does not know the time", 0),
        (answer(stratum=255), "does not know the time", 0),
        (answer(first=0xE4), "does not know the time", 0),
        (answer(unix=None), "gives no time", 0),
    ):
        error = raises(ValueError, sntp.milliseconds, packet)
        inside(words, error.args[0])
        equal(error.args[1], rest)
