"""A connection that is kept takes leave of its server (RFC 5321, 4.1.1.10)."""


def close(delivery):
    """QUIT, waited for no longer than a second, and close (generator)."""
    session = delivery.session
    if delivery.connected and session.in_step:
        yield ("limit", 1)
        session.stage = "quit"
        session.enter("over")
        try:
            yield from session.command(b"QUIT")
        except Exception:  # noqa: S110
            # What was sent is sent; the server's farewell changes nothing.
            pass
    yield from delivery.hang_up()
