"""People in a room: poses placed where the rig can see them.

Scenes are made many at a time. Each has a generator of its own, so that a scene is the same
whatever is made beside it, while NumPy's cost per call is shared.
"""

from __future__ import annotations

import dataclasses
from typing import Iterable, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.draws import Draws, choose
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

COCO17 = SKELETONS['coco17']
CANDIDATES_PER_PERSON = 6
# So many of them are looked at first, the others only where these do not suffice.
FIRST_PER_PERSON = 3
ATTEMPTS = 20
JOINT_CLEARANCE_MM = 80.0
_TRUNK = COCO17.index('left_hip', 'right_hip', 'left_shoulder', 'right_shoulder')


@dataclasses.dataclass(frozen=True, eq=False)
class SceneSampler:
    """Places people of a bank in a capture volume.

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
    space: CaptureVolume
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
            raise InputError(
                f'people must be (fewest, most) with 0 <= fewest <= most, got {self.people}',
                code='out-of-range',
                found=self.people,
                expected=('fewest', 'most'),
            )
        if len(self.rig) < self.min_views:
            raise InputError(
                f'people must be seen by {self.min_views} cameras, but the rig has only '
                f'{len(self.rig)} ({", ".join(self.rig.names)}); add cameras',
                code='no-data',
                found=list(self.rig.names),
                expected=self.min_views,
            )

    def sample(self, rng: np.random.Generator) -> Scene:
        """Draw one scene; the same generator state gives the same scene.

        Raises:
            InputError: Nobody could be placed: the cameras do not share the space.
        """
        return self.sample_many([rng]).split()[0]

    def sample_many(self, rngs: Sequence[np.random.Generator]) -> Crowd:
        """Draw one scene per generator: the same ones as :meth:`sample`, much faster.

        Raises:
            InputError: Nobody could be placed: the cameras do not share the space.
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
            placed = self._admitted(draws, tried, wanted, placed)
            # A whole round of candidates may have found no room beside those who are there.
            full = (placed.counts == before) & (before >= max(fewest, 1))
            still_open &= (placed.counts < wanted) & ~full
        if (placed.counts[wanted > 0] == 0).any():
            raise InputError(
                f'no place in the space around {self.space.center_mm} mm (size '
                f'{self.space.size_mm} mm) where {self.min_views} cameras see a person; '
                'check the space and the calibration',
                code='no-data',
                found={'center_mm': self.space.center_mm, 'size_mm': self.space.size_mm},
                expected=self.min_views,
            )
        return placed

    def _admitted(
        self, draws: Draws, tried: np.ndarray, wanted: np.ndarray, placed: Crowd
    ) -> Crowd:
        """Add those of a round of candidates who find room, in order, until enough are there.

        Args:
            draws: Of S scenes.
            tried: (S,) how many candidates each scene draws.
            wanted: (S,) how many people each scene should have.
            placed: Who is there already.

        Returns:
            The crowd of who is there then.
        """
        scene = np.repeat(np.arange(len(draws)), tried)
        place = np.arange(len(scene)) - (np.cumsum(tried) - tried)[scene]
        drawn = draws.uniform(tried, 10).T
        lower, upper = self.space.lower_mm[:2], self.space.upper_mm[:2]
        ground = lower + drawn[4:6].T * (upper - lower)
        ground = self._joined_ground(ground, scene, place, drawn[6:], placed)
        first = place < FIRST_PER_PERSON * wanted[scene]
        for part in (first, ~first):
            rows = np.flatnonzero(part & (placed.counts < wanted)[scene])
            if rows.size:
                pool = placed.joined(
                    self._candidates(drawn[:4, rows], ground[rows], scene[rows], len(draws))
                )
                placed = pool.take(self._welcome(pool, wanted))
        return placed

    def _candidates(
        self, drawn: np.ndarray, ground: np.ndarray, scene: np.ndarray, scenes: int
    ) -> Crowd:
        """Turned, scaled and mirrored poses at (N, 2) places, of those whom cameras see."""
        poses, visible = self._bodies(*drawn)
        poses[..., :2] += ground[:, None]
        inside = np.flatnonzero(self.space.contains(COCO17.root_of(poses)))
        poses, visible, scene = poses[inside], visible[inside], scene[inside]
        seen = self.rig.sees(poses) & visible
        needed = self.seen_share * np.count_nonzero(visible, axis=-1)
        views = (np.count_nonzero(seen, axis=-1) >= needed).sum(0)
        return Crowd(poses, visible, scene, scenes).take(views >= self.min_views)

    def _bodies(
        self, pose: np.ndarray, mirror: np.ndarray, size: np.ndarray, yaw: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(N, 17, 3) poses of the bank and (N, 17) what is known of them, from (N,) draws."""
        index = choose(pose, len(self.bank))
        poses, visible = self.bank.poses[index], self.bank.visible[index]
        mirrored = np.flatnonzero(mirror < 0.5)
        poses[mirrored] = poses[mirrored][:, COCO17.flip_order] * (1, -1, 1)
        visible[mirrored] = visible[mirrored][:, COCO17.flip_order]
        poses *= (1 + self.size_spread * (2 * size - 1))[:, None, None]
        c, s = np.cos(2 * np.pi * yaw)[:, None], np.sin(2 * np.pi * yaw)[:, None]
        x, y = poses[..., 0], poses[..., 1]
        poses[..., 0], poses[..., 1] = c * x - s * y, s * x + c * y
        return poses, visible

    def _joined_ground(
        self,
        ground: np.ndarray,
        scene: np.ndarray,
        place: np.ndarray,
        joining: np.ndarray,
        placed: Crowd,
    ) -> np.ndarray:
        """(N, 2) places on the floor after some candidates have joined somebody.

        Half a scene's candidates may already stand beside each other: they choose among those
        who are there and the scene's first candidate.
        """
        joins, whom, away, heading = joining
        first = np.arange(len(scene)) - place
        there = placed.counts[scene]
        chosen = choose(whom, there + 1)
        spots = np.concatenate([COCO17.root_of(placed.poses)[:, :2], ground])
        spot = np.where(chosen < there, placed.starts[scene] + chosen, len(placed) + first)
        nearest, farthest = self.close_mm
        away = nearest + away * (farthest - nearest)
        heading = 2 * np.pi * heading
        step = away[:, None] * np.stack([np.cos(heading), np.sin(heading)], -1)
        joins = (joins < self.close_share) & (place > 0)
        return np.where(joins[:, None], spots[spot] + step, ground)

    def _welcome(self, pool: Crowd, wanted: np.ndarray) -> np.ndarray:
        """Choose in order anybody who finds room beside those chosen before: (N,) bool.

        All scenes take their turns together: first everybody's first person, and so on.
        """
        bodies = _Bodies(pool.joints_first)
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
            blocked[second] = bodies.clash(first, second, self.clearance_mm)
        return chosen


class _Bodies:
    """Whether two of N people, joints (3, 17, N), are in each other's way."""

    def __init__(self, joints: np.ndarray):
        self.joints = joints
        self.low, self.high = joints.min(1), joints.max(1)
        self.trunk = joints[:, _TRUNK].mean(1)

    def clash(self, first: np.ndarray, second: np.ndarray, clearance_mm: float) -> np.ndarray:
        """Whether trunks are too close or a joint is inside another body, of (M,) pairs."""
        clash = _length2(self.trunk[:, first] - self.trunk[:, second]) < clearance_mm**2
        apart = np.maximum(
            self.low[:, first] - self.high[:, second], self.low[:, second] - self.high[:, first]
        ).max(0)
        # Joints are compared only where the boxes around two bodies nearly touch.
        near = np.flatnonzero(~clash & (apart < JOINT_CLEARANCE_MM))
        one, other = self.joints[..., first[near]], self.joints[..., second[near]]
        gaps = (a[:, None] - b for a, b in zip(one, other))
        clash[near] = (_length2(gaps) < JOINT_CLEARANCE_MM**2).any((0, 1))
        return clash


def _length2(xyz: Iterable[np.ndarray]) -> np.ndarray:
    """Squared length of vectors whose axis comes first."""
    x, y, z = xyz
    return x * x + y * y + z * z
