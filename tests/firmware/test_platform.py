"""Files of the node are whole or count as none, whatever a power cut or a file system did to them."""

import os

from alertnode import platform
from check import equal, scratch

PATH = scratch("kept")


def clean():
    for path in (PATH, PATH + ".new"):
        platform.remove(path)


def put(path, octets):
    with open(path, "wb") as file:
        file.write(octets)


def stored(data):
    platform.write(PATH, data)
    with open(PATH, "rb") as file:
        return file.read()


def test_what_is_written_is_read_and_replaced():
    try:
        for data in (b"", b"one", b"two\n\n", bytes(range(256))):
            platform.write(PATH, data)
            equal(platform.read(PATH), data)
            equal(platform.exists(PATH + ".new"), False)
    finally:
        clean()


def test_a_damaged_file_counts_as_none_wherever_it_is_cut_or_changed():
    try:
        whole = stored(b"12345678")
        for cut in range(len(whole)):
            put(PATH, whole[:cut])
            equal(platform.read(PATH), None, cut)
        for at in range(len(whole)):
            put(PATH, whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
            equal(platform.read(PATH), None, at)
        equal(platform.read(PATH + "-missing"), None)
        put(PATH, b"{}")
        equal((platform.read(PATH), platform.read(PATH, bare=True)), (None, b"{}"))
    finally:
        clean()


def test_more_than_its_bound_counts_as_none():
    try:
        platform.write(PATH, b"x" * 100)
        equal(platform.read(PATH, 99), None)
        equal(platform.read(PATH, 100), b"x" * 100)
    finally:
        clean()


def test_a_power_cut_between_removal_and_renaming_leaves_the_new_content():
    try:
        whole = stored(b"new")
        os.rename(PATH, PATH + ".new")
        equal(platform.read(PATH), b"new")
        put(PATH + ".new", whole[:-1])
        equal(platform.read(PATH), None)
    finally:
        clean()
