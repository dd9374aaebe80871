"""What an ESP32 prints of its resets, and their numbers."""

from __future__ import annotations

PWRON, HARD, WDT, DEEPSLEEP, SOFT = 1, 2, 3, 4, 5  # machine.reset_cause()
_RESETS = {PWRON: b"0x1 (POWERON_RESET)", HARD: b"0xc (SW_CPU_RESET)", WDT: b"0xc (SW_CPU_RESET)"}
_RESETS[DEEPSLEEP] = b"0x5 (DEEPSLEEP_RESET)"
_BOOT = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:%s,boot:%s\r\n"
DOWNLOAD = _BOOT % (_RESETS[PWRON], b"0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))") + b"waiting for download\r\n"
WATCHDOG = (
    "E (%d) task_wdt: Task watchdog got triggered. The following tasks/users did not reset the watchdog in time:\r\n"
    "E (%d) task_wdt:  - mpy_machine_wdt (CPU 0)\r\nRebooting...\r\n"
)
FAILED_START = "the interpreter ended while the board started: is its heap of %d bytes too small?\r\n"


def boot(cause: int) -> bytes:
    """Return what the ROM prints at a start after a reset of that ``cause``."""
    return _BOOT % (_RESETS[cause], b"0x13 (SPI_FAST_FLASH_BOOT)")
