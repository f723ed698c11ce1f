"""Distances between the rays of all detections of a frame, and from 3D joints.

The letters of dimensions are those of :mod:`mmpose_ours.models.association.proposals`.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from mmpose_ours.models.association.constants import GAP_LIMIT_MM, MIN_SINE
from mmpose_ours.models.association.rays import Rays

# Stands for an infinite distance in mm (1 km): of points behind a camera, and as the sort key of
# pairs that are no hypotheses. Finite, so that no product with 0 becomes NaN.
FAR_MM = 1e6


@dataclasses.dataclass(frozen=True)
class FlatDetections:
    """The detections of all views in one dimension of D = V * P, view by view.

    Joints come before detections, so that what is computed per pair lies along memory.

    Args:
        origins: (B, D, 3) camera centre of each detection, mm.
        directions: (B, J, D, 3) unit vectors; 0 for missing joints.
        detected: (B, J, D) which joints are not missing.
        per_view: P, detections per view, padding included.
    """

    origins: Tensor
    directions: Tensor
    detected: Tensor
    per_view: int

    @classmethod
    def of(cls, rays: Rays) -> FlatDetections:
        """From rays by frame: directions (B, V, P, J, 3)."""
        per_view = rays.weights.shape[2]
        return cls(
            rays.origins.repeat_interleave(per_view, 1),
            rays.directions.flatten(1, 2).transpose(1, 2).contiguous(),
            (rays.weights > 0).flatten(1, 2).transpose(1, 2).contiguous(),
            per_view,
        )

    def closest_points_of_pairs(self, chunk: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
        """Closest points of the rays of the same joint of two detections, for all pairs.

        With origins o1, o2, unit directions a1, a2, c = a1 . a2, b1 = a1 . (o2 - o1) and
        b2 = a2 . (o1 - o2), the lines come closest at the depths t1 = (b1 + c b2) / (1 - c^2) and
        t2 = (b2 + c b1) / (1 - c^2).

        Args:
            chunk: Which detections are the first of the two; R of them.

        Returns:
            ``depth1`` (B, J, R, D), t1 in mm, the distance of the closest point from the first's
            camera along its ray, negative behind the camera; ``depth2`` (B, J, R, D), t2, the same
            along the second's ray; and ``gap`` (B, J, R, D), the ray-to-ray distance in mm, at
            most ``GAP_LIMIT_MM``; ``GAP_LIMIT_MM`` where a depth is not positive; 0 where one of
            the two lacks the joint.
        """
        a, o = self.directions, self.origins[:, None]
        a1, o1 = a[:, :, chunk], o[:, :, chunk]
        # Pluecker coordinates: the moment o x a of a line, and the reciprocal product
        # a1 . m2 + a2 . m1 of two lines, which is their distance times the sine between them.
        moment = torch.linalg.cross(o.expand_as(a), a)
        reciprocal = a1 @ moment.transpose(-1, -2)
        reciprocal = reciprocal + (a @ moment[:, :, chunk].transpose(-1, -2)).transpose(-1, -2)
        cosine = a1 @ a.transpose(-1, -2)
        sine2 = (1 - cosine * cosine).clamp_min(MIN_SINE**2)
        b1 = a1 @ o.transpose(-1, -2) - (o1 * a1).sum(-1, keepdim=True)
        b2 = a @ o1.transpose(-1, -2) - (o * a).sum(-1, keepdim=True)
        b2 = b2.transpose(-1, -2)
        depth1, depth2 = (b1 + cosine * b2) / sine2, (b2 + cosine * b1) / sine2
        both = self.detected[:, :, chunk, None] & self.detected[..., None, :]
        gap = (reciprocal.abs() * sine2.rsqrt()).clamp_max(GAP_LIMIT_MM)
        gap = torch.where((depth1 > 0) & (depth2 > 0), gap, GAP_LIMIT_MM)
        return depth1, depth2, gap * both

    def squared_distances(self, poses: Tensor) -> Tensor:
        """Squared distances of joints from the rays of the same joint.

        Args:
            poses: (B, H, J, 3) in mm.

        Returns:
            (B, J, H, D) in mm^2; ``FAR_MM ** 2`` where the joint is behind the camera.
        """
        x, o = poses.transpose(1, 2), self.origins[:, None]
        depth = x @ self.directions.transpose(-1, -2) - (o * self.directions).sum(-1)[:, :, None]
        cameras = o[:, :, :: self.per_view]
        from_camera2 = (x[..., None, :] - cameras[:, :, None]).square().sum(-1)
        distance2 = from_camera2.repeat_interleave(self.per_view, -1) - depth * depth
        return torch.where(depth > 0, distance2.clamp_min(0), FAR_MM**2)
