"""People in a room: poses placed where the rig can see them."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.cameras import CameraRig, CaptureSpace
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic.pose_bank import PoseBank

COCO17 = JOINT_SETS['coco17']
CANDIDATES_PER_PERSON = 6
ATTEMPTS = 20


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """People of one instant.

    Args:
        poses: (P, 17, 3) world joints in millimetres.
        visible: (P, 17) bool, False where a joint's place is unknown.
    """

    poses: np.ndarray
    visible: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class SceneSampler:
    """Places people of a bank in a capture space.

    Args:
        rig: The site's cameras; their image sizes must be known.
        space: Where people may be.
        bank: The poses to choose from.
        people: (fewest, most) people in a scene, drawn evenly; fewer come where no room is
            left.
        min_views: A person is placed only where this many cameras see most of the body.
        seen_share: The share of joints inside an image for a camera to count.
        close_share: Probability that a person joins another at ``close_mm``.
        close_mm: (nearest, farthest) distance of a person who joins another.
        clearance_mm: Smallest distance between the trunks of two people.
        size_spread: Bodies are scaled by 1 plus or minus up to this share.

    Raises:
        ValueError: The rig has fewer than ``min_views`` cameras, or ``people`` is no range.
    """

    rig: CameraRig
    space: CaptureSpace
    bank: PoseBank
    people: tuple[int, int] = (1, 5)
    min_views: int = 2
    seen_share: float = 0.6
    close_share: float = 0.3
    close_mm: tuple[float, float] = (450.0, 1000.0)
    clearance_mm: float = 380.0
    size_spread: float = 0.12

    def __post_init__(self) -> None:
        if not 0 <= self.people[0] <= self.people[1]:
            raise ValueError(
                f'people must be (fewest, most) with 0 <= fewest <= most, got {self.people}'
            )
        if len(self.rig) < self.min_views:
            raise ValueError(
                f'people must be seen by {self.min_views} cameras, but the rig has only '
                f'{len(self.rig)} ({", ".join(self.rig.names)}); add cameras'
            )

    def sample(self, rng: np.random.Generator) -> Scene:
        """Draw one scene; the same generator state gives the same scene.

        Raises:
            ValueError: Nobody could be placed: the cameras do not share the space.
        """
        wanted = int(rng.integers(self.people[0], self.people[1] + 1))
        poses, visible = np.zeros((0, 17, 3)), np.zeros((0, 17), dtype=bool)
        for _ in range(ATTEMPTS):
            before = len(poses)
            if before == wanted:
                break
            candidates, seen = self._candidates(rng, CANDIDATES_PER_PERSON * wanted, poses)
            for pose, vis in zip(candidates, seen):
                if len(poses) < wanted and self._has_room(pose, poses):
                    poses, visible = np.append(poses, pose[None], 0), np.append(visible, [vis], 0)
            if len(poses) == before and before >= max(self.people[0], 1):
                break  # a whole round of candidates found no room beside those who are there
        if not len(poses) and wanted:
            raise ValueError(
                f'no place in the space around {self.space.center_mm} mm (size '
                f'{self.space.size_mm} mm) where {self.min_views} cameras see a person; '
                'check the space and the calibration'
            )
        return Scene(poses, visible)

    def _candidates(self, rng, count: int, placed: np.ndarray):
        """Turned, scaled and mirrored poses at random places that enough cameras see."""
        index = rng.integers(len(self.bank), size=count)
        poses, visible = self.bank.poses[index].copy(), self.bank.visible[index].copy()
        mirror = rng.random(count) < 0.5
        poses[mirror] = poses[mirror][:, COCO17.flip_order] * (1, -1, 1)
        visible[mirror] = visible[mirror][:, COCO17.flip_order]
        poses *= rng.uniform(1 - self.size_spread, 1 + self.size_spread, (count, 1, 1))
        yaw = rng.uniform(0, 2 * np.pi, count)
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
        poses[..., :2] = np.einsum('nij,nkj->nki', turn, poses[..., :2])

        ground = rng.uniform(self.space.lower_mm[:2], self.space.upper_mm[:2], (count, 2))
        # Half a scene's candidates may already stand beside each other.
        near = np.flatnonzero(rng.random(count) < self.close_share)
        others = np.concatenate([COCO17.root_of(placed)[:, :2], ground[:1]])
        near = near[near > 0]
        away, heading = rng.uniform(*self.close_mm, len(near)), rng.uniform(0, 6.2832, len(near))
        step = away[:, None] * np.stack([np.cos(heading), np.sin(heading)], -1)
        ground[near] = others[rng.integers(len(others), size=len(near))] + step
        poses[..., :2] += ground[:, None]

        seen = self.rig.sees(poses) & visible
        views = (seen.sum(-1) >= self.seen_share * visible.sum(-1)).sum(0)
        ok = (views >= self.min_views) & self.space.contains(COCO17.root_of(poses))
        return poses[ok], visible[ok]

    def _has_room(self, pose: np.ndarray, placed: np.ndarray) -> bool:
        """Whether trunks keep their distance and no joint is inside another body."""
        if not len(placed):
            return True
        trunk = COCO17.index('left_hip', 'right_hip', 'left_shoulder', 'right_shoulder')
        apart = np.linalg.norm(pose[trunk].mean(0) - placed[:, trunk].mean(1), axis=-1)
        joints = np.linalg.norm(pose[None, :, None] - placed[:, None], axis=-1)
        return bool(apart.min() >= self.clearance_mm and joints.min() >= 80.0)
