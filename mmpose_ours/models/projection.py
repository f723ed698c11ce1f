"""The rig in torch: projecting points, and letting voxels collect the views' heatmaps.

The twin of :mod:`mmpose_ours.cameras` for batches on a device. Nothing here is learned.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.cameras import CameraRig, CaptureSpace

# Points sampled at once: bounds memory to points * views * joints * 4 bytes.
CHUNK = 1 << 18


class TorchRig:
    """A rig's numbers as tensors.

    Args:
        rig: V cameras; image sizes must be known.
        device: Where the tensors live.
        dtype: Their precision.
    """

    def __init__(
        self,
        rig: CameraRig,
        device: torch.device | str = 'cpu',
        dtype: torch.dtype = torch.float32,
    ):
        unsized = [camera.name for camera in rig if camera.size is None]
        if unsized:
            raise ValueError(f'the image size of camera {", ".join(unsized)} is unknown')
        for camera in rig:
            if camera.lens not in ('opencv', 'fisheye') or camera.dist_full[8:].any():
                raise ValueError(
                    f'camera {camera.name!r} has a {camera.lens} lens with coefficients '
                    f'{camera.dist.tolist()}, which the models cannot project through; convert '
                    'the rig with `convert-calibration ... --approximate`, or render pinhole '
                    'images with `mmpose-ours undistort`'
                )

        def stack(values) -> Tensor:
            return torch.as_tensor(np.stack(list(values)), dtype=dtype, device=device)

        self.K = stack(camera.K for camera in rig)
        self.R_w2c = stack(camera.R_w2c for camera in rig)
        self.t_w2c = stack(camera.t_w2c for camera in rig)
        # Fisheyes keep their four coefficients in the first four places.
        self.dist = stack(np.pad(c.dist_full, (0, 4))[:8] for c in rig)
        self.fisheye = torch.tensor([c.lens == 'fisheye' for c in rig], device=device)
        self.size = stack(np.array(camera.size) for camera in rig)
        self.max_radius2 = stack(np.array(camera.max_radius2) for camera in rig)

    def project(self, xyz_w: Tensor) -> tuple[Tensor, Tensor]:
        """Project world points.

        Args:
            xyz_w: (N, 3) millimetres.

        Returns:
            ``uv`` (V, N, 2) pixels, 0 where not valid, and ``valid`` (V, N): before the
            camera and inside the lens model's range.
        """
        # xyz = R X + t, one view per row of the batch
        xyz_c = torch.baddbmm(
            self.t_w2c[:, None], xyz_w.expand(len(self.K), -1, -1), self.R_w2c.transpose(1, 2)
        )
        depth = xyz_c[..., 2]
        in_front = depth > 0
        xy = xyz_c[..., :2] / torch.where(in_front, depth, torch.ones_like(depth))[..., None]
        r2 = (xy * xy).sum(-1)
        valid = in_front & (r2 <= self.max_radius2[:, None])
        if self.fisheye.any():
            bent = self._fisheye(xy, r2)
            xy = torch.where(self.fisheye[:, None, None], bent, self._distort(xy, r2))
        elif self.dist.any():
            xy = self._distort(xy, r2)
        uv = torch.baddbmm(self.K[:, None, :2, 2], xy, self.K[:, :2, :2].transpose(1, 2))
        return torch.where(valid[..., None], uv, torch.zeros_like(uv)), valid

    def _distort(self, xy: Tensor, r2: Tensor) -> Tensor:
        k1, k2, p1, p2, k3, k4, k5, k6 = self.dist.T[..., None]
        x, y = xy.unbind(-1)
        radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        cross = 2 * x * y
        return torch.stack(
            [
                x * radial + p1 * cross + p2 * (r2 + 2 * x * x),
                y * radial + p2 * cross + p1 * (r2 + 2 * y * y),
            ],
            dim=-1,
        )

    def _fisheye(self, xy: Tensor, r2: Tensor) -> Tensor:
        k1, k2, k3, k4 = self.dist[:, :4].T[..., None]
        # Near the axis the angle is its tangent, and r would divide by zero.
        r = r2.clamp_min(1e-12).sqrt()
        angle = torch.atan(r)
        a2 = angle * angle
        bent = angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4))))
        return xy * (bent / r)[..., None]

    def fit(self, heatmap_size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """How full images fit into heatmaps: same shape, centred (letterbox).

        Returns:
            ``scale`` (V, 1) and ``shift`` (V, 2) with ``uv_heatmap = scale * uv + shift``.
        """
        target = self.size.new_tensor(heatmap_size)
        scale = (target / self.size).amin(1, keepdim=True)
        return scale, (target - scale * self.size) / 2


def box_points(center_mm: Tensor, size_mm: Tensor, bins: Sequence[int]) -> Tensor:
    """Voxel centres of boxes; the first and last lie on the faces.

    Args:
        center_mm: (..., 3) centres.
        size_mm: (3,) edge lengths.
        bins: Voxels along x, y and z.

    Returns:
        (..., X, Y, Z, 3) world points.
    """
    steps = [torch.linspace(-0.5, 0.5, n, dtype=center_mm.dtype) for n in bins]
    offsets = torch.stack(torch.meshgrid(*steps, indexing='ij'), dim=-1).to(center_mm.device)
    return center_mm[..., None, None, None, :] + offsets * size_mm


def space_points(space: CaptureSpace, bins: Sequence[int], dtype=torch.float64) -> Tensor:
    """Voxel centres of a capture space, (X, Y, Z, 3)."""
    center, size = (torch.tensor(v, dtype=dtype) for v in (space.center_mm, space.size_mm))
    return box_points(center, size, bins)


def sampling_grid(
    rig: TorchRig, xyz_w: Tensor, heatmap_size: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Where world points lie in every view's heatmap.

    Args:
        rig: V cameras.
        xyz_w: (N, 3) points in millimetres.
        heatmap_size: (width, height).

    Returns:
        ``grid`` (V, N, 2) in ``grid_sample``'s coordinates with aligned corners, and
        ``seen`` (V, N): valid and inside the full image.
    """
    uv, valid = rig.project(xyz_w)
    inside = (uv >= 0).all(-1) & (uv < rig.size[:, None]).all(-1)
    scale, shift = rig.fit(heatmap_size)
    last = uv.new_tensor([heatmap_size[0] - 1, heatmap_size[1] - 1])
    grid = (uv * scale[:, None] + shift[:, None]) / last * 2 - 1
    return grid.clamp(-1.1, 1.1), valid & inside


def collect(heatmaps: Tensor, grid: Tensor, seen: Tensor) -> Tensor:
    """Mean of the heatmaps over the views that see each point.

    Args:
        heatmaps: (V, J, H, W) in [0, 1].
        grid: (V, N, 2) from :func:`sampling_grid`.
        seen: (V, N).

    Returns:
        (J, N); 0 where no view sees the point.
    """
    parts = []
    for start in range(0, grid.shape[1], CHUNK):
        chunk = slice(start, start + CHUNK)
        values = F.grid_sample(heatmaps, grid[:, None, chunk], align_corners=True)[:, :, 0]
        weight = seen[:, None, chunk].to(values.dtype)
        parts.append((values * weight).sum(0) / (weight.sum(0) + 1e-6))
    return torch.cat(parts, dim=1).clamp(0, 1)
