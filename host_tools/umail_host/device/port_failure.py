"""Finds out why a serial port can't be opened, and says how to fix it."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit

_LISTED = "`umail boards` lists the ports with boards"


def reason(port: str) -> str:
    """Return what hinders, as the second half of a sentence."""
    if "://" in port:
        return _of_network(port)
    if sys.platform == "win32":
        return f"is it the right one, and does no other program use it? {_LISTED}"
    return _of_device(port)


def listens(port: str) -> bool:
    """Tell whether there is a server at an ``rfc2217://HOST:PORT``."""
    return urlsplit(port).scheme == "rfc2217" and not _unreachable(port)


def _of_network(port: str) -> str:
    if urlsplit(port).scheme != "rfc2217":
        return "write a device, such as /dev/ttyUSB0 or COM3, or rfc2217://HOST:PORT"
    return _unreachable(port) or "the server is there, but another program uses the port, or it does not speak RFC 2217"


def _unreachable(port: str) -> str:
    try:
        address = urlsplit(port)
        host, number = address.hostname, address.port
    except ValueError:
        host = number = None
    if not host or not number:
        return "write it as rfc2217://HOST:PORT, such as rfc2217://10.0.0.7:4000"
    try:
        socket.create_connection((host, number), 1).close()
    except socket.gaierror:
        return f"no address is known of {host}; is the name right?"
    except ConnectionRefusedError:
        return f"nothing listens there; does the RFC 2217 server run on {host}?"
    except OSError as error:
        return f"{host} can't be reached ({error.strerror or error}); is it on, and does a firewall block it?"
    return ""


def _of_device(port: str) -> str:
    path = Path(port)
    try:
        found = path.stat()
    except OSError:
        if port == path.name and Path("/dev", port).exists():
            return f"there is no such port; did you mean /dev/{port}?"
        return f"there is no such port; {_LISTED}, and if it lists none, look at the cable, which must carry data"
    if not stat.S_ISCHR(found.st_mode):
        return f"it is not a port; {_LISTED}"
    if not os.access(path, os.R_OK | os.W_OK):
        return _forbidden(found)
    if not _is_terminal(path):
        return f"it is not a serial port; {_LISTED}"
    return f"{_user(path) or 'another program'} uses it; close that first"


def _forbidden(found: os.stat_result) -> str:
    import grp

    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    if group == "root" or not found.st_mode & stat.S_IWGRP:
        return "you don't have permission to use it; ask the administrator of this computer"
    return f"you are not in its group; run sudo usermod -aG {group} $USER, then log out and in again"


def _is_terminal(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return True  # one in exclusive use, above all
    try:
        return os.isatty(file)
    finally:
        os.close(file)


def _user(path: Path) -> str:
    """Return the program that has ``path`` open, if /proc tells."""
    device = os.path.realpath(path)
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(os.readlink(link) == device for link in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().split(b"\0")
                names = [Path(os.fsdecode(word)).name for word in words[:3]]
                name = next((name for name in names if not name.startswith(("python", "-"))), names[0])
                return f"{name} (process {process.name})"
        except OSError:
            continue
    return ""
