"""Joints of a part from rays and the lengths of its segments together, by Gauss-Newton.

Letters of dimensions: N items (a person's part), J joints, S segments. The joint of the body that a
part hangs on, the anchor, is behind the last joint and stays where it is.
"""

from __future__ import annotations

import numpy as np

# Standard deviation of a segment around its person's length, as a share of it.
STIFFNESS = 0.02
# mm. Standard deviation of the distance between a hand's root and the wrist.
ROOT_STD_MM = 15.0
STEPS = 6


def solve_with_lengths(
    A: np.ndarray,
    b: np.ndarray,
    start: np.ndarray,
    anchor: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    root: int | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise ``sum x A x - 2 b x + sum ((|x_c - x_a| - length) / (STIFFNESS * length))^2``.

    Args:
        A: (N, J, 3, 3) normal equations of the rays, mm^-2.
        b: (N, J, 3) their right side.
        start: (N, J, 3) the joints without lengths, mm; what is NaN stays so.
        anchor: (N, 3) mm; NaN where it is missing.
        ends: (S, 2) indices of each segment's joints; J is the anchor.
        lengths: (N, S) mm; NaN where nothing is known.
        root: The joint that is the anchor under another name, if there is one.

    Returns:
        Joints (N, J, 3) and their covariances (N, J, 3, 3).
    """
    count, joints = start.shape[:2]
    points = np.concatenate([start, anchor[:, None]], axis=1)
    known = np.isfinite(points).all(-1)
    x = np.where(known[..., None], points, 0.0)
    held = known[:, ends].all(-1) & np.isfinite(lengths)
    length = np.where(held, lengths, 1.0)
    tension = np.where(held, (STIFFNESS * length) ** -2, 0.0)
    missing = ~known[:, :-1]
    A = np.where(missing[..., None, None], np.eye(3), A)
    b = np.where(missing[..., None], 0.0, b)
    if root is not None:
        hold = np.where(known[:, root] & known[:, -1], ROOT_STD_MM**-2, 0.0)
        A[:, root] += hold[:, None, None] * np.eye(3)
        b[:, root] += hold[:, None] * x[:, -1]
    incidence = np.zeros((len(ends), joints + 1))
    incidence[np.arange(len(ends)), ends[:, 1]] += 1
    incidence[np.arange(len(ends)), ends[:, 0]] -= 1
    incidence = incidence[:, :joints]
    couples = np.einsum('sa,sc->sac', incidence, incidence).reshape(len(ends), -1)
    diagonal = np.arange(joints)
    for _ in range(STEPS):
        away = x[:, ends[:, 1]] - x[:, ends[:, 0]]
        now = np.maximum(np.sqrt((away * away).sum(-1)), 1e-6)
        u = away / now[..., None]
        stiff = (tension[..., None, None] * u[..., :, None] * u[..., None, :]).reshape(count, -1, 9)
        H = (stiff.transpose(0, 2, 1) @ couples).reshape(count, 3, 3, joints, joints)
        H = np.ascontiguousarray(H.transpose(0, 3, 1, 4, 2))
        H[:, diagonal, :, diagonal] += A.transpose(1, 0, 2, 3)
        pull = (tension * (now - length))[..., None] * u
        gradient = (A @ x[:, :-1, :, None])[..., 0] - b + incidence.T @ pull
        H = H.reshape(count, 3 * joints, 3 * joints)
        step = np.linalg.solve(H, gradient.reshape(count, -1, 1))
        x[:, :-1] -= step.reshape(count, joints, 3)
    inverse = np.linalg.inv(H).reshape(count, joints, 3, joints, 3)
    covariance = inverse[:, diagonal, :, diagonal].transpose(1, 0, 2, 3)
    return np.where(known[:, :-1, None], x[:, :-1], np.nan), covariance
