"""An action of one's own: a module ``outputs.KIND`` with ``act(event)``, which lies beside the node."""


class Part:
    """Stands for the driver of the type ``kind``."""

    def __init__(self, kind):
        self._kind = kind

    def Driver(self, config, node):
        """Return the driver."""
        return Driver(self._kind)


class Driver:
    """Calls ``act(event)`` of the module, which is loaded at the first event; what it raises, the node reports."""

    def __init__(self, kind):
        self._kind = kind

    def act(self, event):
        """Hand the event on."""
        from alertnode.sensors.own import load

        load("outputs", self._kind).act(event)
