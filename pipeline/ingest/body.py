"""A response body is counted as it arrives, before and after decompression; nothing grows past its cap.

`gzip` and `deflate` are the codings we ask for. zlib's `max_length` bounds what one chunk can become,
so a bomb of 1:1000 costs its cap and no more.
"""

from __future__ import annotations

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


class TooLarge(ValueError):
    """The body has more bytes than allowed, as sent or decoded."""


class Truncated(ValueError):
    """The compressed body ends before its end mark."""


class Corrupt(ValueError):
    """The body is not in the coding that it claims, or its checksum is wrong."""


class Body:
    """Takes a body chunk by chunk. `sent` is what came over the wire, `content` what it decodes to.

    `coding`: the Content-Encoding. `limit`: bytes, for both. Raises `Corrupt` for an unknown coding.
    """

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Corrupt(f"Content-Encoding {coding!r} was not asked for")
        self._plain = self._coding in ("", "identity")
        self._limit = limit
        self._inflater = None if self._plain else zlib.decompressobj(self._window(b""))
        self._sent = bytearray()
        self._content = bytearray()

    @property
    def sent(self) -> bytes:
        return bytes(self._sent)

    def add(self, chunk: bytes) -> None:
        """Take the next chunk. Raises `TooLarge` or `Corrupt`."""
        if self._inflater and not self._sent and chunk:
            self._inflater = zlib.decompressobj(self._window(chunk))
        self._sent += chunk
        if len(self._sent) > self._limit:
            raise TooLarge(f"more than {self._limit} bytes")
        if self._inflater:
            self._inflate(chunk)

    def finish(self) -> bytes:
        """The decoded body. Raises `Truncated` if the compressed stream has no end."""
        if self._plain:
            return self.sent
        if self._sent and self._inflater and not self._inflater.eof:
            raise Truncated(f"{self._coding} stream ends after {len(self._sent)} bytes without its end mark")
        return bytes(self._content)

    def _window(self, start: bytes) -> int:
        if self._coding != "deflate":
            return _GZIP
        # deflate is zlib-wrapped by the standard and bare from some servers: 8 in the low nibble tells
        return zlib.MAX_WBITS if not start or start[0] & 0x0F == 8 else -zlib.MAX_WBITS

    def _inflate(self, data: bytes) -> None:
        while data and self._inflater:
            if self._inflater.eof:
                if data[0] != _GZIP_MAGIC[0]:
                    return  # padding after the stream, as gzip itself ignores it
                self._inflater = zlib.decompressobj(_GZIP)
            try:
                self._content += self._inflater.decompress(data, self._limit + 1 - len(self._content))
            except zlib.error as error:
                raise Corrupt(f"{self._coding}: {error}") from None
            if len(self._content) > self._limit:
                raise TooLarge(f"more than {self._limit} bytes after decompression")
            data = self._inflater.unused_data if self._inflater.eof else b""


def gunzipped(content: bytes, limit: int) -> bytes:
    """A `.xml.gz` document unpacked, anything else as it is. Raises `TooLarge`, `Truncated`, `Corrupt`."""
    if not content.startswith(_GZIP_MAGIC):
        return content
    body = Body("gzip", limit)
    body.add(content)
    return body.finish()
