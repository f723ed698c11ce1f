"""Which detection of each view and frame is of which trajectory."""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.parts.matching import LIMIT_MM, MAX_MEAN_MM, MIN_COMMON_JOINTS

# Joints with a smaller score are missing.
MIN_SCORE = 0.1
# Frames that are compared at once.
_CHUNK = 500


@dataclasses.dataclass(frozen=True, eq=False)
class ViewDetections:
    """All detections of one view.

    Args:
        camera: The view.
        keypoints: (N, J, 3) ``u, v, score`` in pixels, of all frames one after another.
        first: (T + 1,) row of the first detection of each frame, and their number.
    """

    camera: Camera
    keypoints: np.ndarray
    first: np.ndarray

    def rays(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors (M, J, 3) in the world and weights (M, J) of some detections."""
        some = self.keypoints[rows].astype(np.float64)
        weights = np.where(some[..., 2] > MIN_SCORE, some[..., 2], 0.0)
        known = weights > 0
        xy = self.camera.normalise_points(some[known][:, :2])
        reached = np.isfinite(xy).all(-1)
        local = np.ones((len(xy), 3))
        local[:, :2] = np.where(reached[:, None], xy, 0.0)
        local /= np.linalg.norm(local, axis=-1, keepdims=True)
        directions = np.zeros(some.shape)
        directions[known] = local @ self.camera.R_w2c
        weights[known] *= reached
        return directions, weights


def match_view(
    view: ViewDetections,
    tracks: Sequence[tuple[int, np.ndarray]],
    joints: Sequence[int],
    flip_order: Sequence[int],
) -> list[np.ndarray]:
    """Assign the detections of a view to trajectories, each at most once per frame.

    A detection with left and right exchanged fits as well as one without.

    Args:
        view: The detections.
        tracks: Index of the first frame and joints (T, J, 3) mm of each trajectory.
        joints: Indices of the joints that are compared.
        flip_order: The joints with left and right exchanged.

    Returns:
        For each trajectory (T,) row of its detection, -1 where the view has none.
    """
    joints = list(joints)
    flipped = [flip_order[joint] for joint in joints]
    found = [np.full(len(xyz), -1) for _, xyz in tracks]
    frames = len(view.first) - 1
    for start in range(0, frames, _CHUNK):
        stop = min(frames, start + _CHUNK)
        # Pairs of a trajectory and a detection of the same frame.
        pairs: list[tuple[np.ndarray, ...]] = []
        for number, (begin, xyz) in enumerate(tracks):
            low, high = max(start, begin), min(stop, begin + len(xyz))
            if low >= high:
                continue
            times = np.arange(low, high)
            counts = view.first[times + 1] - view.first[times]
            rows = np.repeat(view.first[times] - np.cumsum(counts) + counts, counts)
            rows = rows + np.arange(len(rows))
            times = np.repeat(times, counts)
            cost = _distances(view, xyz[times - begin], rows, joints, flipped)
            near = cost < MAX_MEAN_MM
            pairs.append((times[near], np.full(near.sum(), number), rows[near], cost[near]))
        if not pairs:
            continue
        when, who, row, distance = (np.concatenate(part) for part in zip(*pairs))
        order = np.argsort(when, kind='stable')
        for group in np.split(order, np.flatnonzero(np.diff(when[order])) + 1):
            if not len(group):
                continue
            for one, detection in _assign(who[group], row[group], distance[group]):
                found[one][when[group[0]] - tracks[one][0]] = detection
    return found


def _assign(number: np.ndarray, row: np.ndarray, cost: np.ndarray) -> list[tuple[int, int]]:
    """Hungarian assignment of the pairs of one frame."""
    tracks, track = np.unique(number, return_inverse=True)
    rows, column = np.unique(row, return_inverse=True)
    if len(tracks) == 1:
        return [(int(tracks[0]), int(row[cost.argmin()]))]
    table = np.full((len(tracks), len(rows)), 10 * LIMIT_MM)
    table[track, column] = cost
    chosen = zip(*linear_sum_assignment(table))
    return [(int(tracks[i]), int(rows[k])) for i, k in chosen if table[i, k] < MAX_MEAN_MM]


def _distances(
    view: ViewDetections,
    xyz: np.ndarray,
    rows: np.ndarray,
    joints: list[int],
    flipped: list[int],
) -> np.ndarray:
    """(M,) mean distances in mm at the depth of the joints, clamped; inf of too few joints."""
    camera, poses = view.camera, xyz[:, joints]
    known = np.isfinite(poses).all(-1)
    uv, visible = camera.project(np.where(known[..., None], poses, 0.0))
    visible &= known
    depth = np.nan_to_num(poses) @ camera.R_w2c[2] + camera.t_w2c[2]
    mm_per_px = np.where(visible, depth, 0.0) / camera.K[0, 0]
    uv = np.where(visible[..., None], uv, 0.0)
    best = np.full(len(rows), np.inf)
    for order in (joints, flipped):
        seen = view.keypoints[rows][:, order]
        common = visible & (seen[..., 2] > MIN_SCORE)
        apart = np.linalg.norm(uv - seen[..., :2], axis=-1) * mm_per_px
        count = common.sum(-1)
        mean = np.where(common, np.minimum(apart, LIMIT_MM), 0.0).sum(-1) / np.maximum(count, 1)
        best = np.minimum(best, np.where(count >= MIN_COMMON_JOINTS, mean, np.inf))
    return best
