"""umail: mail for MicroPython boards. Every public name is loaded when it is first asked for."""

import sys

__version__ = "0.1.0"


def borrow(name):
    """The module ``umail.NAME`` for what is done once or seldom: it goes out of RAM when the caller lets go of it.

    A module that is in use already stays.
    """
    full = "umail." + name
    found = sys.modules.get(full)
    if not found:
        if sys.implementation.name == "micropython":
            import gc

            # Code wants whole pieces of memory.
            gc.collect()
        found = __import__(full, None, None, (name,))
        package, _, leaf = full.rpartition(".")
        del sys.modules[full]
        sys.modules[package].__dict__.pop(leaf, None)
    return found


def __getattr__(name):
    if name[:1] == "_":
        raise AttributeError(name)
    # A public name's module bears it in small letters, but for these; a module's own name stands for the module.
    module = {"Client": "blocking", "send": "blocking", "MailError": "errors", "SMTP": "compat"}.get(name, name.lower())
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
