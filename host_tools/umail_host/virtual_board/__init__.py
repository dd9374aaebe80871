"""A board without hardware: real MicroPython on LittleFS behind a serial port, in a world that obeys the host."""

from umail_host.virtual_board.board import VirtualBoard

__all__ = ["VirtualBoard"]
