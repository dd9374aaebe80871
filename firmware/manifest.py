"""Freezes the alert node into a MicroPython firmware; a main.py or boot.py on the flash comes before the frozen one."""

package("alertnode", base_path=".")
module("boot.py", base_path=".")
module("main.py", base_path=".")
