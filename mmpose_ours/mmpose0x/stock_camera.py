"""A camera as the stock VoxelPose of MMPose 0.x takes it."""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera


def stock_camera(camera: Camera) -> dict[str, np.ndarray]:
    """Describe a camera as parameters of MMPose's ``SimpleCamera``.

    Returns:
        float32 ``R`` (3, 3) camera to world, ``T`` (3, 1) camera centre in mm, ``K`` (2, 3)
        pixels, and where the lens bends ``k`` (3,) or (6,) and ``p`` (2,).

    Raises:
        InputError: The lens is one that ``SimpleCamera`` cannot express.
    """
    stock = dict(R=camera.R_w2c.T, T=camera.center_w[:, None], K=camera.K[:2])
    dist = camera.dist_full
    if camera.lens != 'opencv' or dist[8:].any():
        what = f'a {camera.lens} lens' if camera.lens != 'opencv' else 'a thin prism or tilted lens'
        raise InputError(
            f'camera {camera.name!r} has {what}, and MMPose 0.x knows k1 to k6, p1 and p2 of '
            'OpenCV only; straighten its images first (mmpose-ours undistort), or use a config '
            'of MMPose 1.x',
            code='cannot-express',
            camera=camera.name,
            found=dict(lens=camera.lens, dist=camera.dist.tolist()),
        )
    if dist.any():
        k1, k2, p1, p2, *more = dist[:8]
        k = np.array([k1, k2, *more])
        stock.update(k=k if k[3:].any() else k[:3], p=np.array([p1, p2]))
    return {name: np.ascontiguousarray(values, np.float32) for name, values in stock.items()}
