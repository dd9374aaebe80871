"""Freezes library and firmware for ESP32_GENERIC_P4: FROZEN_MANIFEST=…/boards/ESP32_GENERIC_P4/manifest.py."""

include("$(PORT_DIR)/boards/manifest.py")
include("../../lib/manifest.py")
include("../../firmware/manifest.py")
