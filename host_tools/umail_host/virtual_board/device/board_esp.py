"""`esp`: what boot.py files of ESP32 boards call."""


def osdebug(*level):
    pass


def flash_size():
    return 4194304
