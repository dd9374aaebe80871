"""umail: mail for MicroPython boards. Every public name is loaded when it is first asked for."""

__version__ = "0.1.0"

# Public name → the module that holds it; a module's own name stands for the module itself.
_NAMES = {
    "Client": "blocking",
    "send": "blocking",
    "Message": "message",
    "Attachment": "attachment",
    "Route": "route",
    "MailError": "errors",
    "Outbox": "outbox",
    "SMTP": "compat",
}


def __getattr__(name):
    if name[:1] == "_":
        raise AttributeError(name)
    module = _NAMES.get(name, name)
    try:
        # The import binds the submodule as an attribute here on CPython; MicroPython finds it in sys.modules.
        found = __import__("umail." + module, None, None, (name,))
    except ImportError:
        if module == name:
            raise AttributeError(name)
        raise
    if module != name:
        found = getattr(found, name)
    globals()[name] = found
    return found
