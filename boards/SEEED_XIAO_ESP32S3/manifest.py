"""Freezes library and firmware for SEEED_XIAO_ESP32S3: FROZEN_MANIFEST=…/boards/SEEED_XIAO_ESP32S3/manifest.py."""

include("$(PORT_DIR)/boards/manifest.py")
include("../../lib/manifest.py")
include("../../firmware/manifest.py")
