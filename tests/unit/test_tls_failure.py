"""What a failed handshake means: the certificate, the server's own trouble, or this board's memory."""

import ssl

from check import equal, inside
from umail import Route
from umail.net.tls_failure import failed, meaning, worded

PROBLEM = getattr(ssl, "SSLError", ValueError)
UNTRUSTED = ValueError("The certificate is not correctly signed by the trusted CA")


def test_a_certificate_is_blamed_only_if_there_was_memory_to_check_it():
    for free, kind, key in ((None, "security", "cert_unknown_root"), (80000, "security", "cert_unknown_root")):
        error = meaning(UNTRUSTED, Route("h"), free)
        equal((error.stage, error.kind, error.key), ("starttls", kind, key))
    error = meaning(UNTRUSTED, Route("h"), 35000)
    equal((error.kind, error.key), ("temporary", "tls_memory"))
    inside("not correctly signed", error.text)
    inside("35000 bytes of memory were free", error.text)


def test_an_internal_error_of_the_server_is_its_own_and_passes():
    for certificate in (None, ([b"c"], b"k")):
        route = Route("h", certificate=certificate)
        error = meaning(PROBLEM(1, "[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error"), route)
        equal((error.stage, error.kind, error.key), ("starttls", "temporary", "closed"))
        inside("the server broke off with an error of its own", error.text)
        refused = PROBLEM(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
        equal(meaning(refused, route).key, "cert_refused")


def test_a_tls_without_one_suite_that_is_good_enough_is_no_fault_of_a_certificate():
    error = failed(OSError(-24192, "MBEDTLS_ERR_SSL_BAD_CONFIG"))
    equal((error.stage, error.kind, error.key), ("starttls", "configuration", "tls_too_old"))
    inside("no cipher suite with forward secrecy", error.text)
    equal(failed(ValueError("invalid cert")).key, "cert_file")


def test_numbers_without_words_as_sockets_raise_them_up_to_1_27_mean_the_same():
    cases = (
        (-0x7280, "temporary", "closed"),
        (-104, "temporary", "closed"),
        (-110, "temporary", "timeout"),
        (-0x7F00, "temporary", "tls_memory"),
        # X.509's and the big numbers' codes, added up.
        (-0x2880 - 0x10, "temporary", "tls_memory"),
        (-0x7780, "security", "tls_failed"),
        (-0x7100, "security", "tls_failed"),
    )
    for number, kind, key in cases:
        error = meaning(worded(OSError(number)), Route("h"))
        equal((number, error.stage, error.kind, error.key), (number, "starttls", kind, key))
    error = meaning(worded(OSError(-0x7780)), Route("h", certificate=([b"c"], b"k")))
    equal((error.kind, error.key), ("configuration", "cert_refused"))
