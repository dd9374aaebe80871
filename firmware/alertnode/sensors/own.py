"""A sensor of one's own: a module ``sensors.KIND`` with ``read()`` or a class ``Sensor``, beside the node's."""

import sys

from alertnode.sensors.reading import Ready


class Part:
    """Stands for the driver of the type ``kind``; the module itself is loaded when it is first read."""

    def __init__(self, kind):
        self._kind = kind

    def values(self, config):
        """Return (name, unit, None, None) of each value, as the section says; what they can be is not known."""
        return [(value[0], value[1], None, None) for value in config["values"]]

    def Driver(self, config, buses):
        """Return the driver; raises whatever the module raises."""
        return Driver(load("sensors", self._kind), config, [value[0] for value in config["values"]])


class Driver(Ready):
    """Reads by ``module.Sensor(config).read()``, or by ``module.read()``: a number, several, or a dict of them."""

    def __init__(self, module, config, names):
        source = module.Sensor(config) if hasattr(module, "Sensor") else module
        self._read = source.read
        self._names = names

    def read(self):
        """Return its values in the order of the configuration. Raises OSError if they are not as many."""
        found = self._read()
        if isinstance(found, dict):
            return tuple([found.get(name) for name in self._names])
        if not isinstance(found, (tuple, list)):
            found = (found,)
        if len(found) != len(self._names):
            raise OSError("read() gave %d values, not %d" % (len(found), len(self._names)))
        return tuple(found)


def load(package, kind):
    """Return the module ``package.kind``; raises whatever it raises, and tries again the next time."""
    name = package + "." + kind
    try:
        __import__(name)
        return sys.modules[name]
    except Exception:
        sys.modules.pop(name, None)
        raise
