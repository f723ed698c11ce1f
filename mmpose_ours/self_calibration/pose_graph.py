"""Relative poses of pairs of cameras to the poses of all: a graph, its triplets and its tree."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.self_calibration.pair_poses import RelativePose, angle_degrees

# Rotations around a triplet of cameras that agree within so many degrees support each other.
LOOP_DEGREES = 8.0

Edges = dict[tuple[int, int], RelativePose]


def consistent(
    count: int, candidates: dict[tuple[int, int], list[RelativePose]]
) -> tuple[Edges, dict[tuple[int, int], float]]:
    """Choose one pose of each pair of cameras: the one with most support.

    Args:
        count: Number of cameras.
        candidates: Poses of each pair.

    Returns:
        The poses, and their support: the score of the pose plus those of the triplets of cameras
        around which rotations agree. Pairs without a candidate are left out.
    """
    chosen: Edges = {}
    support: dict[tuple[int, int], float] = {}
    for (a, b), poses in candidates.items():
        values = [
            pose.score
            + sum(_loop(pose, (a, b), c, candidates) for c in range(count) if c not in (a, b))
            for pose in poses
        ]
        if values:
            best = int(np.argmax(values))
            chosen[a, b], support[a, b] = poses[best], values[best]
    return chosen, support


def _loop(
    pose: RelativePose,
    pair: tuple[int, int],
    other: int,
    candidates: dict[tuple[int, int], list[RelativePose]],
) -> float:
    """The best score of a triplet that agrees with a pose: the smallest of its three."""
    best = 0.0
    for first in _rotations(candidates, pair[0], other):
        for second in _rotations(candidates, other, pair[1]):
            if angle_degrees(second[0] @ first[0] @ pose.R.T) < LOOP_DEGREES:
                best = max(best, min(pose.score, first[1], second[1]))
    return best


def _rotations(
    candidates: dict[tuple[int, int], list[RelativePose]], start: int, end: int
) -> list[tuple[np.ndarray, float]]:
    """Rotations from one camera to another, and their scores."""
    if start < end:
        return [(pose.R, pose.score) for pose in candidates[start, end]]
    return [(pose.R.T, pose.score) for pose in candidates[end, start]]


def chained(cameras: CameraRig, chosen: Edges, support: dict[tuple[int, int], float]) -> CameraRig:
    """Poses along the maximum spanning tree, in the frame of the first camera.

    Raises:
        InputError: No relative poses connect some cameras with the others (``code='no-data'``).
    """
    poses = {0: (np.eye(3), np.zeros(3))}
    while len(poses) < len(cameras):
        across = [pair for pair in chosen if (pair[0] in poses) != (pair[1] in poses)]
        if not across:
            raise _unconnected(cameras, set(poses))
        a, b = max(across, key=lambda pair: support[pair])
        R, t = chosen[a, b].R, chosen[a, b].t
        if a in poses:
            poses[b] = R @ poses[a][0], R @ poses[a][1] + t
        else:
            poses[a] = R.T @ poses[b][0], R.T @ (poses[b][1] - t)
    return CameraRig(
        tuple(
            dataclasses.replace(camera, R_w2c=poses[index][0], t_w2c=poses[index][1])
            for index, camera in enumerate(cameras)
        )
    )


def _unconnected(cameras: CameraRig, reached: set[int]) -> InputError:
    apart = [name for index, name in enumerate(cameras.names) if index not in reached]
    together = [cameras.names[index] for index in sorted(reached)]
    return InputError(
        f'people do not connect the cameras: {list_names(apart)} share too few people with '
        f'{list_names(together)}; record people who walk where these cameras see them at the same '
        'time, or check that the cameras are synchronised',
        code='no-data',
        camera=apart[0],
        found=len(reached),
        expected=len(cameras),
    )


def agrees(pose: RelativePose, rig: CameraRig, a: int, b: int) -> bool:
    """Whether a relative pose has nearly the rotation that two cameras of a rig have."""
    R = rig.cameras[b].R_w2c @ rig.cameras[a].R_w2c.T
    return angle_degrees(pose.R @ R.T) < LOOP_DEGREES
