"""Who is in a room: one scene, or the people of many scenes one after another."""

from __future__ import annotations

import dataclasses
import functools
from typing import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """People of one frame.

    Args:
        poses: (P, 17, 3) world joints in millimetres.
        visible: (P, 17) bool, False where a joint's place is unknown.
    """

    poses: np.ndarray
    visible: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Crowd:
    """People of S scenes in one array, so that NumPy works on all of them at once.

    Args:
        poses: (N, 17, 3) world joints in millimetres.
        visible: (N, 17) bool, False where a joint's place is unknown.
        scene: (N,) which scene each person is in, in ascending order.
        scenes: S, which counts scenes without people too.
    """

    poses: np.ndarray
    visible: np.ndarray
    scene: np.ndarray
    scenes: int

    def __len__(self) -> int:
        return len(self.poses)

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> Crowd:
        """Put scenes after one another; at least one."""
        counts = [len(scene.poses) for scene in scenes]
        return cls(
            np.concatenate([scene.poses for scene in scenes]),
            np.concatenate([scene.visible for scene in scenes]),
            np.repeat(np.arange(len(scenes)), counts),
            len(scenes),
        )

    @classmethod
    def nobody(cls, scenes: int) -> Crowd:
        """Empty rooms."""
        return cls(
            np.zeros((0, 17, 3)), np.zeros((0, 17), dtype=bool), np.zeros(0, np.intp), scenes
        )

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """(S,) people in each scene."""
        return np.bincount(self.scene, minlength=self.scenes)

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """(S,) row of each scene's first person."""
        return np.cumsum(self.counts) - self.counts

    @functools.cached_property
    def joints_first(self) -> np.ndarray:
        """(3, 17, N) world joints. NumPy is quick along what lies together: many people."""
        return np.ascontiguousarray(self.poses.T)

    def split(self) -> list[Scene]:
        """The scenes, each on its own."""
        return [
            Scene(self.poses[start : start + count], self.visible[start : start + count])
            for start, count in zip(self.starts, self.counts)
        ]

    def take(self, rows: np.ndarray) -> Crowd:
        """The people of some rows (a mask, or numbers in ascending order of scene)."""
        return Crowd(self.poses[rows], self.visible[rows], self.scene[rows], self.scenes)

    def joined(self, newcomers: Crowd) -> Crowd:
        """Add people to the same scenes, behind those who are there."""
        scene = np.concatenate([self.scene, newcomers.scene])
        order = np.argsort(scene, kind='stable')
        return Crowd(
            np.concatenate([self.poses, newcomers.poses])[order],
            np.concatenate([self.visible, newcomers.visible])[order],
            scene[order],
            self.scenes,
        )

    def pairs(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Every two people of one scene, the earlier first.

        Args:
            rows: (R,) rows of people who are the earlier ones; None takes everybody.

        Returns:
            (M,) and (M,) rows, ascending where ``rows`` are.
        """
        rows = np.arange(len(self)) if rows is None else rows
        later = (self.starts + self.counts)[self.scene[rows]] - rows - 1
        before = np.cumsum(later) - later
        first = np.repeat(rows, later)
        return first, np.arange(len(first)) + np.repeat(rows + 1 - before, later)
