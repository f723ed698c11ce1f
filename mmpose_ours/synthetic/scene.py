"""People in a room: poses placed where the rig can see them.

Scenes are made many at a time. Each has a generator of its own, so that a scene is the same
whatever is made beside it, while NumPy's cost per call is shared.
"""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np

from mmpose_ours.cameras import CameraRig, CaptureSpace
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.draws import Draws, choose
from mmpose_ours.synthetic.pose_bank import PoseBank

COCO17 = JOINT_SETS['coco17']
CANDIDATES_PER_PERSON = 6
ATTEMPTS = 20
JOINT_CLEARANCE_MM = 80.0
_TRUNK = COCO17.index('left_hip', 'right_hip', 'left_shoulder', 'right_shoulder')


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
        return self.sample_many([rng]).split()[0]

    def sample_many(self, rngs: Sequence[np.random.Generator]) -> Crowd:
        """Draw one scene per generator: the same ones as :meth:`sample`, much faster.

        Raises:
            ValueError: Nobody could be placed: the cameras do not share the space.
        """
        draws = Draws(rngs)
        fewest, most = self.people
        every = np.ones(len(draws), dtype=int)
        wanted = fewest + choose(draws.uniform(every), most - fewest + 1)
        placed = Crowd.nobody(len(draws))
        still_open = wanted > 0
        for _ in range(ATTEMPTS):
            if not still_open.any():
                break
            before = placed.counts
            tried = np.where(still_open, CANDIDATES_PER_PERSON * wanted, 0)
            pool = placed.joined(self._candidates(draws, tried, placed))
            placed = pool.take(self._welcome(pool, wanted))
            # A whole round of candidates may have found no room beside those who are there.
            full = (placed.counts == before) & (before >= max(fewest, 1))
            still_open &= (placed.counts < wanted) & ~full
        if (placed.counts[wanted > 0] == 0).any():
            raise ValueError(
                f'no place in the space around {self.space.center_mm} mm (size '
                f'{self.space.size_mm} mm) where {self.min_views} cameras see a person; '
                'check the space and the calibration'
            )
        return placed

    def _candidates(self, draws: Draws, tried: np.ndarray, placed: Crowd) -> Crowd:
        """Turned, scaled and mirrored poses at random places that enough cameras see.

        Args:
            draws: Of S scenes.
            tried: (S,) how many candidates each scene draws; those that fail drop out.
            placed: Who is there already.
        """
        scene = np.repeat(np.arange(len(draws)), tried)
        pose, mirror, size, yaw, x, y, *joining = draws.uniform(tried, 10).T
        poses, visible = self._bodies(pose, mirror < 0.5, size, yaw)
        lower, upper = self.space.lower_mm[:2], self.space.upper_mm[:2]
        ground = lower + np.stack([x, y], -1) * (upper - lower)
        poses[..., :2] += self._joined_ground(ground, scene, tried, joining, placed)[:, None]

        inside = np.flatnonzero(self.space.contains(COCO17.root_of(poses)))
        seen = self.rig.sees(poses[inside]) & visible[inside]
        needed = self.seen_share * np.count_nonzero(visible[inside], axis=-1)
        views = (np.count_nonzero(seen, axis=-1) >= needed).sum(0)
        rows = inside[views >= self.min_views]
        return Crowd(poses[rows], visible[rows], scene[rows], len(draws))

    def _bodies(self, pose, mirror, size, yaw) -> tuple[np.ndarray, np.ndarray]:
        """(N, 17, 3) poses of the bank and (N, 17) what is known of them, from (N,) draws."""
        index = choose(pose, len(self.bank))[:, None]
        joints = np.where(mirror[:, None], COCO17.flip_order, np.arange(17))
        poses, visible = self.bank.poses[index, joints], self.bank.visible[index, joints]
        poses *= (1 + self.size_spread * (2 * size - 1))[:, None, None]
        c, s = np.cos(2 * np.pi * yaw)[:, None], np.sin(2 * np.pi * yaw)[:, None]
        x, y = poses[..., 0], poses[..., 1] * np.where(mirror, -1, 1)[:, None]
        poses[..., 0], poses[..., 1] = c * x - s * y, s * x + c * y
        return poses, visible

    def _joined_ground(self, ground, scene, tried, joining, placed: Crowd) -> np.ndarray:
        """(N, 2) places on the floor after some candidates have joined somebody.

        Half a scene's candidates may already stand beside each other: they choose among those
        who are there and the scene's first candidate.
        """
        joins, whom, away, heading = joining
        first = np.cumsum(tried) - tried
        there = placed.counts[scene]
        chosen = choose(whom, there + 1)
        spots = np.concatenate([COCO17.root_of(placed.poses)[:, :2], ground])
        spot = np.where(chosen < there, placed.starts[scene] + chosen, len(placed) + first[scene])
        nearest, farthest = self.close_mm
        away = nearest + away * (farthest - nearest)
        heading = 2 * np.pi * heading
        step = away[:, None] * np.stack([np.cos(heading), np.sin(heading)], -1)
        joins = (joins < self.close_share) & (np.arange(len(scene)) != first[scene])
        return np.where(joins[:, None], spots[spot] + step, ground)

    def _welcome(self, pool: Crowd, wanted: np.ndarray) -> np.ndarray:
        """Choose in order whoever finds room beside those chosen before: (N,) bool.

        All scenes take their turns together: first everybody's first person, and so on.
        """
        joints_first = np.ascontiguousarray(np.swapaxes(pool.poses, 0, 1))
        low, high = joints_first.min(0), joints_first.max(0)
        chosen, blocked = np.zeros((2, len(pool)), dtype=bool)
        number = np.zeros_like(wanted)
        for turn in range(pool.counts.max(initial=0)):
            scenes = np.flatnonzero((pool.counts > turn) & (number < wanted))
            if not scenes.size:
                break
            rows = pool.starts[scenes] + turn
            rows = rows[~blocked[rows]]
            chosen[rows] = True
            number[pool.scene[rows]] += 1
            pairs = np.stack(pool.pairs(rows))
            first, second = pairs[:, ~blocked[pairs[1]]]
            blocked[second] = self._clash(pool.poses, low, high, first, second)
        return chosen

    def _clash(self, poses, low, high, first, second) -> np.ndarray:
        """Whether trunks are too close or a joint is inside another body: (M,) bool.

        Args:
            poses: (N, 17, 3).
            low: (N, 3) smallest corner of the box around each body.
            high: (N, 3) largest corner.
            first: (M,) rows of one person each.
            second: (M,) rows of the other.
        """
        apart = np.maximum(low[first] - high[second], low[second] - high[first]).max(-1)
        # Bodies are compared only where the boxes around them nearly touch.
        clash = apart < max(JOINT_CLEARANCE_MM, self.clearance_mm)
        near = np.flatnonzero(clash)
        one, other = poses[first[near]], poses[second[near]]
        trunk2 = _distance2(one[:, _TRUNK].mean(1), other[:, _TRUNK].mean(1))
        joint2 = _distance2(one[:, :, None], other[:, None]).reshape(-1, 17 * 17).min(-1)
        clash[near] = (trunk2 < self.clearance_mm**2) | (joint2 < JOINT_CLEARANCE_MM**2)
        return clash


def _distance2(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distance of points (..., 3)."""
    x, y, z = (a[..., axis] - b[..., axis] for axis in range(3))
    return x * x + y * y + z * z
