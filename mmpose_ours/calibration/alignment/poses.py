"""Triangulated poses of people, for the estimation of up axis, scale and floor.

Cross-view association (:mod:`mmpose_ours.association.epipolar`) needs neither unit nor up axis, so
people are triangulated in the coordinates of the rig. From their poses follow the up axis
(:mod:`~mmpose_ours.calibration.alignment.up_axis`), the scale
(:mod:`~mmpose_ours.calibration.alignment.height`) and the floor
(:mod:`~mmpose_ours.calibration.alignment.floor`).
"""

from __future__ import annotations

from typing import Callable, Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE, associate, gather
from mmpose_ours.calibration.alignment.similarity import normalised_scale
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import Detections, stack_views
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.text import counted

# Frames that are used, and frames between two calls of the progress function.
FRAMES = 200
CHUNK = 10
# People are associated across so many cameras, a sample of those of larger rigs.
MAX_CAMERAS = 50
# Least number of people for an estimate, and of known joints for a pose to count.
MIN_PEOPLE, MIN_JOINTS = 5, 4
COCO = SKELETONS['coco17']


def choose_frames(
    detections: Detections, rig: CameraRig, most: int
) -> list[Mapping[str, np.ndarray]]:
    """Evenly spread frames in which two cameras or more see somebody."""
    fit = [
        views
        for _, views in sorted(detections.items(), key=lambda item: frame_order(item[0]))
        if sum(len(views.get(name, ())) > 0 for name in rig.names) >= 2
    ]
    if len(fit) <= most:
        return fit
    return [fit[index] for index in np.linspace(0, len(fit) - 1, most).round().astype(int)]


def poses_in_3d(
    rig: CameraRig, frames: Sequence[Mapping[str, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulate everybody whom two views or more see.

    Args:
        rig: V cameras.
        frames: Per frame, camera name to (P, 17, 3) ``u, v, score``.

    Returns:
        ``xyz`` (N, 17, 3) in the rig's world and unit, NaN where unknown, and the detections
        they come from, (V, N, 17, 3), score 0 where a view has none.
    """
    found, seen = [np.zeros((0, 17, 3))], [np.zeros((len(rig), 0, 17, 3))]
    for views in frames:
        keypoints = stack_views(views, rig.names)
        groups = associate(rig, keypoints)
        if not len(groups):
            continue
        people = gather(keypoints, groups)
        weight = np.where(people[..., 2] > MIN_SCORE, people[..., 2], 0.0)
        found.append(triangulate(rig, people[..., :2], weight)[0])
        seen.append(people)
    return np.concatenate(found), np.concatenate(seen, axis=1)


def enough_joints(xyz: np.ndarray) -> np.ndarray:
    """(N,) bool: whether at least :data:`MIN_JOINTS` joints of (N, 17, 3) are known."""
    return np.isfinite(xyz).all(-1).sum(-1) >= MIN_JOINTS


def find_people(
    rig: CameraRig,
    detections: Detections,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Triangulate people in a rig of any unit and axes.

    Args:
        rig: V cameras.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17.
        progress: Called with frames done and to do.

    Returns:
        (N, 17, 3) in the rig's world and unit, NaN where unknown.

    Raises:
        CalibrationError: Too few people, with counts.
    """
    frames = choose_frames(detections, rig, FRAMES)
    normalised, factor = normalised_scale(rig)
    found = [np.zeros((0, 17, 3))]
    for start in range(0, len(frames), CHUNK):
        found.append(poses_in_3d(normalised, frames[start : start + CHUNK])[0])
        if progress is not None:
            progress(min(start + CHUNK, len(frames)), len(frames))
    xyz = np.concatenate(found)
    known = enough_joints(xyz)
    if known.sum() < MIN_PEOPLE:
        raise CalibrationError(
            f'two cameras agree on only {counted(int(known.sum()), "person", "people")}, '
            f'in {counted(len(frames), "frame")} of {len(detections)} with keypoints; '
            f'{MIN_PEOPLE} are needed; give keypoints of people who walk where the cameras see '
            'them, or check that '
            'they belong to these cameras with `mmpose-ours check-rig --keypoints`',
            code='no-data',
            found=int(known.sum()),
            expected=MIN_PEOPLE,
        )
    return xyz[known] / factor + rig.centers_w.mean(0)


def middle(xyz: np.ndarray, joint: str) -> np.ndarray:
    """(N, 3) between the left and the right joint; NaN where one is missing."""
    return xyz[:, COCO.index(f'left_{joint}', f'right_{joint}')].mean(1)


def place_of_people(xyz: np.ndarray) -> np.ndarray:
    """(3,) where people were: the median of the middles of their hips, or of all their joints."""
    hips = middle(xyz, 'hip')
    known = np.isfinite(hips).all(-1)
    points = hips[known] if known.any() else xyz[np.isfinite(xyz).all(-1)]
    return np.median(points, axis=0)
