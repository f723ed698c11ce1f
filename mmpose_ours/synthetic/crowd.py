"""3D poses of one scene, or of many scenes in one array."""

from __future__ import annotations

import dataclasses
import functools
from typing import Sequence

import numpy as np

from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """The people of one frame.

    Args:
        poses: (P, J, 3) joints in world coordinates, millimetres.
        visible: (P, J) bool, False for a joint whose position is unknown.
        skeleton: The J joints.
    """

    poses: np.ndarray
    visible: np.ndarray
    skeleton: Skeleton = COCO17


@dataclasses.dataclass(frozen=True, eq=False)
class Crowd:
    """The people of S scenes in one array, for vectorised operations.

    Args:
        poses: (N, J, 3) joints in world coordinates, millimetres.
        visible: (N, J) bool, False for a joint whose position is unknown.
        scene: (N,) scene index of each person, ascending.
        scenes: S, the number of scenes, empty ones included.
        skeleton: The J joints.
    """

    poses: np.ndarray
    visible: np.ndarray
    scene: np.ndarray
    scenes: int
    skeleton: Skeleton = COCO17

    def __len__(self) -> int:
        return len(self.poses)

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> Crowd:
        """Concatenate one scene or more."""
        counts = [len(scene.poses) for scene in scenes]
        return cls(
            np.concatenate([scene.poses for scene in scenes]),
            np.concatenate([scene.visible for scene in scenes]),
            np.repeat(np.arange(len(scenes)), counts),
            len(scenes),
            scenes[0].skeleton,
        )

    @classmethod
    def empty(cls, scenes: int, skeleton: Skeleton = COCO17) -> Crowd:
        """S scenes without people."""
        poses = np.zeros((0, len(skeleton), 3))
        return cls(poses, poses[..., 0] > 0, np.zeros(0, np.intp), scenes, skeleton)

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """(S,) number of people of each scene."""
        return np.bincount(self.scene, minlength=self.scenes)

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """(S,) index of the first person of each scene."""
        return np.cumsum(self.counts) - self.counts

    @functools.cached_property
    def joints_first(self) -> np.ndarray:
        """(3, J, N) world joints, contiguous along people, the longest axis, for speed."""
        return np.ascontiguousarray(self.poses.T)

    def split(self) -> list[Scene]:
        """The S scenes as a list."""
        return [
            Scene(self.poses[rows], self.visible[rows], self.skeleton)
            for rows in map(slice, self.starts, self.starts + self.counts)
        ]

    def take(self, rows: np.ndarray) -> Crowd:
        """Select people by a mask, or by indices whose scenes are in ascending order."""
        return dataclasses.replace(
            self, poses=self.poses[rows], visible=self.visible[rows], scene=self.scene[rows]
        )

    def joined(self, other: Crowd) -> Crowd:
        """Append the people of another crowd to the same S scenes."""
        scene = np.concatenate([self.scene, other.scene])
        order = np.argsort(scene, kind='stable')
        return Crowd(
            np.concatenate([self.poses, other.poses])[order],
            np.concatenate([self.visible, other.visible])[order],
            scene[order],
            self.scenes,
            self.skeleton,
        )

    def pairs(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of people of the same scene.

        Args:
            rows: (R,) indices of the first people of the pairs; None means all N.

        Returns:
            (M,) and (M,) indices; the second index of a pair is larger than the first. In the order
            of ``rows``.
        """
        rows = np.arange(len(self)) if rows is None else rows
        later = (self.starts + self.counts)[self.scene[rows]] - rows - 1
        before = np.cumsum(later) - later
        first = np.repeat(rows, later)
        return first, np.arange(len(first)) + np.repeat(rows + 1 - before, later)
