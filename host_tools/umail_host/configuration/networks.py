"""Says which fixed addresses of a board cannot work together: its own, its router's, their mask."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def sentences(value: Mapping[str, Any]) -> list[str]:
    """Return what is wrong; ``value`` is the checked configuration."""
    section = value["network"]
    address, gateway = section.get("address"), section.get("gateway")
    if not address or not gateway:
        return []
    mask = section.get("mask") or "255.255.255.0"
    try:
        own, router = ipaddress.IPv4Interface(f"{address}/{mask}"), ipaddress.IPv4Address(gateway)
    except ValueError:
        return [f'"network.mask" is {mask}, which is not a mask: give one such as 255.255.255.0.']
    if router not in own.network:
        return [
            f'"network.gateway" is {router}, which is not in the network {own.network} of "network.address" {own.ip}: '
            "nothing would leave the board; give the router's address there, or another mask."
        ]
    if router == own.ip:
        return [f'"network.address" is {own.ip}, and so is "network.gateway": give the board an address of its own.']
    if own.network.prefixlen < 31 and own.ip in (own.network.network_address, own.network.broadcast_address):
        return [f'"network.address" is {own.ip}, which stands for all of {own.network}: give another.']
    return []
