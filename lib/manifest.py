"""Freezes the whole library, certificates and advice too, into a MicroPython firmware: it then runs from flash."""

package("umail", base_path=".")
