"""Sealing: what must stay, but must not be read without the deployment key."""

from __future__ import annotations

import os
import threading
from hashlib import sha256

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fhir_adapter.errors import SealBroken

KEY_BYTES = 32
NONCE_BYTES = 12
ZSTD_LEVEL = 3


class _Packing(threading.local):
    """Compression for each thread: a context of zstd that two threads use at once fails, or worse."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


class Sealer:
    """Seals with AES-256-GCM under one deployment key; what is long is compressed first.

    key_id: first characters of the digest of the key, kept beside what it sealed so that a key can be replaced.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a deployment key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        self._packing = _Packing()
        self.key_id = sha256(key).hexdigest()[:8]

    def seal(self, plain: bytes, *, bound_to: str) -> bytes:
        """Sealed bytes; they open only with the same `bound_to`, so that they cannot be moved to another row."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, self._packing.compressor.compress(plain), bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The plain bytes. Raises SealBroken when the key is another, or the bytes were changed or moved."""
        try:
            packed = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
        except InvalidTag as cause:
            raise SealBroken(bound_to) from cause
        return self._packing.decompressor.decompress(packed)
