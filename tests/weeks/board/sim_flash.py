"""The flash chip: its power goes at a chosen write, blocks wear out, and it may refuse to read or write for a while."""

BLOCKS = 96
SIZE = 4096


class Flash:
    """The memory itself, which outlives every life of the chip.

    Attributes:
        erases (list): how often each block was erased; worn (set): blocks that no longer take what is written.
    """

    def __init__(self, world):
        self.world = world
        self.data = bytearray(b"\xff" * (BLOCKS * SIZE))
        self.erases = [0] * BLOCKS
        self.worn = []
        self.written = 0


class Device:
    """The flash as one life of the chip has it: a block device for VfsLfs2."""

    def __init__(self, flash):
        self.flash = flash
        # The life is over: what a file left open still writes goes nowhere.
        self.over = False

    def readblocks(self, block, buffer, offset=0):
        """Read; -EIO while the flash cannot be read."""
        if self.over:
            return -5
        world = self.flash.world
        world.alive()
        fault = world.faults.get("flash_read")
        if fault and world.chance.random() < fault["part"]:
            return -5
        start = block * SIZE + offset
        buffer[:] = memoryview(self.flash.data)[start : start + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        """Program: bits can only be cleared."""
        if self.over:
            return -5
        return self._change(block, offset, buffer)

    def ioctl(self, operation, argument):
        """Tell the size, or erase a block."""
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return SIZE
        if operation == 6:
            if self.over:
                return -5
            self.flash.erases[argument] += 1
            return self._change(argument, 0, b"\xff" * SIZE)
        return 0

    def _change(self, block, offset, octets):
        flash = self.flash
        world = flash.world
        start = block * SIZE + offset
        if world.step():
            if world.tear:
                # The first half arrived, a byte at its edge is neither old nor new.
                half = len(octets) // 2
                flash.data[start : start + half] = octets[:half]
                flash.data[start + half] = 0x5A
            world.chip.cut_power()
        fault = world.faults.get("flash_write")
        if fault and world.chance.random() < fault["part"]:
            return -5
        flash.written += len(octets)
        if block in flash.worn:
            # It says that it has written; LittleFS reads it back.
            return 0
        flash.data[start : start + len(octets)] = octets
        return 0
