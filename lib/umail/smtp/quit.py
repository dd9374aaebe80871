"""A connection that is kept takes leave of its server (RFC 5321, 4.1.1.10)."""


def quit(session):
    """Say QUIT (generator); the driver bounds how long its reply is waited for."""
    session.stage = "quit"
    session.enter("over")
    return (yield from session.command(b"QUIT"))


def close(delivery):
    """QUIT, waited for no longer than a second, and close (generator)."""
    session = delivery.session
    if delivery.connected and session.in_step:
        yield ("limit", 1)
        try:
            yield from quit(session)
        except Exception:  # noqa: S110
            # What was sent is sent; the server's farewell changes nothing.
            pass
    yield from delivery.hang_up()
