"""People whom several views of a recording see, and what each view makes of them.

From a file of 2D keypoints to 3D poses with their detections: views are associated, joints
triangulated, detections that were left over given to the people they show, and duplicate and split
detections distinguished from other people. Nothing here says how good a detection is.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE, associate, gather
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.crowd import Crowd
from mmpose_ours.synthetic.occlusion import joint_box, longer_side, project_joints

COCO17 = SKELETONS['coco17']
MIN_JOINTS = 4
# A detection shows a person from whom its joints are no farther, in sizes of the body, in the
# median; of two detections of one person in a view that is nearer still.
SHOWS_WITHIN, SHOWS_AGAIN_WITHIN = 0.15, 0.12
# Two groups of detections nearer to each other than this are one person.
SAME_PERSON_MM = 150.0
# A half shares fewer of its joints than this with the other one.
HALF_SHARES = 0.25


@dataclasses.dataclass(frozen=True, eq=False)
class Observations:
    """N people of S frames and what V views have of them.

    Args:
        rig: V cameras.
        crowd: N people; joints are visible where their places are known.
        keypoints: (V, N, 17, 3) ``u, v, score``; a score of 0 is not found.
        has: (V, N) bool, views that have a detection of a person.
        again: (V, N) bool, views that have a second detection of the whole person.
        split: (V, N) bool, views that have one detection for each of two parts.
        unassigned: (L, 17, 3) detections that show none of these people.
        unassigned_at: (L, 2) frame and view of each.
        people: (S, V) detections in each view.
    """

    rig: CameraRig
    crowd: Crowd
    keypoints: np.ndarray
    has: np.ndarray
    again: np.ndarray
    split: np.ndarray
    unassigned: np.ndarray
    unassigned_at: np.ndarray
    people: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """(V, N, 17) bool."""
        return self.keypoints[..., 2] > 0


def find_observations(
    rig: CameraRig,
    frames: Sequence[np.ndarray],
    min_score: float = MIN_SCORE,
    progress: Callable[[int, int], None] | None = None,
) -> Observations:
    """Find who is seen by several views.

    Args:
        rig: V cameras, whose image sizes are known.
        frames: S arrays (V, P, 17, 3) ``u, v, score``; P may differ.
        min_score: Joints with a score of at most this count as not found.
        progress: Called with frames done and to do.
    """
    parts = []
    for number, keypoints in enumerate(frames):
        sure = keypoints[..., 2:] > min_score
        parts.append(_Frame(rig, np.where(sure, keypoints, 0.0)))
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
        ),
        np.concatenate([np.zeros((*shape, 17, 3)), *(part.seen for part in parts)], axis=1),
        np.concatenate([np.zeros(shape, bool), *(part.has for part in parts)], axis=1),
        np.concatenate([np.zeros(shape, bool), *(part.again for part in parts)], axis=1),
        np.concatenate([np.zeros(shape, bool), *(part.split for part in parts)], axis=1),
        np.concatenate([people for people, _ in unassigned]),
        np.array([(i, v) for i, (_, views) in enumerate(unassigned) for v in views], int).reshape(
            -1, 2
        ),
        np.stack([part.there.sum(1) for part in parts]),
    )


def crowd_sizes_px(crowd: Crowd, rig: CameraRig) -> np.ndarray:
    """(V, N) sizes of bodies in the images, as the detector's faults count them."""
    return longer_side(joint_box(*project_joints(crowd, rig)))


class _Frame:
    """The people of one frame.

    Args:
        rig: V cameras.
        keypoints: (V, P, 17, 3), joints that do not count have score 0.
    """

    def __init__(self, rig: CameraRig, keypoints: np.ndarray):
        self.rig, self.keypoints = rig, keypoints
        self.there = (keypoints[..., 2] > 0).sum(-1) >= MIN_JOINTS
        self.groups = associate(rig, keypoints)
        self._triangulate()
        self._merge()
        self.again, self.split = np.zeros((2, len(rig), len(self.groups)), bool)
        if len(self.groups):
            self._hand_out()
            self._triangulate()
        self.seen = gather(keypoints, self.groups)
        self.has = self.groups.T >= 0

    def _triangulate(self) -> None:
        people = gather(self.keypoints, self.groups)
        self.xyz = triangulate(self.rig, people[..., :2], people[..., 2])[0]
        self.known = np.isfinite(self.xyz).all(-1)
        self.xyz = np.where(self.known[..., None], self.xyz, 0.0)

    def _merge(self) -> None:
        """Drop groups that are another one's person again, the smaller of the two."""
        keep: list[int] = []
        for row in range(len(self.groups)):  # those with more views come first
            both = self.known[row] & self.known[keep]
            gap = np.linalg.norm(self.xyz[row] - self.xyz[keep], axis=-1)
            near = np.where(both, gap, 0.0).sum(-1) / np.maximum(both.sum(-1), 1)
            if not ((both.sum(-1) >= MIN_JOINTS) & (near < SAME_PERSON_MM)).any():
                keep.append(row)
        self.groups, self.xyz, self.known = self.groups[keep], self.xyz[keep], self.known[keep]

    def _left(self) -> np.ndarray:
        """(V, P) bool, detections that are nobody's."""
        left = self.there.copy()
        for view, rows in enumerate(self.groups.T):
            left[view, rows[rows >= 0]] = False
        return left

    def _hand_out(self) -> None:
        """Give what was left over to the people it shows: those without, then the others."""
        crowd = Crowd(self.xyz, self.known, np.zeros(len(self.xyz), np.intp), 1)
        uv = np.moveaxis(project_joints(crowd, self.rig)[0], (0, 1), (-1, -2))  # (V, N, 17, 2)
        size = crowd_sizes_px(crowd, self.rig)
        self.spare = self._left()
        for view, index in np.argwhere(self.spare):
            gaps = self._gaps(self.keypoints[view, index], uv[view], size[view])
            lacking = self.groups[:, view] < 0
            person = int(np.argmin(np.where(lacking, gaps, np.inf)))
            if lacking[person] and gaps[person] < SHOWS_WITHIN and gaps[person] <= gaps.min() * 2:
                self.groups[person, view] = index
                self.spare[view, index] = False
                continue
            person = int(np.argmin(gaps))
            if gaps[person] < SHOWS_AGAIN_WITHIN:
                self._note_second(view, person, index)

    def _gaps(self, detection: np.ndarray, uv: np.ndarray, size: np.ndarray) -> np.ndarray:
        """(N,) median distance of a detection (17, 3) from people, also with sides exchanged."""
        best = np.full(len(uv), np.inf)
        for order in (np.arange(17), np.array(COCO17.flip_order)):
            turned = detection[order]
            common = (turned[:, 2] > 0) & self.known & np.isfinite(uv).all(-1)
            gap = np.linalg.norm(turned[:, :2] - uv, axis=-1)
            enough = common.sum(-1) >= MIN_JOINTS
            middle = np.array([np.median(g[c]) if c.any() else np.inf for g, c in zip(gap, common)])
            gap = np.where(enough, middle / np.maximum(size, 1e-9), np.inf)
            best = np.minimum(best, gap)
        return best

    def _note_second(self, view: int, person: int, index: int) -> None:
        first = self.keypoints[view, self.groups[person, view], :, 2] > 0
        second = self.keypoints[view, index, :, 2] > 0
        shared = (first & second).sum() / min(first.sum(), second.sum())
        (self.split if shared < HALF_SHARES else self.again)[view, person] = True
        self.spare[view, index] = False

    def unassigned(self) -> tuple[np.ndarray, Sequence[int]]:
        """(L, 17, 3) detections that show nobody else, and the (L,) views they are in."""
        spare = self.spare if len(self.groups) else self.there
        view, index = np.nonzero(spare)
        return self.keypoints[view, index], view.tolist()
