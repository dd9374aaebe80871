"""Gives each mail of a board that has a fleet key the header that says how it is; what makes that does not stay."""


def make(node, sensors):
    """Return what an Outbox calls before it sends a mail; ``sensors`` is that section of the configuration."""
    of = None
    for name in sensors:
        if sensors[name]["type"] == "battery":
            of = name
    used = [0, 0]

    def before_send(message):
        from alertnode import unload

        try:
            from alertnode import secrets, status

            if node.mailer.flushed:
                # Moves the next heartbeat to its hour, of which the status tells.
                node.mailer.flushed()
            status.sign(message, node, of, used, secrets.get("fleet_key"))
        except Exception as error:
            # The mail counts more than what goes along with it.
            node.log.show("the mail goes without its status: %r" % error)
        unload("status", "hmac256", "secrets")

    return before_send
