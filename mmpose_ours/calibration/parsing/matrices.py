"""Rigid transforms as 3x4 or 4x4 matrices of a file."""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.parsing.node import Node

# Of the last row: more than the rounding of a matrix that was inverted.
TOLERANCE = 1e-6


def rigid(node: Node, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and translation (3,) of a matrix.

    Args:
        node: A matrix of 3 or 4 rows of 4, or its 12 or 16 numbers row by row.
        what: From what to what it leads, for messages.

    Raises:
        CalibrationError: It has another shape, or its last row is not ``0 0 0 1``.
    """
    matrix = node.one_of((12, 16), f'a 3x4 or 4x4 matrix, {what}').reshape(-1, 4)
    if matrix.shape[0] == 4 and np.abs(matrix[3] - (0, 0, 0, 1)).max() > TOLERANCE:
        last = ' '.join(f'{value:g}' for value in matrix[3])
        node.fail(
            f'has the last row {last}',
            '0 0 0 1',
            f'a rigid transform, {what}',
            found=matrix[3].tolist(),
            expected=[0, 0, 0, 1],
        )
    return matrix[:3, :3], matrix[:3, 3]
