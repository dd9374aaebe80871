"""A bundle counts only as it was made: any byte changed, cut or added is refused before anything is decrypted."""

import io
import sys

if sys.implementation.name != "micropython":
    import cryptolib_cpython

    sys.modules["cryptolib"] = cryptolib_cpython
from alertnode import bundle
from alertnode.hmac256 import hmac256
from check import equal, inside, raises

KEY = bytes(range(32))
NONCE = b"\xff" * 16
# As `umail update publish` seals it (tests/host/update/test_bundles.py); the counter of the first block wraps.
WHOLE = bytes.fromhex(
    "554d41494c555031000000006ab13b80ffffffffffffffffffffffffffffffff000000b16476b50cc70ba346cc995436493f4ce999c637244c4e"
    "8a2f0cc75cd5ff1217597ae174a368b489d747be86007d17e9a6aff15ec02066669b8643373386376b9c5784a99121651f383b60715e0401e86c"
    "b14995afb6850d870ad89e67494c25eb6ef6835af356f950aaedaca9ed97df010a690b50177518643b382d98ba06557610b38e2014b4d3fae930"
    "bc99512e79dcc0b7ad6082a195d7ac01c6887cbe7693e9b45240d1a3302eb9026eac0bd15725cc7d72dc368374e95daa5eeac04ce06ef955a506"
    "e81366c45e035523b4773533cc"
)
VERSION = 1790000000


def refused(octets, key=KEY):
    return str(raises(bundle.Refused, bundle.verify, io.BytesIO(octets), len(octets), key))


def sealed(plain):
    """A bundle whose body is ``plain``, authentic whatever that is."""
    body = bundle.Body(io.BytesIO(bytes(bundle.HEAD) + plain + bytes(bundle.MAC)), len(plain) + 68, KEY, NONCE)
    body = body.take(len(plain)) if plain else b""
    head = bundle.MAGIC + VERSION.to_bytes(8, "big") + NONCE + len(body).to_bytes(4, "big")
    return head + body + hmac256(hmac256(KEY, b"update-mac"), head, body)


def opened(octets):
    file = io.BytesIO(octets)
    version, nonce = bundle.verify(file, len(octets), KEY)
    equal(version, VERSION)
    return bundle.Body(file, len(octets), KEY, nonce)


def test_what_was_sealed_is_read():
    body = opened(WHOLE)
    head = body.head()
    equal((head["board"], head["version"], head["code"]), ("240ac4c0ffee", VERSION, True))
    equal(sorted(head["secrets"]), ["mail_password"])
    equal(body.file(), ("/config.json", 8))
    equal(body.take(8), b'{"a": 1}')
    equal(body.file(), ("/lib/x.mpy", 20))
    equal(body.take(20), b"x" * 20)
    equal(body.file(), None)
    raises(bundle.Refused, body.take, 1)
    equal(bundle.name(KEY), "0a1cd24a105cf5cbda554d61.umail")


def test_it_is_read_from_any_place_on():
    plain = bytes([i % 251 for i in range(3000)])
    body = opened(sealed(plain))
    for at in (0, 1, 511, 512, 513, 1500, 2999, 7):
        body.at = at
        count = min(700, 3000 - at)
        equal(body.take(count), plain[at : at + count])


def test_every_byte_that_is_changed_is_refused():
    for at in range(len(WHOLE)):
        for change in (1, 0x80):
            # The head says what the refusal is about; which it is does not matter.
            refused(WHOLE[:at] + bytes([WHOLE[at] ^ change]) + WHOLE[at + 1 :])


def test_whatever_is_cut_off_or_added_is_refused():
    for end in range(len(WHOLE)):
        refused(WHOLE[:end])
    for more in (b"\0", b"x" * 40, WHOLE):
        inside("something was added", refused(WHOLE + more))
    refused(b"\0" * (bundle.LONGEST + 1))


def test_another_boards_key_is_refused():
    inside("was not made with this board's key", refused(WHOLE, bytes(32)))


def test_a_newer_format_is_told():
    inside("newer format", refused(b"UMAILUP3" + WHOLE[8:]))


def test_an_authentic_body_is_bounded_all_the_same():
    body = opened(sealed(b"\xff\xff{}"))
    inside("longer than 16384 bytes", str(raises(bundle.Refused, body.head)))
    body = opened(sealed(b"\0\2{}\1\0" + b"p" * 256))
    equal(body.head(), {})
    inside("path longer than 200", str(raises(bundle.Refused, body.file)))
    body = opened(sealed(b"\0\2{}\0\2/a\0\0\1\0short"))
    body.head()
    equal(body.file(), ("/a", 256))
    inside("ends too early", str(raises(bundle.Refused, body.take, 256)))
