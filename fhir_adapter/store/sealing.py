"""Sealing: what must stay, but must not be read without the deployment key."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
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


def key_id_of(key: bytes) -> str:
    """First characters of the digest of a key: kept beside what it sealed, so that a key can be replaced."""
    return sha256(key).hexdigest()[:8]


class Sealer:
    """Seals with AES-256-GCM under one deployment key; what is long is compressed first.

    earlier_keys: keys that were replaced; what they sealed still opens, and nothing more is sealed under them.
    key_id: of the key that seals.
    """

    def __init__(self, key: bytes, earlier_keys: Sequence[bytes] = ()) -> None:
        for each in (key, *earlier_keys):
            if len(each) != KEY_BYTES:
                raise ValueError(f"a deployment key has {KEY_BYTES} bytes, not {len(each)}")
        self._ciphers = [AESGCM(each) for each in (key, *earlier_keys)]
        self._packing = _Packing()
        self.key_id = key_id_of(key)

    def seal(self, plain: bytes, *, bound_to: str) -> bytes:
        """Sealed bytes; they open only with the same `bound_to`, so that they cannot be moved to another row."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, self._packing.compressor.compress(plain), bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The plain bytes. Raises SealBroken when no key opens them, or the bytes were changed or moved."""
        return self._packing.decompressor.decompress(self._unsealed(sealed, bound_to))

    def reseal(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The same under the key of today. Raises SealBroken."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, self._unsealed(sealed, bound_to), bound_to.encode())

    def _unsealed(self, sealed: bytes, bound_to: str) -> bytes:
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
            except InvalidTag:
                continue
        raise SealBroken(bound_to)
