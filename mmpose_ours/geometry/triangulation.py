"""From the same joint in several views to its place in the scene.

Points that belong together are known here; finding out which do is another task.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig

REFINEMENT_STEPS = 5


def triangulate(
    rig: CameraRig, uv: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulate points from any number of views by weighted least squares.

    A linear solution (Hartley and Zisserman, section 12.2) on undistorted rays starts
    Gauss-Newton steps that minimise the weighted reprojection error in pixels of the
    undistorted images.

    Args:
        rig: V cameras.
        uv: Pixels, (V, ..., 2); entries with weight 0 or NaN are ignored.
        weight: (V, ...) non-negative weights, for example detector scores. None is 1.

    Returns:
        ``xyz_w`` (..., 3) in millimetres and ``error_px`` (...), the weighted root mean
        square reprojection error. Both are NaN where fewer than two views have a point (a
        pixel that no ray of the lens reaches is none), and where the rays meet behind a
        camera that has it: such rays belong to no one point.

    Raises:
        InputError: The number of views is not that of the cameras.

    Examples:
        >>> from mmpose_ours import Camera, CameraRig
        >>> places = [(-3000, -3000, 2000), (3000, -3000, 2000), (0, 3000, 2000)]
        >>> rig = CameraRig(tuple(
        ...     Camera.looking_at(f'cam{i}', place, (0, 0, 1000), 800, (1280, 720))
        ...     for i, place in enumerate(places)
        ... ))
        >>> uv, valid = rig.project(np.array([[100.0, 200.0, 1500.0]]))
        >>> uv.shape  # views, points, u and v
        (3, 1, 2)
        >>> xyz_mm, error_px = triangulate(rig, uv, valid)
        >>> xyz_mm.round(3).tolist(), error_px.round(3).tolist()
        ([[100.0, 200.0, 1500.0]], [0.0])
    """
    uv = np.asarray(uv, dtype=np.float64)
    views, batch = uv.shape[0], uv.shape[1:-1]
    if views != len(rig):
        raise InputError(
            f'{views} views of points for a rig of {len(rig)} cameras',
            code='wrong-shape',
            found=views,
            expected=len(rig),
        )
    weight = np.ones(uv.shape[:-1]) if weight is None else np.asarray(weight, dtype=np.float64)
    known = (weight > 0) & np.isfinite(uv).all(-1)
    flat = zip(rig, uv.reshape(views, -1, 2), known.reshape(views, -1))
    rays = np.stack([camera.normalise_points(points, of) for camera, points, of in flat])
    reached = np.isfinite(rays).all(-1)
    rays = np.where(reached[..., None], rays, 0.0)
    weight = np.where(reached, weight.reshape(views, -1), 0.0)
    R = np.stack([c.R_w2c for c in rig])
    t = np.stack([c.t_w2c for c in rig])
    focal = np.stack([c.K[[0, 1], [0, 1]] for c in rig])

    enough = (weight > 0).sum(0) >= 2
    xyz = _linear(rays, R, t, weight)
    for _ in range(REFINEMENT_STEPS):
        xyz = _gauss_newton_step(xyz, rays, R, t, focal, weight)
    xyz_c = np.einsum('vij,nj->vni', R, xyz) + t[:, None]
    depth = np.where(np.abs(xyz_c[..., 2:]) < 1e-6, 1e-6, xyz_c[..., 2:])
    residual = (xyz_c[..., :2] / depth - rays) * focal[:, None]
    total = np.maximum(weight.sum(0), 1e-12)
    error = np.sqrt((weight * (residual**2).sum(-1)).sum(0) / total)
    behind = ((weight > 0) & (xyz_c[..., 2] <= 0)).any(0)
    lost = ~enough | behind
    xyz[lost], error[lost] = np.nan, np.nan
    return xyz.reshape(*batch, 3), error.reshape(batch)


def _linear(rays: np.ndarray, R: np.ndarray, t: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Homogeneous linear triangulation; (V, N, 2) rays to (N, 3) points."""
    scale = np.abs(t).max() or 1.0  # millimetres beside unit rotations condition badly
    P = np.concatenate([R, t[..., None] / scale], axis=-1)
    rows = rays[..., None] * P[:, None, 2:3] - P[:, None, :2]  # (V, N, 2, 4)
    rows = rows * np.sqrt(weight)[..., None, None]
    system = rows.transpose(1, 0, 2, 3).reshape(rows.shape[1], 2 * len(rows), 4)
    solution = np.linalg.svd(system, full_matrices=True)[2][:, -1]
    w = solution[:, 3:]
    return solution[:, :3] / np.where(np.abs(w) < 1e-12, 1e-12, w) * scale


def _gauss_newton_step(
    xyz: np.ndarray,
    rays: np.ndarray,
    R: np.ndarray,
    t: np.ndarray,
    focal: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    xyz_c = np.einsum('vij,nj->vni', R, xyz) + t[:, None]
    depth = np.where(np.abs(xyz_c[..., 2]) < 1e-6, 1e-6, xyz_c[..., 2])
    projected = xyz_c[..., :2] / depth[..., None]
    residual = (projected - rays) * focal[:, None]
    # d(x/z)/dX = (R_row - (x/z) R_z) / z
    jacobian = (R[:, None, :2] - projected[..., None] * R[:, None, 2:]) / depth[..., None, None]
    jacobian = jacobian * focal[:, None, :, None]
    normal = np.einsum('vn,vnij,vnik->njk', weight, jacobian, jacobian)
    gradient = np.einsum('vn,vnij,vni->nj', weight, jacobian, residual)
    ridge = 1e-12 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-12
    step = np.linalg.solve(normal + ridge * np.eye(3), gradient[..., None])[..., 0]
    # A step longer than the distance to the cameras is not a refinement.
    return np.where(np.linalg.norm(step, axis=-1, keepdims=True) < 1e4, xyz - step, xyz)
