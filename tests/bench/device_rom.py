"""Run by MicroPython: device_umail.py with the library in a ROMFS image, whose path is the last argument.

An ESP32 has the image in flash; here it lies in the heap, and the bench takes it off.
"""

import os
import sys

import vfs

image = bytearray(os.stat(sys.argv[2])[6])
with open(sys.argv[2], "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(memoryview(image)), "/rom")
sys.path.insert(0, "/rom")
__import__("device_umail")
