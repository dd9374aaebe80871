"""MicroPython's cryptolib for CPython: AES in ECB, by the library of the host tools."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB


class aes:
    """As MicroPython has it; ``mode`` is 1."""

    def __init__(self, key: bytes, mode: int) -> None:
        if mode != 1:
            raise ValueError(mode)
        self._cipher = Cipher(AES(key), ECB())

    def encrypt(self, data: bytes) -> bytes:
        """Return ``data`` encrypted."""
        encryptor = self._cipher.encryptor()
        return encryptor.update(data) + encryptor.finalize()
