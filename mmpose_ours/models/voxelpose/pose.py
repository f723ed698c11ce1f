"""A person's pose: the feature volume around a proposal, and the soft-argmax of each joint."""

from __future__ import annotations

import math
from typing import Any, Sequence

import torch
from torch import Tensor, nn

from mmpose_ours.models.ops.projection import TorchRig, box_points
from mmpose_ours.models.ops.unprojection import (
    cube_samples,
    sample_heatmaps,
    sampling_grid,
    sum_samples,
)
from mmpose_ours.models.ops.v2v import V2VNet
from mmpose_ours.models.voxelpose.center import check_bins


class PoseRegressor(nn.Module):
    """Estimates joints inside a cube around each proposal; people are a batch.

    Args:
        num_joints: Joints, also the channels of the heatmaps.
        bins: Voxels of the cube along x, y and z, multiples of 4.
        size_mm: Edge length of the cube.
        heatmap_size: (width, height) of the heatmaps.
        beta: Sharpness of the soft-argmax.
        shortcut: Whether the net corrects the feature volume instead of replacing it. The
            feature volume has peaks near the joints before training, so that training takes a
            fraction of the steps (with a smaller ``beta``, about 20). Has no weights. False is
            the published model, for checkpoints of MMPose 0.x.
        net: Further arguments of :class:`~mmpose_ours.models.ops.v2v.V2VNet`.
    """

    def __init__(
        self,
        num_joints: int,
        bins: Sequence[int],
        size_mm: float,
        heatmap_size: tuple[int, int],
        beta: float = 100.0,
        shortcut: bool = False,
        **net: Any,
    ):
        super().__init__()
        self.bins, self.size_mm, self.beta = check_bins(bins), float(size_mm), beta
        self.shortcut = shortcut
        self.num_joints, self.heatmap_size = num_joints, tuple(heatmap_size)
        self.pose_net = V2VNet(num_joints, num_joints, **net)

    def volumes(self, heatmaps: Tensor, rig: TorchRig, centers_w: Tensor) -> Tensor:
        """Feature volumes of people of one frame.

        Args:
            heatmaps: (V, J, H, W).
            rig: The V cameras, on the heatmaps' device.
            centers_w: (P, 3) proposals in millimetres.

        Returns:
            (P, J, X, Y, Z).
        """
        people = len(centers_w)
        if heatmaps.device.type == 'cpu':
            samples = cube_samples(rig, centers_w, self.size_mm, self.bins, self.heatmap_size)
            values = sum_samples(heatmaps, samples, people * math.prod(self.bins))
            return values.view(people, *self.bins, self.num_joints).permute(0, 4, 1, 2, 3)
        points = box_points(centers_w, centers_w.new_full((3,), self.size_mm), self.bins)
        grid, seen = sampling_grid(rig, points.view(-1, 3), self.heatmap_size)
        return sample_heatmaps(heatmaps, grid, seen).view(-1, people, *self.bins).transpose(0, 1)

    def forward(self, volumes: Tensor, centers_w: Tensor) -> Tensor:
        """Feature volumes (P, J, X, Y, Z) around centres (P, 3) to joints (P, J, 3) in mm."""
        logits = self.pose_net(volumes)
        if self.shortcut:
            logits = logits + volumes
        logits = logits.flatten(2)
        probability = torch.softmax(self.beta * logits, dim=2).view(-1, self.num_joints, *self.bins)
        # Expected position along each axis from its marginal, which needs no (P, J, N, 3) product.
        offset = [
            (probability.sum(dim=tuple({2, 3, 4} - {2 + axis}))
             * torch.linspace(-0.5, 0.5, n, device=probability.device)).sum(-1)
            for axis, n in enumerate(self.bins)
        ]  # fmt: skip
        return centers_w[:, None] + torch.stack(offset, dim=-1) * self.size_mm
