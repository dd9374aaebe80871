"""What can go wrong in the fake server, on demand; importing the package registers it all, as in a session."""

from umail_host.fake_smtp.faults import connection, transaction  # noqa: F401
