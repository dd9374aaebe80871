"""Freezes library and firmware for M5STACK_ATOM: FROZEN_MANIFEST=…/boards/M5STACK_ATOM/manifest.py."""

include("$(PORT_DIR)/boards/M5STACK_ATOM/manifest.py")
include("../../lib/manifest.py")
include("../../firmware/manifest.py")
