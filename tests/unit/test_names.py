"""The package's public names, on either interpreter."""

import umail
from check import equal, raises


def test_what_the_package_lacks_is_an_attribute_error():
    for name in ("Foo", "foo", "_private"):
        equal(hasattr(umail, name), False)
        raises(AttributeError, getattr, umail, name)


def test_a_receipt_and_every_class_can_be_imported():
    from umail import SMTP, Attachment, Client, MailError, Message, Outbox, Receipt, Route, send

    for name in (Attachment, Client, MailError, Message, Outbox, Receipt, Route, SMTP, send):
        equal(callable(name), True)
