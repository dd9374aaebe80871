"""The public names of the package, for ``dir(umail)`` (not needed on a board)."""

CLASSES = ["Attachment", "Client", "MailError", "Message", "Outbox", "Receipt", "Route", "SMTP", "send"]
MODULES = ["advice", "aio", "dns", "errors", "m365", "oauth", "policy", "replies", "routes"]


def __dir__():
    """Return the public names, and those of the module itself (list of str)."""
    return sorted({*CLASSES, *MODULES, "__doc__", "__file__", "__name__", "__path__", "__version__"})
