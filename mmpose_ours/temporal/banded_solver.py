"""The linear system of one component over consecutive frames, and its banded Cholesky solution.

Unknowns are ordered by frame, joint and axis. A second difference joins a coordinate with that of
two frames before, so the half-bandwidth is six times the number of joints, however long the track.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded

from mmpose_ours.kernels.banded import banded_inverse_diagonal

# mm^-2. Weight of the position of the step before: keeps joints without evidence where they are.
_ANCHOR = 1e-8


class Spring(NamedTuple):
    """A bone inside a component.

    Args:
        first: Its joint of smaller place in the component.
        second: The other one.
        direction: (T, 3) unit vectors from the first joint to the second.
        length_mm: Of the bone.
        precision: mm^-2.
    """

    first: int
    second: int
    direction: np.ndarray
    length_mm: float
    precision: float


def solve_component(
    A: np.ndarray,
    b: np.ndarray,
    acceleration: np.ndarray,
    springs: Sequence[Spring],
    before: np.ndarray,
    want_std: bool = False,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Minimise evidence, acceleration and bone lengths together, for fixed weights.

    Args:
        A: (T, M, 3, 3) normal equations of the evidence of M joints, mm^-2.
        b: (T, M, 3) their right side, mm^-1.
        acceleration: (T, M) weight of the squared second difference at each frame, mm^-2; those of
            the first and last frame are not used.
        springs: Bones between the joints.
        before: (T, M, 3) mm, the step before.
        want_std: Whether standard deviations are wanted.

    Returns:
        Joints (T, M, 3) mm, and the standard deviation (T, M) mm along an axis, None if not wanted.
    """
    frames, joints = b.shape[:2]
    width = 6 * joints
    band = np.zeros((width + 1, frames, joints, 3))
    right = b + _ANCHOR * before
    for row in range(3):
        for column in range(row + 1):
            band[row - column, :, :, column] += A[..., row, column]
    band[0] += _ANCHOR
    if frames > 2:
        q = acceleration[1:-1, :, None]
        band[0, :-2] += q
        band[0, 1:-1] += 4 * q
        band[0, 2:] += q
        band[3 * joints, :-2] -= 2 * q
        band[3 * joints, 1:-1] -= 2 * q
        band[width, :-2] += q
    for spring in springs:
        u, k, first, second = spring.direction, spring.precision, spring.first, spring.second
        apart = 3 * (second - first)
        for row in range(3):
            pull = k * spring.length_mm * u[:, row]
            right[:, second, row] += pull
            right[:, first, row] -= pull
            for column in range(3):
                stiff = k * u[:, row] * u[:, column]
                band[apart + row - column, :, first, column] -= stiff
                if row >= column:
                    band[row - column, :, first, column] += stiff
                    band[row - column, :, second, column] += stiff
    flat = band.reshape(width + 1, -1)
    factor = cholesky_banded(flat, overwrite_ab=True, lower=True, check_finite=False)
    solution = cho_solve_banded((factor, True), right.ravel(), check_finite=False)
    std = None
    if want_std:
        variance = banded_inverse_diagonal(np.ascontiguousarray(factor))
        std = np.sqrt(variance.reshape(frames, joints, 3).mean(-1))
    return solution.reshape(frames, joints, 3), std
