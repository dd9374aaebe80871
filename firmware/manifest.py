"""Freezes the alert node into a MicroPython firmware; a frozen main.py comes before one on the flash.

boot.py stays out: ours does nothing, and frozen it would keep the user's from running.
"""

package("alertnode", base_path=".")
module("main.py", base_path=".")
