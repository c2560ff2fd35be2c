"""The array types that the statistics take and give."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
CountArray: TypeAlias = NDArray[np.int64]
SideArray: TypeAlias = NDArray[np.int8]
"""+1 above, -1 below, 0 neither."""
BoolArray: TypeAlias = NDArray[np.bool_]
ReasonArray: TypeAlias = NDArray[np.str_]
"""One value of `Reason` for each position."""

__all__ = ["ArrayLike", "BoolArray", "CountArray", "FloatArray", "ReasonArray", "SideArray"]
