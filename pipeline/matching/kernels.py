"""Texts read from a file at the places where they lie, without a call of Python for each."""

from __future__ import annotations

import numpy as np
from numba import njit, types

_pread = types.ExternalFunction("pread", types.intp(types.int32, types.uintp, types.uintp, types.int64))
_WORD = 4  # bytes


@njit(cache=True, nogil=True)
def read_texts(file, starts, ends, opens, out):
    """out[opens[i]:opens[i + 1]] (uint32) = the words starts[i]:ends[i] of a file; false if that fails."""
    for i in range(len(starts)):
        at = np.uintp(out.ctypes.data + _WORD * opens[i])
        start, size = _WORD * starts[i], _WORD * (ends[i] - starts[i])
        while size > 0:
            got = _pread(np.int32(file), at, np.uintp(size), start)  # type: ignore[call-overload]  # compiled
            if got <= 0:
                return False
            at += np.uintp(got)
            start += got
            size -= got
    return True
