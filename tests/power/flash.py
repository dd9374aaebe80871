"""A flash chip in RAM for MicroPython's file systems, whose power goes at a chosen step, between writes or in one."""


class PowerCut(BaseException):
    """The power is gone. No part of the library may catch it."""


class Power:
    """Counts steps; at step ``cut`` the power goes. ``tear``: a write that is under way then stays half done."""

    def __init__(self, cut=None, tear=False):
        self.cut = cut
        self.tear = tear
        self.steps = 0
        self.gone = False

    def step(self):
        """One more step; raises PowerCut when it is the last, and at every one after it."""
        if self.gone:
            raise PowerCut()
        if self.steps == self.cut:
            self.gone = True
            raise PowerCut()
        self.steps += 1


class Flash:
    """A block device over ``data`` (bytearray), ``blocks`` of ``size`` bytes."""

    def __init__(self, data, size, power):
        self.data = data
        self.size = size
        self.power = power

    def readblocks(self, block, buffer, offset=0):
        if self.power.gone:
            raise PowerCut()
        start = block * self.size + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self._write(block * self.size + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // self.size
        if operation == 5:
            return self.size
        if operation == 6:
            self._write(argument * self.size, b"\xff" * self.size)
        return 0

    def _write(self, start, octets):
        power = self.power
        try:
            power.step()
        except PowerCut:
            if power.tear and power.steps == power.cut:
                # A torn write: the first part arrived, one byte at its edge is neither old nor new.
                power.steps += 1
                half = len(octets) // 2
                self.data[start : start + half] = octets[:half]
                self.data[start + half] = 0x5A
            raise
        self.data[start : start + len(octets)] = octets
