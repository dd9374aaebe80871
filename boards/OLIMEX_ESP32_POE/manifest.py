"""Freezes library and firmware for OLIMEX_ESP32_POE: FROZEN_MANIFEST=…/boards/OLIMEX_ESP32_POE/manifest.py."""

include("$(PORT_DIR)/boards/manifest.py")
include("../../lib/manifest.py")
include("../../firmware/manifest.py")
