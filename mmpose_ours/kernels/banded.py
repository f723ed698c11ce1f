"""Variances from a banded Cholesky factor: the diagonal of the inverse without the inverse.

Takahashi, Fagan and Chen, "Formation of a sparse bus impedance matrix", 1973: the entries of the
inverse inside the band follow from those below and to the right, so that the cost is that of the
factorisation.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.kernels.compiling import compiled


@compiled
def banded_inverse_diagonal(factor):
    """Diagonal of ``(L L^T)^-1``.

    Args:
        factor: (W + 1, N) lower band form of L: ``factor[i - j, j]`` is ``L[i, j]``.

    Returns:
        (N,).
    """
    width, count = factor.shape[0] - 1, factor.shape[1]
    # Z[d, j] is the inverse at (j + d, j).
    Z = np.zeros((width + 1, count))
    for j in range(count - 1, -1, -1):
        last = min(width, count - 1 - j)
        for d in range(last, -1, -1):
            total = 0.0
            for k in range(1, last + 1):
                low, high = min(k, d), max(k, d)
                # Where d is 0, entries (j + k, j) of this column, which are known by now.
                if d > 0:
                    total += factor[k, j] * Z[high - low, j + low]
                else:
                    total += factor[k, j] * Z[k, j]
            own = 1.0 / factor[0, j] if d == 0 else 0.0
            Z[d, j] = (own - total) / factor[0, j]
    diagonal = np.empty(count)
    for j in range(count):
        diagonal[j] = Z[0, j]
    return diagonal
