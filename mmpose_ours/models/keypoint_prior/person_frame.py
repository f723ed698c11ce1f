"""The person frame: poses in coordinates that are aligned with the person."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from mmpose_ours.structures.skeleton import Skeleton

# People whose trunk has a smaller sine of elevation lie or are upside down: 20 degrees. And the
# height at which their hips are put, that of standing people.
MIN_UPRIGHT, HIPS_MM = 0.34, 930.0


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

    def to_person_frame(self, points: Tensor) -> Tensor:
        """Points (N, K, 3) in the frame of the rays to the person frame."""
        return (points + self.shift[:, None]) @ self.rotation.transpose(1, 2)

    def from_person_frame(self, points: Tensor) -> Tensor:
        """Points (N, K, 3) in the person frame to the frame of the rays."""
        return points @ self.rotation - self.shift[:, None]

    def __getitem__(self, index: Tensor) -> PoseEstimates:
        return PoseEstimates(*(part[index] for part in vars(self).values()))


class PersonFrame:
    """Computes the person frame from joints.

    Args:
        joints: The skeleton.
    """

    def __init__(self, joints: Skeleton):
        self.hips = joints.index('left_hip', 'right_hip')
        self.shoulders = joints.index('left_shoulder', 'right_shoulder')
        self.left, self.right = (
            joints.index(*(f'{side}_{name}' for name in ('shoulder', 'hip')))
            for side in ('left', 'right')
        )

    def uprighting(self, poses: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Rotations that make people stand whose trunks are far from vertical.

        Args:
            poses: (N, J, 3).
            known: (N, J) which joints may be used.

        Returns:
            ``rotation`` (N, 3, 3), the identity for others, and ``lying`` (N,) whether a person
            is one of those.
        """
        ends = torch.stack([poses[:, pair].mean(1) for pair in (self.shoulders, self.hips)])
        trunk = torch.nn.functional.normalize(ends[0] - ends[1], dim=-1)
        usable = known[:, self.shoulders].all(1) & known[:, self.hips].all(1)
        lying = usable & (trunk[:, 2] < MIN_UPRIGHT)
        identity = torch.eye(3, device=poses.device).expand(len(poses), 3, 3)
        if not lying.any():
            return identity, lying
        return torch.where(lying[:, None, None], rotation_onto_z(trunk), identity), lying

    def heading(self, poses: Tensor, known: Tensor) -> Tensor:
        """(N,) angle in radians, about z, of the direction from a person's right to its left.

        Args:
            poses: (N, J, 3).
            known: (N, 2) whether the pair of shoulders and the pair of hips may be used.
        """
        right_to_left = (poses[:, self.left] - poses[:, self.right])[..., :2]
        right_to_left = (right_to_left * known[..., None]).sum(1)
        return torch.atan2(right_to_left[:, 1], right_to_left[:, 0])

    @torch.no_grad()
    def with_poses(self, estimates: PoseEstimates, poses: Tensor) -> PoseEstimates:
        """The estimates with other poses (N, J, 3), and with the person frames of these."""
        known = poses.new_ones(poses.shape[:2], dtype=torch.bool)
        shift, rotation = self.of_joints(poses, known, estimates.shift[:, 2])
        return dataclasses.replace(estimates, poses=poses, shift=shift, rotation=rotation)

    def of_joints(self, poses: Tensor, known: Tensor, up_shift: Tensor) -> tuple[Tensor, Tensor]:
        """``shift`` (N, 3) and ``rotation`` (N, 3, 3) of person frames.

        Args:
            poses: (N, J, 3).
            known: (N, J) which joints may be used.
            up_shift: (N,) minus the height of the floor, for people who are upright.
        """
        count = known.sum(1)
        hips = known[:, self.hips].all(1)
        mean = (poses * known[..., None]).sum(1) / count.clamp_min(1)[:, None]
        center = torch.where(hips[:, None], poses[:, self.hips].mean(1), mean)
        upright, lying = self.uprighting(poses, known)
        sides = known[:, self.left] & known[:, self.right]
        heading = self.heading(poses @ upright.transpose(1, 2), sides)
        shift = torch.cat([-center[:, :2], up_shift[:, None]], 1)
        # The hips of people who lie come to (0, 0, HIPS_MM).
        lifted = upright.transpose(1, 2)[:, :, 2] * HIPS_MM - center
        shift = torch.where(lying[:, None], lifted, shift)
        return shift, rotation_from_heading(heading) @ upright


def rotation_onto_z(directions: Tensor) -> Tensor:
    """(N, 3, 3) smallest rotations that turn unit vectors (N, 3) to +z; of -z, one about x."""
    x, y, z = directions.unbind(-1)
    down = z < -0.9999
    factor = 1 / (1 + z).clamp_min(1e-4)
    entries = [1 - x * x * factor, -x * y * factor, -x, -x * y * factor, 1 - y * y * factor, -y]
    rotation = torch.stack([*entries, x, y, z], -1).view(-1, 3, 3)
    over = torch.diag(directions.new_tensor([1.0, -1.0, -1.0]))
    return torch.where(down[:, None, None], over, rotation)


def rotation_from_heading(heading: Tensor) -> Tensor:
    """(N, 3, 3) rotations about z that turn the direction ``heading`` (N,), in radians, to +x."""
    cos, sin, zero = heading.cos(), heading.sin(), torch.zeros_like(heading)
    entries = [cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1]
    return torch.stack(entries, -1).view(-1, 3, 3)
