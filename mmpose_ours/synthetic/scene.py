"""Random scenes: poses of a bank, placed in the capture volume where the cameras see them.

Many scenes are generated at a time, which shares the overhead of NumPy calls. Each scene has its
own random generator and does not depend on the scenes generated with it.

People are placed by rejection sampling: candidates have a random pose and ground position; those
that too few cameras see, or that collide with an accepted person, are rejected.
"""

from __future__ import annotations

import dataclasses
from typing import Iterable, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.draws import Draws, to_index
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

# Candidates drawn in each round, per wanted person.
CANDIDATES_PER_PERSON = 6
# Of these the number that is tested first; the others only if too few are accepted.
FIRST_PER_PERSON = 3
MAX_ROUNDS = 20
# A joint of one person is at least this far from every joint of another.
JOINT_CLEARANCE_MM = 80.0
_TRUNK = ('left_hip', 'right_hip', 'left_shoulder', 'right_shoulder')


@dataclasses.dataclass(frozen=True, eq=False)
class SceneSampler:
    """Samples scenes: poses of a bank, placed in a capture volume.

    Args:
        rig: The cameras; their image sizes must be known.
        space: The capture volume; it contains the mid-hips of all people.
        bank: The pose bank.
        people: (minimum, maximum) number of people in a scene, uniformly distributed. A scene has
            fewer if a whole round of candidates is rejected.
        min_views: A person is visible to at least this many cameras.
        seen_share: Fraction of the known joints inside the image from which on a person is visible
            to a camera.
        close_share: Probability that a candidate is placed ``close_mm`` from another person.
        close_mm: (minimum, maximum) ground distance to that person, uniformly distributed.
        clearance_mm: Minimum distance between the trunk centres of two people.
        size_spread: Poses are scaled by a factor from 1 - size_spread to 1 + size_spread,
            uniformly distributed.

    Raises:
        InputError: The rig has fewer than ``min_views`` cameras, or ``people`` is not
            0 <= minimum <= maximum.
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
                f'min_views is {self.min_views}, but the rig has only '
                f'{len(self.rig)} ({", ".join(self.rig.names)}); add cameras',
                code='no-data',
                found=list(self.rig.names),
                expected=self.min_views,
            )

    def sample(self, rng: np.random.Generator) -> Scene:
        """Sample one scene; the same generator state gives the same scene.

        Raises:
            InputError: No position in the capture volume is visible to ``min_views`` cameras.
        """
        return self.sample_many([rng]).split()[0]

    def sample_many(self, rngs: Sequence[np.random.Generator]) -> Crowd:
        """Sample one scene per generator: the same scenes as :meth:`sample`, but faster.

        Raises:
            InputError: No position in the capture volume is visible to ``min_views`` cameras.
        """
        draws = Draws(rngs)
        minimum, maximum = self.people
        one_each = np.ones(len(draws), dtype=int)
        wanted = minimum + to_index(draws.uniform(one_each), maximum - minimum + 1)
        placed = Crowd.empty(len(draws), self.bank.skeleton)
        unfinished = wanted > 0
        for _ in range(MAX_ROUNDS):
            if not unfinished.any():
                break
            before = placed.counts
            candidate_counts = np.where(unfinished, CANDIDATES_PER_PERSON * wanted, 0)
            placed = self._place_round(draws, candidate_counts, wanted, placed)
            # A scene is full if it has the minimum and a whole round of candidates was rejected.
            full = (placed.counts == before) & (before >= max(minimum, 1))
            unfinished &= (placed.counts < wanted) & ~full
        if (placed.counts[wanted > 0] == 0).any():
            raise InputError(
                f'no position in the capture volume around {self.space.center_mm} mm (size '
                f'{self.space.size_mm} mm) is visible to {self.min_views} cameras; '
                'check the space and the calibration',
                code='no-data',
                found={'center_mm': self.space.center_mm, 'size_mm': self.space.size_mm},
                expected=self.min_views,
            )
        return placed

    def _place_round(
        self, draws: Draws, candidate_counts: np.ndarray, wanted: np.ndarray, placed: Crowd
    ) -> Crowd:
        """Draw candidates, and add in order those that do not collide, until there are enough.

        Args:
            draws: Random numbers of S scenes.
            candidate_counts: (S,) number of candidates to draw in each scene.
            wanted: (S,) number of people that each scene should have.
            placed: The people placed before.

        Returns:
            The people placed before and in this round.
        """
        scene = np.repeat(np.arange(len(draws)), candidate_counts)
        first_row = np.cumsum(candidate_counts) - candidate_counts
        candidate = np.arange(len(scene)) - first_row[scene]  # index within the scene
        # Uniform random numbers of C candidates: pose, mirror, size, yaw (4, C); ground position
        # x and y (2, C); and placement near another person (4, C).
        drawn = draws.uniform(candidate_counts, 10).T
        pose_draws, ground_draws, close_draws = drawn[:4], drawn[4:6], drawn[6:]
        lower, upper = self.space.lower_mm[:2], self.space.upper_mm[:2]
        ground = lower + ground_draws.T * (upper - lower)
        ground = self._move_close(ground, scene, candidate, close_draws, placed)
        first = candidate < FIRST_PER_PERSON * wanted[scene]
        for part in (first, ~first):
            rows = np.flatnonzero(part & (placed.counts < wanted)[scene])
            if rows.size:
                pool = placed.joined(
                    self._candidates(pose_draws[:, rows], ground[rows], scene[rows], len(draws))
                )
                placed = pool.take(self._without_collisions(pool, wanted))
        return placed

    def _candidates(
        self, pose_draws: np.ndarray, ground: np.ndarray, scene: np.ndarray, scenes: int
    ) -> Crowd:
        """Candidates inside the capture volume that are visible to enough cameras.

        Args:
            pose_draws: (4, N) uniform draws, see :meth:`_poses`.
            ground: (N, 2) ground positions, x and y in mm.
            scene: (N,) scene indices.
            scenes: S.
        """
        poses, visible = self._poses(*pose_draws)
        poses[..., :2] += ground[:, None]
        inside = np.flatnonzero(self.space.contains(self.bank.skeleton.root_of(poses)))
        poses, visible, scene = poses[inside], visible[inside], scene[inside]
        seen = self.rig.sees(poses) & visible
        needed = self.seen_share * np.count_nonzero(visible, axis=-1)
        views = (np.count_nonzero(seen, axis=-1) >= needed).sum(0)
        crowd = Crowd(poses, visible, scene, scenes, self.bank.skeleton)
        return crowd.take(views >= self.min_views)

    def _poses(
        self, pose: np.ndarray, mirror: np.ndarray, size: np.ndarray, yaw: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Poses of the bank, mirrored with probability 1/2, scaled, and rotated about z.

        Args:
            pose: (N,) uniform draws of the index in the bank.
            mirror: (N,) uniform draws; below 1/2 is mirrored.
            size: (N,) uniform draws of the scale.
            yaw: (N,) uniform draws of the rotation.

        Returns:
            (N, J, 3) joints in mm, the mid-hips above the origin and the floor at z = 0; and
            (N, J) bool, the joints that are known.
        """
        index = to_index(pose, len(self.bank))
        poses, visible = self.bank.poses[index], self.bank.visible[index]
        mirrored, flipped = np.flatnonzero(mirror < 0.5), self.bank.skeleton.flip_order
        poses[mirrored] = poses[mirrored][:, flipped] * (1, -1, 1)
        visible[mirrored] = visible[mirrored][:, flipped]
        poses *= (1 + self.size_spread * (2 * size - 1))[:, None, None]
        c, s = np.cos(2 * np.pi * yaw)[:, None], np.sin(2 * np.pi * yaw)[:, None]
        x, y = poses[..., 0], poses[..., 1]
        poses[..., 0], poses[..., 1] = c * x - s * y, s * x + c * y
        return poses, visible

    def _move_close(
        self,
        ground: np.ndarray,
        scene: np.ndarray,
        candidate: np.ndarray,
        close_draws: np.ndarray,
        placed: Crowd,
    ) -> np.ndarray:
        """Move some candidates close to a person placed before, or to the first candidate.

        Args:
            ground: (C, 2) ground positions in mm.
            scene: (C,) scene indices, ascending.
            candidate: (C,) index of the candidate within its scene; candidate 0 stays.
            close_draws: (4, C) uniform draws: whether to move, to which person, distance, heading.
            placed: The people placed before.

        Returns:
            (C, 2) ground positions in mm.
        """
        move_draw, target_draw, distance_draw, heading_draw = close_draws
        first_row = np.arange(len(scene)) - candidate
        placed_counts = placed.counts[scene]
        # Index placed_counts stands for the first candidate of the scene.
        target = to_index(target_draw, placed_counts + 1)
        targets = np.concatenate([self.bank.skeleton.root_of(placed.poses)[:, :2], ground])
        target_row = np.where(
            target < placed_counts, placed.starts[scene] + target, len(placed) + first_row
        )
        nearest, farthest = self.close_mm
        distance_mm = nearest + distance_draw * (farthest - nearest)
        heading = 2 * np.pi * heading_draw
        offset = distance_mm[:, None] * np.stack([np.cos(heading), np.sin(heading)], -1)
        moved = (move_draw < self.close_share) & (candidate > 0)
        return np.where(moved[:, None], targets[target_row] + offset, ground)

    def _without_collisions(self, pool: Crowd, wanted: np.ndarray) -> np.ndarray:
        """Accept people in order, unless they collide with one accepted before.

        Vectorised over the scenes: step k decides about the k-th person of every scene.

        Args:
            pool: N people, those placed before first in each scene.
            wanted: (S,) number of people to accept in each scene.

        Returns:
            (N,) bool.
        """
        collisions = _Collisions(pool.joints_first, pool.skeleton.index(*_TRUNK))
        accepted, rejected = np.zeros((2, len(pool)), dtype=bool)
        accepted_counts = np.zeros_like(wanted)
        for index in range(pool.counts.max(initial=0)):
            scenes = np.flatnonzero((pool.counts > index) & (accepted_counts < wanted))
            if not scenes.size:
                break
            rows = pool.starts[scenes] + index
            rows = rows[~rejected[rows]]
            accepted[rows] = True
            accepted_counts[pool.scene[rows]] += 1
            pairs = np.stack(pool.pairs(rows))
            first, second = pairs[:, ~rejected[pairs[1]]]
            rejected[second] = collisions.test(first, second, self.clearance_mm)
        return accepted


class _Collisions:
    """Collision test between people.

    Args:
        joints: (3, J, N) in mm.
        trunk: Indices of the joints whose mean is the trunk's centre.
    """

    def __init__(self, joints: np.ndarray, trunk: Sequence[int]):
        self.joints = joints
        self.low, self.high = joints.min(1), joints.max(1)
        self.trunk = joints[:, trunk].mean(1)

    def test(self, first: np.ndarray, second: np.ndarray, clearance_mm: float) -> np.ndarray:
        """Whether people collide, for M pairs of indices ``first`` (M,) and ``second`` (M,).

        Returns:
            (M,) bool: the trunk centres are nearer than ``clearance_mm``, or two joints are nearer
            than :data:`JOINT_CLEARANCE_MM`.
        """
        collide = _length2(self.trunk[:, first] - self.trunk[:, second]) < clearance_mm**2
        box_gap = np.maximum(
            self.low[:, first] - self.high[:, second], self.low[:, second] - self.high[:, first]
        ).max(0)
        # Joints are compared only if the bounding boxes are within JOINT_CLEARANCE_MM.
        near = np.flatnonzero(~collide & (box_gap < JOINT_CLEARANCE_MM))
        one, other = self.joints[..., first[near]], self.joints[..., second[near]]
        gaps = (a[:, None] - b for a, b in zip(one, other))
        collide[near] = (_length2(gaps) < JOINT_CLEARANCE_MM**2).any((0, 1))
        return collide


def _length2(xyz: Iterable[np.ndarray]) -> np.ndarray:
    """Squared length of vectors (3, ...)."""
    x, y, z = xyz
    return x * x + y * y + z * z
