"""umail: mail for MicroPython boards. Every public name is loaded when it is first asked for."""

import sys
import time

__version__ = "0.1.0"

if sys.implementation.name != "micropython":
    from .names_cpython import __dir__  # noqa: F401


def load_transient(name):
    """Load the module ``umail.NAME`` for work done once or seldom: it leaves a board's RAM with the caller's use of it.

    A module that is in use already stays.
    """
    full = "umail." + name
    found = sys.modules.get(full)
    if not found:
        package, _, leaf = full.rpartition(".")
        kept = package in sys.modules
        if sys.implementation.name == "micropython":
            import gc

            # Code wants whole pieces of memory.
            gc.collect()
        found = __import__(full, None, None, (name,))
        if sys.implementation.name == "micropython" or package in ("umail.tables", "umail.certs"):
            del sys.modules[full]
            sys.modules[package].__dict__.pop(leaf, None)
            if not kept:
                # Its package came with it and goes with it.
                del sys.modules[package]
                globals().pop(package[6:], None)
    return found


def now():
    """Return the date as ``time.time()`` has it (int), None if the clock is not set: boards start in 1970 or 2000."""
    return int(time.time()) if time.gmtime()[0] >= 2025 else None


def method(self, module, name):
    """Return the function ``name`` of ``module`` as a method of ``self``; it is loaded for that, see above."""
    function = getattr(load_transient(module), name)
    return lambda *arguments: function(self, *arguments)


def __getattr__(name):
    # (MicroPython's dir() asks for every word it knows, "0" and "boot.py" among them.)
    if not name[:1].isalpha() or "." in name:
        raise AttributeError(name)
    # A public name's module bears it in small letters, but for these; a module's own name stands for the module.
    module = "umail." + name.lower()
    # (Its words, unlike those of a dict, do not stay in RAM.)
    for word in "send:blocking MailError:errors SMTP:compat Receipt:smtp.session".split():
        public, _, home = word.partition(":")
        if name == public:
            module = "umail." + home
    if sys.implementation.name == "micropython":
        import gc

        gc.collect()
    try:
        # The import binds the submodule as an attribute here on CPython; MicroPython finds it in sys.modules.
        found = __import__(module, None, None, (name,))
    except ImportError as error:
        # What is missing may also be a module that this one imports.
        if module in str(error):
            raise AttributeError(name)
        raise
    if module != "umail." + name:
        found = getattr(found, name)
    globals()[name] = found
    return found
