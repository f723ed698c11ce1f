"""The person frame: poses in coordinates that are aligned with the person."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import torch
from torch import Tensor

from mmpose_ours.models.association.rays import as_float64


@dataclasses.dataclass(frozen=True)
class PoseEstimates:
    """N estimated poses with their uncertainty, in mm, in the frame of their rays.

    The *person frame* of each is ``rotation @ (x + shift)``: the person's left is +x, its back is
    +y, and the floor is at z = 0. Of people who lie or are upside down, the trunk is +z, and the
    hips are at the height of standing people.

    Args:
        poses: (N, J, 3).
        std: (N, J, 3) standard deviation of each joint along the axes of the person frame.
        shift: (N, 3).
        rotation: (N, 3, 3), about the vertical axis; of people who lie, any.
    """

    poses: Tensor
    std: Tensor
    shift: Tensor
    rotation: Tensor

    @classmethod
    def empty(cls, like: Tensor, joints: int) -> PoseEstimates:
        """N = 0 poses, with the type and device of a tensor."""
        poses = like.new_zeros(0, joints, 3)
        return cls(poses, poses, poses[:, 0], like.new_zeros(0, 3, 3))

    def __len__(self) -> int:
        return len(self.poses)

    @functools.cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pose, standard deviation, shift and rotation as the kernels take them, in float64."""
        pose, std = as_float64(self.poses), as_float64(self.std)
        return pose, std, as_float64(self.shift), as_float64(self.rotation)

    def to_person_frame(self, points: Tensor) -> Tensor:
        """Points (N, K, 3) in the frame of the rays to the person frame."""
        return (points + self.shift[:, None]) @ self.rotation.transpose(1, 2)

    def from_person_frame(self, points: Tensor) -> Tensor:
        """Points (N, K, 3) in the person frame to the frame of the rays."""
        return points @ self.rotation - self.shift[:, None]

    def __getitem__(self, index: Tensor) -> PoseEstimates:
        parts = self.poses, self.std, self.shift, self.rotation
        return PoseEstimates(*(part[index] for part in parts))


def rotation_from_heading(heading: Tensor) -> Tensor:
    """(N, 3, 3) rotations about z that turn the direction ``heading`` (N,), in radians, to +x."""
    cos, sin, zero = heading.cos(), heading.sin(), torch.zeros_like(heading)
    entries = [cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1]
    return torch.stack(entries, -1).view(-1, 3, 3)
