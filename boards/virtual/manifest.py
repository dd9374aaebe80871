"""Freezes library and firmware into MicroPython's unix port: FROZEN_MANIFEST=…/boards/virtual/manifest.py."""

include("$(PORT_DIR)/variants/manifest.py")
include("../../lib/manifest.py")
include("../../firmware/manifest.py")
