"""For which host a name in a certificate stands: tried by test_certificates.py, printed in docs/faults.md.

Each row: the host that the route names, the dNSName in the certificate, what becomes of the mail on MicroPython, and on
CPython where that differs.
"""

NAME_IS_WRONG = "starttls security cert_name"
# RFC 9525, 6.3: a wildcard is the whole first label and stands for one label.
NAMES = [
    ("mail.example.com", "mail.example.com", "delivered", ""),
    ("mail.example.com", "MAIL.Example.COM", "delivered", ""),
    ("mail.example.com", "*.example.com", "delivered", ""),
    ("a.b.example.com", "*.example.com", NAME_IS_WRONG, ""),
    ("example.com", "*.example.com", NAME_IS_WRONG, ""),
    ("mail.example.com", "m*.example.com", NAME_IS_WRONG, ""),
    ("mail.example.com", "*l.example.com", NAME_IS_WRONG, ""),
    ("mail.example.com", "mail.*.com", NAME_IS_WRONG, ""),
    ("mail.example.com", "*.*.com", NAME_IS_WRONG, ""),
    ("mail.example.com", "*.com", NAME_IS_WRONG, ""),
    ("mail.example.com", "*", NAME_IS_WRONG, ""),
    # A name is compared in its whole length.
    ("mail.example.com", "mail.example.com\0.evil.example", NAME_IS_WRONG, ""),
    ("mail.example.com", "mail.example.com.evil.example", NAME_IS_WRONG, ""),
    # mbed TLS takes these; no public authority issues them (CA/Browser Forum, Baseline Requirements).
    ("example.com", "*.com", "delivered", NAME_IS_WRONG),
    ("127.0.0.1", "127.0.0.1", "delivered", NAME_IS_WRONG),
    ("127.0.0.1", "*.0.0.1", "delivered", NAME_IS_WRONG),
]
