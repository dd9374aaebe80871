"""Freezes library and firmware for RPI_PICO2_W: FROZEN_MANIFEST=…/boards/RPI_PICO2_W/manifest.py."""

include("$(MPY_DIR)/ports/rp2/boards/RPI_PICO2_W/manifest.py")
include("../../lib/manifest.py")
include("../../firmware/manifest.py")
