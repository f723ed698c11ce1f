"""Positions of people: the feature volume of the capture volume, and peaks of its root volume."""

from __future__ import annotations

import math
from typing import Any, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.models.ops.projection import TorchRig, space_points
from mmpose_ours.models.ops.unprojection import (
    PixelSamples,
    point_samples,
    sample_heatmaps,
    sampling_grid,
    sum_samples,
)
from mmpose_ours.models.ops.v2v import V2VNet

# Rigs for which the projections of the voxels are cached.
KEPT_RIGS = 4


class CenterDetector(nn.Module):
    """Finds the middle of the hips of every person (VoxelPose's cuboid proposal network).

    The capture volume comes with each data sample and is not part of the weights.

    Args:
        num_joints: Channels of the heatmaps.
        bins: Voxels of the capture volume along x, y and z, multiples of 4.
        heatmap_size: (width, height) of the heatmaps.
        max_people: The most proposals per frame.
        target_sigma_mm: Standard deviation of the Gaussian peaks of the training target.
        net: Further arguments of :class:`~mmpose_ours.models.ops.v2v.V2VNet`.
    """

    def __init__(
        self,
        num_joints: int,
        bins: Sequence[int],
        heatmap_size: tuple[int, int],
        max_people: int = 10,
        target_sigma_mm: float = 200.0,
        **net: Any,
    ):
        super().__init__()
        self.bins = check_bins(bins)
        self.heatmap_size, self.max_people = tuple(heatmap_size), max_people
        self.target_sigma_mm = target_sigma_mm
        self.center_net = V2VNet(num_joints, 1, **net)
        self._sampling: dict[str, list[PixelSamples] | tuple[Tensor, Tensor]] = {}

    def volume(self, heatmaps: Tensor, rig: CameraRig, space: CaptureVolume) -> Tensor:
        """Heatmaps (V, J, H, W) of one frame to its feature volume (J, X, Y, Z)."""
        key = f'{rig.fingerprint} {space} {heatmaps.device}'
        if key not in self._sampling:
            while len(self._sampling) >= KEPT_RIGS:
                self._sampling.pop(next(iter(self._sampling)))
            # Tensors that are created in inference mode cannot be used in training.
            with torch.inference_mode(False), torch.no_grad():
                self._sampling[key] = self._make_sampling(rig, space, heatmaps.device)
        sampling = self._sampling[key]
        if isinstance(sampling, list):
            values = sum_samples(heatmaps, sampling, math.prod(self.bins))
            return values.view(*self.bins, -1).permute(3, 0, 1, 2)
        return sample_heatmaps(heatmaps, *sampling).view(-1, *self.bins)

    def _make_sampling(
        self, rig: CameraRig, space: CaptureVolume, device: torch.device
    ) -> list[PixelSamples] | tuple[Tensor, Tensor]:
        points = space_points(space, self.bins).view(-1, 3)
        arguments = TorchRig(rig, dtype=torch.float64), points, self.heatmap_size
        if device.type == 'cpu':
            return point_samples(*arguments)
        grid, seen = sampling_grid(*arguments)
        return grid.float().to(device), seen.to(device)

    def __getstate__(self) -> dict:
        """Leave the cache out of copies and pickles."""
        return {**self.__dict__, '_sampling': {}}

    def forward(self, volumes: Tensor) -> Tensor:
        """Feature volumes (B, J, X, Y, Z) to root volumes (B, X, Y, Z)."""
        return self.center_net(volumes).squeeze(1)

    def target(self, roots_w: Tensor, space: CaptureVolume) -> Tensor:
        """Training target (X, Y, Z): the maximum of Gaussians around roots (G, 3) in mm."""
        axes = [
            torch.linspace(float(lo), float(hi), n, device=roots_w.device)
            for lo, hi, n in zip(space.lower_mm, space.upper_mm, self.bins)
        ]
        result = roots_w.new_zeros(self.bins)
        for root in roots_w:
            x, y, z = (
                torch.exp(-0.5 * ((axis - c) / self.target_sigma_mm) ** 2)
                for axis, c in zip(axes, root)
            )
            result = torch.maximum(result, x[:, None, None] * y[:, None] * z)
        return result

    def peaks(self, volume: Tensor, space: CaptureVolume) -> tuple[Tensor, Tensor]:
        """Local maxima of a root volume (X, Y, Z), the highest first.

        Returns:
            ``centers_w`` (max_people, 3) in millimetres and ``scores`` (max_people,).
        """
        highest = F.max_pool3d(volume[None], 3, stride=1, padding=1)[0]
        peaks = torch.where(volume == highest, volume, torch.zeros_like(volume))
        count = min(self.max_people, peaks.numel())
        scores, index = peaks.flatten().topk(count)
        bins = torch.tensor(self.bins, device=volume.device)
        voxel = torch.stack(
            [index // (bins[1] * bins[2]), index // bins[2] % bins[1], index % bins[2]], dim=-1
        )
        lower = torch.as_tensor(space.lower_mm, dtype=torch.float32, device=volume.device)
        size = torch.tensor(space.size_mm, device=volume.device)
        return lower + voxel / (bins - 1) * size, scores


def check_bins(bins: Sequence[int]) -> tuple[int, ...]:
    """Three voxel counts that can be halved twice.

    Raises:
        InputError: They cannot.
    """
    bins = tuple(int(n) for n in bins)
    if len(bins) != 3 or any(n <= 0 or n % 4 for n in bins):
        raise InputError(
            f'a volume needs three sides that are multiples of 4, got {bins}',
            code='wrong-shape' if len(bins) != 3 else 'out-of-range',
            found=bins,
        )
    return bins
