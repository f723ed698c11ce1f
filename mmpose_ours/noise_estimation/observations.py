"""Multi-view observations of a recording: people with their detections in each view.

Detections are associated across views and triangulated. Detections that remain are assigned to the
people onto whose projection they fit, and duplicate and split detections are recognised. The
quality of the detections is estimated in the other modules.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE, associate, gather
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.synthetic.crowd import Crowd
from mmpose_ours.synthetic.occlusion import joint_box, longer_side, project_joints

MIN_JOINTS = 4
# Largest median distance of a detection's joints from a projected person, in sizes of the person,
# to assign it: as the person's first detection in the view, and as a second one.
FIRST_WITHIN, SECOND_WITHIN = 0.15, 0.12
# Two groups of detections whose 3D joints are on average nearer than this are one person.
SAME_PERSON_MM = 150.0
# Two detections of a person are a split detection if the fraction of joints in common is below
# this, and duplicates otherwise.
SPLIT_BELOW = 0.25


@dataclasses.dataclass(frozen=True, eq=False)
class Observations:
    """N people of S frames, and their detections in V views.

    Args:
        rig: V cameras.
        crowd: The triangulated people, J joints; a joint is visible if it could be triangulated.
        keypoints: (V, N, J, 3) ``u, v, score``; a score of 0 is a missing joint.
        has: (V, N) bool, the person is detected in the view.
        duplicate: (V, N) bool, the person has a duplicate detection in the view.
        split: (V, N) bool, the person has a split detection in the view.
        unassigned: (L, J, 3) detections that were assigned to nobody.
        unassigned_at: (L, 2) frame and view index of each.
        detection_counts: (S, V) number of detections in each frame and view.
    """

    rig: CameraRig
    crowd: Crowd
    keypoints: np.ndarray
    has: np.ndarray
    duplicate: np.ndarray
    split: np.ndarray
    unassigned: np.ndarray
    unassigned_at: np.ndarray
    detection_counts: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """(V, N, J) bool, joints that are detected."""
        return self.keypoints[..., 2] > 0


def find_observations(
    rig: CameraRig,
    frames: Sequence[np.ndarray],
    min_score: float = MIN_SCORE,
    progress: Callable[[int, int], None] | None = None,
    skeleton: Skeleton = COCO17,
) -> Observations:
    """Associate, triangulate and assign the detections of a recording.

    Args:
        rig: V cameras, whose image sizes are known.
        frames: S arrays (V, P, J, 3) ``u, v, score``; P may differ.
        min_score: Joints with a score of at most this count as not found.
        progress: Called with the number of frames done and their total.
        skeleton: The J joints.
    """
    parts = []
    for number, keypoints in enumerate(frames):
        found = keypoints[..., 2:] > min_score
        parts.append(_Frame(rig, np.where(found, keypoints, 0.0), skeleton))
        if progress is not None:
            progress(number + 1, len(frames))
    unassigned = [part.unassigned() for part in parts]
    shape = (len(rig), 0)
    return Observations(
        rig,
        Crowd(
            np.concatenate([part.xyz for part in parts]),
            np.concatenate([part.known for part in parts]),
            np.repeat(np.arange(len(parts)), [len(part.xyz) for part in parts]),
            len(parts),
            skeleton,
        ),
        np.concatenate(
            [np.zeros((*shape, len(skeleton), 3)), *(part.assigned for part in parts)], axis=1
        ),
        np.concatenate([np.zeros(shape, bool), *(part.has for part in parts)], axis=1),
        np.concatenate([np.zeros(shape, bool), *(part.duplicate for part in parts)], axis=1),
        np.concatenate([np.zeros(shape, bool), *(part.split for part in parts)], axis=1),
        np.concatenate([detections for detections, _ in unassigned]),
        np.array([(i, v) for i, (_, views) in enumerate(unassigned) for v in views], int).reshape(
            -1, 2
        ),
        np.stack([part.valid.sum(1) for part in parts]),
    )


def crowd_sizes_px(crowd: Crowd, rig: CameraRig) -> np.ndarray:
    """(V, N) sizes of the people in the images, as the detector noise model defines them."""
    return longer_side(joint_box(*project_joints(crowd, rig)))


class _Frame:
    """Observations of one frame.

    Args:
        rig: V cameras.
        keypoints: (V, P, J, 3); missing joints have score 0.
        skeleton: The J joints.

    Attributes:
        valid: (V, P) bool, detections with at least MIN_JOINTS joints.
        groups: (N, V) index of each person's detection in each view, -1 if there is none.
        xyz, known: (N, J, 3) triangulated joints in mm, (N, J) bool.
        assigned: (V, N, J, 3) detections of the people.
        has, duplicate, split: (V, N) bool, see :class:`Observations`.
        remaining: (V, P) bool, detections that are not assigned.
    """

    def __init__(self, rig: CameraRig, keypoints: np.ndarray, skeleton: Skeleton):
        self.rig, self.keypoints, self.skeleton = rig, keypoints, skeleton
        self.valid = (keypoints[..., 2] > 0).sum(-1) >= MIN_JOINTS
        self.groups = associate(rig, keypoints)
        self._triangulate()
        self._merge()
        self.duplicate, self.split = np.zeros((2, len(rig), len(self.groups)), bool)
        if len(self.groups):
            self._assign_remaining()
            self._triangulate()
        self.assigned = gather(keypoints, self.groups)
        self.has = self.groups.T >= 0

    def _triangulate(self) -> None:
        people = gather(self.keypoints, self.groups)
        self.xyz = triangulate(self.rig, people[..., :2], people[..., 2])[0]
        self.known = np.isfinite(self.xyz).all(-1)
        self.xyz = np.where(self.known[..., None], self.xyz, 0.0)

    def _merge(self) -> None:
        """Drop groups of the same person as another group; the one with more views remains."""
        keep: list[int] = []
        for row in range(len(self.groups)):  # those with more views come first
            both = self.known[row] & self.known[keep]
            gap = np.linalg.norm(self.xyz[row] - self.xyz[keep], axis=-1)
            near = np.where(both, gap, 0.0).sum(-1) / np.maximum(both.sum(-1), 1)
            if not ((both.sum(-1) >= MIN_JOINTS) & (near < SAME_PERSON_MM)).any():
                keep.append(row)
        self.groups, self.xyz, self.known = self.groups[keep], self.xyz[keep], self.known[keep]

    def _outside_groups(self) -> np.ndarray:
        """(V, P) bool, valid detections that are in no group."""
        outside = self.valid.copy()
        for view, rows in enumerate(self.groups.T):
            outside[view, rows[rows >= 0]] = False
        return outside

    def _assign_remaining(self) -> None:
        """Assign each remaining detection to the nearest person.

        People without a detection in this view come first; for the others, it is a duplicate or a
        part of a split detection.
        """
        crowd = Crowd(self.xyz, self.known, np.zeros(len(self.xyz), np.intp), 1, self.skeleton)
        uv = np.moveaxis(project_joints(crowd, self.rig)[0], (0, 1), (-1, -2))  # (V, N, J, 2)
        size = crowd_sizes_px(crowd, self.rig)
        self.remaining = self._outside_groups()
        for view, index in np.argwhere(self.remaining):
            gaps = self._gaps(self.keypoints[view, index], uv[view], size[view])
            undetected = self.groups[:, view] < 0
            person = int(np.argmin(np.where(undetected, gaps, np.inf)))
            near = gaps[person] < FIRST_WITHIN and gaps[person] <= gaps.min() * 2
            if undetected[person] and near:
                self.groups[person, view] = index
                self.remaining[view, index] = False
                continue
            person = int(np.argmin(gaps))
            if gaps[person] < SECOND_WITHIN:
                self._add_second(view, person, index)

    def _gaps(self, detection: np.ndarray, uv: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Distance of a detection from people.

        Args:
            detection: (J, 3).
            uv: (N, J, 2) projected people.
            size: (N,) their sizes in pixels.

        Returns:
            (N,) median over the joints, in sizes; the smaller one of the detection as it is and
            swapped left and right. Infinite with fewer than MIN_JOINTS joints in common.
        """
        best = np.full(len(uv), np.inf)
        for order in (np.arange(len(detection)), np.array(self.skeleton.flip_order)):
            ordered = detection[order]
            common = (ordered[:, 2] > 0) & self.known & np.isfinite(uv).all(-1)
            gap = np.linalg.norm(ordered[:, :2] - uv, axis=-1)
            enough = common.sum(-1) >= MIN_JOINTS
            middle = np.array([np.median(g[c]) if c.any() else np.inf for g, c in zip(gap, common)])
            gap = np.where(enough, middle / np.maximum(size, 1e-9), np.inf)
            best = np.minimum(best, gap)
        return best

    def _add_second(self, view: int, person: int, index: int) -> None:
        """Record detection ``index`` as the person's second one: duplicate or split."""
        first = self.keypoints[view, self.groups[person, view], :, 2] > 0
        second = self.keypoints[view, index, :, 2] > 0
        shared = (first & second).sum() / min(first.sum(), second.sum())
        (self.split if shared < SPLIT_BELOW else self.duplicate)[view, person] = True
        self.remaining[view, index] = False

    def unassigned(self) -> tuple[np.ndarray, Sequence[int]]:
        """The (L, J, 3) detections that are assigned to nobody, and their L view indices."""
        remaining = self.remaining if len(self.groups) else self.valid
        view, index = np.nonzero(remaining)
        return self.keypoints[view, index], view.tolist()
