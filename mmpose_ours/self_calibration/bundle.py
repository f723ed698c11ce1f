"""Bundle adjustment of camera poses and 3D points by Levenberg-Marquardt steps.

Points are eliminated by the Schur complement (Triggs et al., Bundle Adjustment: A Modern
Synthesis, 2000), so that a step solves a system of 6 unknowns per camera. Intrinsics stay as they
are: observations are undistorted rays. Residuals are distances across a ray in millimetres at the
depth that the point had at the start, because the errors of a detector grow with the size of a
person in the image. Outliers are down-weighted by Geman-McClure weights, with a noise scale per
camera.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.geometry.rig import CameraRig

# Scale of the Geman-McClure weight, in standard deviations of a camera's residuals.
ROBUST_SCALE = 3.0
# Median length of a 2D normal residual, in standard deviations of one coordinate.
RAYLEIGH_MEDIAN = 1.1774
# mm. Smallest noise that is assumed, also of a perfect detector.
MIN_NOISE_MM = 0.1
MAX_STEPS = 30
# A step that lowers the cost by less than this share of it is the last one.
CONVERGED = 1e-5
FIRST_DAMPING, MOST_DAMPING = 1e-4, 1e6


@dataclasses.dataclass(frozen=True, eq=False)
class Observations:
    """Which camera sees which point where; a camera sees a point at most once.

    Args:
        camera: (N,) indices of cameras.
        point: (N,) indices of points, 0 to P - 1; every point has two observations or more.
        ray: (N, 2) undistorted ``x/z, y/z`` in the camera frame.
    """

    camera: np.ndarray
    point: np.ndarray
    ray: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Adjusted:
    """The result of a bundle adjustment.

    Args:
        R: (V, 3, 3) rotations, world to camera.
        t: (V, 3) translations in mm.
        points: (P, 3) in mm.
        residual_mm: (N, 2) residuals of the observations.
        weight: (N,) their Geman-McClure weights, 0 to 1.
    """

    R: np.ndarray
    t: np.ndarray
    points: np.ndarray
    residual_mm: np.ndarray
    weight: np.ndarray


def adjust(rig: CameraRig, points: np.ndarray, seen: Observations, free: np.ndarray) -> Adjusted:
    """Adjust the poses of cameras and the points that they see.

    The world is not fixed where all cameras are free: the caller aligns it.

    Args:
        rig: V cameras, where the adjustment starts.
        points: (P, 3) mm, finite, where the adjustment starts.
        seen: The observations.
        free: (V,) bool, the cameras whose poses are adjusted.
    """
    R = np.stack([camera.R_w2c for camera in rig])
    t = np.stack([camera.t_w2c for camera in rig])
    points = np.array(points, dtype=np.float64)
    depth = np.maximum((_in_cameras(R, t, points, seen))[:, 2], 1.0)
    residual = _residuals(R, t, points, seen, depth)
    damping = FIRST_DAMPING
    for _ in range(MAX_STEPS):
        noise = _noise(residual, seen.camera, len(rig))
        weight, cost = _weights(residual, noise)
        improved = False
        system = _Linearised(R, t, points, seen, depth, weight / noise**2, residual)
        while damping < MOST_DAMPING:
            turn, shift, move = system.step(free, damping)
            new = _apply_turns(turn, R), t + shift, points + move
            new_residual = _residuals(*new, seen, depth)
            new_cost = _weights(new_residual, noise)[1]
            if new_cost < cost:
                improved = True
                (R, t, points), residual = new, new_residual
                damping = max(damping / 5, 1e-9)
                break
            damping *= 10
        if not improved or cost - new_cost < CONVERGED * cost:
            break
    noise = _noise(residual, seen.camera, len(rig))
    return Adjusted(R, t, points, residual, _weights(residual, noise)[0])


def _in_cameras(R: np.ndarray, t: np.ndarray, points: np.ndarray, seen: Observations) -> np.ndarray:
    """(N, 3) the observed points in the frames of their cameras."""
    camera = seen.camera
    return np.einsum('nij,nj->ni', R[camera], points[seen.point]) + t[camera]


def _residuals(
    R: np.ndarray, t: np.ndarray, points: np.ndarray, seen: Observations, depth: np.ndarray
) -> np.ndarray:
    """(N, 2) mm; of a point behind its camera as large as the depth."""
    xyz_c = _in_cameras(R, t, points, seen)
    z = xyz_c[:, 2:]
    behind = z < 1.0
    residual = (xyz_c[:, :2] / np.where(behind, 1.0, z) - seen.ray) * depth[:, None]
    return np.where(behind, depth[:, None], residual)


def _noise(residual: np.ndarray, camera: np.ndarray, cameras: int) -> np.ndarray:
    """(N,) standard deviation of a coordinate of the residuals of each one's camera.

    No camera gets less than that of all: a camera whose noise could shrink would pull the points
    that two views share onto its own rays, which makes its noise shrink further.
    """
    length = np.linalg.norm(residual, axis=1)
    medians = np.array(
        [np.median(length[camera == v]) if (camera == v).any() else 0.0 for v in range(cameras)]
    )
    least = max(float(np.median(length)) / RAYLEIGH_MEDIAN, MIN_NOISE_MM)
    return np.maximum(medians / RAYLEIGH_MEDIAN, least)[camera]


def _weights(residual: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, float]:
    """(N,) weights of IRLS, and the Geman-McClure cost."""
    squared = (residual**2).sum(1) / (ROBUST_SCALE * noise) ** 2
    return 1 / (1 + squared) ** 2, float((squared / (1 + squared)).sum())


def _apply_turns(turn: np.ndarray, R: np.ndarray) -> np.ndarray:
    """Rotations (V, 3, 3) turned by vectors (V, 3) in the axes of their cameras."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(turn).as_matrix() @ R


class _Linearised:
    """The normal equations at one point, with the points' blocks apart."""

    def __init__(
        self,
        R: np.ndarray,
        t: np.ndarray,
        points: np.ndarray,
        seen: Observations,
        depth: np.ndarray,
        weight: np.ndarray,
        residual: np.ndarray,
    ):
        camera, point = seen.camera, seen.point
        turned = np.einsum('nij,nj->ni', R[camera], points[point])
        xyz_c = turned + t[camera]
        z = np.maximum(xyz_c[:, 2], 1.0)
        per_depth = depth / z
        # d(residual) / d(x_cam), (N, 2, 3)
        plane = np.zeros((len(z), 2, 3))
        plane[:, 0, 0] = plane[:, 1, 1] = per_depth
        plane[:, :, 2] = -xyz_c[:, :2] / z[:, None] * per_depth[:, None]
        by_point = plane @ R[camera]
        by_turn = np.cross(turned[:, None], plane)  # row . (w x p) = w . (p x row)
        by_camera = np.concatenate([by_turn, plane], axis=2)  # (N, 2, 6)
        weighted = by_camera * weight[:, None, None]
        cameras, count = len(R), len(points)
        self.U = _sums(weighted.transpose(0, 2, 1) @ by_camera, camera, cameras)
        self.g_camera = _sums(np.einsum('nij,ni->nj', weighted, residual), camera, cameras)
        weighted_point = by_point * weight[:, None, None]
        self.V = _sums(weighted_point.transpose(0, 2, 1) @ by_point, point, count)
        self.g_point = _sums(np.einsum('nij,ni->nj', weighted_point, residual), point, count)
        self.W = np.zeros((count, cameras, 6, 3))
        self.W[point, camera] = weighted.transpose(0, 2, 1) @ by_point

    def step(self, free: np.ndarray, damping: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Turns (V, 3), shifts (V, 3) of cameras and moves (P, 3) of points."""
        count, cameras = self.W.shape[:2]
        diagonal = np.einsum('pii->pi', self.V)
        V = self.V + (damping * diagonal + 1e-9)[:, :, None] * np.eye(3)
        inverse = np.linalg.inv(V)
        moves = -np.einsum('pij,pj->pi', inverse, self.g_point)
        turns, shifts = np.zeros((cameras, 3)), np.zeros((cameras, 3))
        if not free.any():
            return turns, shifts, moves
        W = self.W[:, free].reshape(count, -1, 3)  # (P, 6 F, 3)
        half = W @ np.linalg.cholesky(inverse)
        half = half.transpose(1, 0, 2).reshape(W.shape[1], -1)
        S = -half @ half.T
        free_rows = np.flatnonzero(free)
        for row, v in enumerate(free_rows):
            block = self.U[v] + np.diag(damping * np.diag(self.U[v]) + 1e-9)
            S[6 * row : 6 * row + 6, 6 * row : 6 * row + 6] += block
        right = -self.g_camera[free].ravel() - np.einsum('pij,pj->i', W, moves)
        # Rotations in radians beside shifts in mm: scaled to a unit diagonal.
        scale = 1 / np.sqrt(np.maximum(np.diag(S), 1e-12))
        solution = scale * np.linalg.lstsq(S * scale[:, None] * scale, scale * right, rcond=None)[0]
        moves = moves - np.einsum('pij,pj->pi', inverse, np.einsum('pkj,k->pj', W, solution))
        by_camera = solution.reshape(-1, 6)
        turns[free_rows], shifts[free_rows] = by_camera[:, :3], by_camera[:, 3:]
        return turns, shifts, moves


def _sums(values: np.ndarray, index: np.ndarray, count: int) -> np.ndarray:
    """Sums (count, ...) of the rows of values that have each index."""
    flat = values.reshape(len(values), -1)
    sums = np.stack([np.bincount(index, column, count) for column in flat.T], axis=-1)
    return sums.reshape(count, *values.shape[1:])
