"""Projection of world points in torch, and the centres of voxels.

The same camera models as in :mod:`mmpose_ours.geometry.camera`, for batches on a device.
"""

from __future__ import annotations

from typing import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume


class TorchRig:
    """The calibration of a rig as tensors.

    Args:
        rig: V cameras; image sizes must be known.
        device: Device of the tensors.
        dtype: Type of the tensors.

    Raises:
        InputError: An image size is unknown, or a distortion model is not implemented here.
    """

    def __init__(
        self,
        rig: CameraRig,
        device: torch.device | str = 'cpu',
        dtype: torch.dtype = torch.float32,
    ):
        for camera in rig:
            camera.need_size('in which the models look')
            if camera.lens not in ('opencv', 'fisheye') or camera.dist_full[8:].any():
                raise InputError(
                    f'camera {camera.name!r} has a {camera.lens} lens with coefficients '
                    f'{camera.dist.tolist()}, which the models cannot project through; convert '
                    'the rig with `convert-calibration ... --approximate`, or render pinhole '
                    'images with `mmpose-ours undistort`',
                    code='cannot-express',
                    camera=camera.name,
                    found=dict(lens=camera.lens, dist=camera.dist.tolist()),
                )

        def stack(values: Iterable[np.ndarray]) -> Tensor:
            return torch.as_tensor(np.stack(list(values)), dtype=dtype, device=device)

        self.K = stack(camera.K for camera in rig)
        self.R_w2c = stack(camera.R_w2c for camera in rig)
        self.t_w2c = stack(camera.t_w2c for camera in rig)
        # Fisheye lenses have their four coefficients in the first four columns.
        self.dist = stack(np.pad(c.dist_full, (0, 4))[:8] for c in rig)
        self.fisheye = torch.tensor([c.lens == 'fisheye' for c in rig], device=device)
        self.size = stack(np.array(camera.size) for camera in rig)
        self.max_radius2 = stack(np.array(camera.max_radius2) for camera in rig)
        self._any_fisheye = any(c.lens == 'fisheye' for c in rig)
        # True if no camera has lens distortion.
        self.is_pinhole = not (self._any_fisheye or any(c.dist.any() for c in rig))

    def project(self, xyz_w: Tensor) -> tuple[Tensor, Tensor]:
        """Project world points.

        Args:
            xyz_w: (N, 3) millimetres.

        Returns:
            ``uv`` (V, N, 2) pixels, 0 where not valid, and ``valid`` (V, N): before the
            camera and inside the lens model's range.
        """
        # Half precision does not suffice for coordinates in mm.
        with torch.autocast('cuda' if xyz_w.is_cuda else 'cpu', enabled=False):
            return self._project(xyz_w)

    def _project(self, xyz_w: Tensor) -> tuple[Tensor, Tensor]:
        # xyz = R X + t, one view per row of the batch
        xyz_c = torch.baddbmm(
            self.t_w2c[:, None], xyz_w.expand(len(self.K), -1, -1), self.R_w2c.transpose(1, 2)
        )
        x, y, depth = xyz_c.unbind(-1)
        in_front = depth > 0
        depth = torch.where(in_front, depth, torch.ones_like(depth))
        x, y, in_range = self.distort(x / depth, y / depth)
        valid = in_front & in_range
        uv = torch.baddbmm(
            self.K[:, None, :2, 2], torch.stack([x, y], dim=-1), self.K[:, :2, :2].transpose(1, 2)
        )
        return torch.where(valid[..., None], uv, torch.zeros_like(uv)), valid

    def distort(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Apply lens distortion to normalised image coordinates.

        Args:
            x: (V, N) undistorted coordinates x_cam / z_cam.
            y: (V, N) undistorted coordinates y_cam / z_cam.

        Returns:
            Distorted x and y, (V, N) each, and whether the point is in the valid range of the
            distortion model, (V, N).
        """
        r2 = x * x + y * y
        in_range = r2 <= self.max_radius2[:, None]
        if self.is_pinhole:
            return x, y, in_range
        distorted_x, distorted_y = self._brown_conrady(x, y, r2)
        if self._any_fisheye:
            fisheye, factor = self.fisheye[:, None], self._fisheye(r2)
            distorted_x = torch.where(fisheye, x * factor, distorted_x)
            distorted_y = torch.where(fisheye, y * factor, distorted_y)
        return distorted_x, distorted_y, in_range

    def _brown_conrady(self, x: Tensor, y: Tensor, r2: Tensor) -> tuple[Tensor, Tensor]:
        k1, k2, p1, p2, k3, k4, k5, k6 = self.dist.T[..., None]
        radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        cross = 2 * x * y
        return (
            x * radial + p1 * cross + p2 * (r2 + 2 * x * x),
            y * radial + p2 * cross + p1 * (r2 + 2 * y * y),
        )

    def _fisheye(self, r2: Tensor) -> Tensor:
        k1, k2, k3, k4 = self.dist[:, :4].T[..., None]
        # Clamped to avoid a division by zero on the optical axis.
        r = r2.clamp_min(1e-12).sqrt()
        angle = torch.atan(r)
        a2 = angle * angle
        return angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4)))) / r

    def fit(self, heatmap_size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Map from image pixels to heatmap pixels: same aspect ratio, centred (letterbox).

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


def space_points(space: CaptureVolume, bins: Sequence[int]) -> Tensor:
    """Voxel centres of a capture volume, (X, Y, Z, 3)."""
    center, size = (torch.tensor(v, dtype=torch.float64) for v in (space.center_mm, space.size_mm))
    return box_points(center, size, bins)
