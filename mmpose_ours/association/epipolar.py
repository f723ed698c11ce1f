"""Cross-view association: the same person's detections in several views, from geometry alone.

A joint that two cameras see lies on both its rays, so its image in each view lies on the
other's epipolar line. People whose joints do so in every pair of views are one person.
Nothing is learned, and appearance is not looked at; the joints of a group are
triangulated by :func:`mmpose_ours.geometry.triangulation.triangulate`.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from mmpose_ours.detections.arrays import strongest
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.limits import limits

MIN_SCORE = 0.1
# Two views of a person can be compared with this many joints in common.
MIN_COMMON_JOINTS = 4
# Distance from the epipolar line as a share of the person's size in the image: with real
# detectors half of the people stay below 0.04, and strangers lie beyond 0.1.
MAX_ERROR = 0.08
# No two views of one person may disagree by more than this, whatever the mean.
MAX_ERROR_OF_A_PAIR = 0.2


@dataclasses.dataclass(frozen=True)
class SeenPeople:
    """The people of one view, free of the camera's lens.

    Args:
        rays: (P, J, 3) joints as ``(x/z, y/z, 1)`` of the camera frame.
        found: (P, J) which joints the detector found.
        size: (P,) diagonal of the box around a person's found joints, in the unit of rays.
    """

    rays: np.ndarray
    found: np.ndarray
    size: np.ndarray

    @classmethod
    def by(cls, camera: Camera, people: np.ndarray) -> SeenPeople:
        """From a camera's detections (P, J, 3) ``u, v, score`` in pixels."""
        people = np.asarray(people, dtype=np.float64)
        found = (people[..., 2] > MIN_SCORE) & np.isfinite(people[..., :2]).all(-1)
        rays = camera.normalise_points(people[..., :2], found)
        found &= np.isfinite(rays).all(-1)
        low = np.where(found[..., None], rays, np.inf).min(-2, initial=np.inf)
        high = np.where(found[..., None], rays, -np.inf).max(-2, initial=-np.inf)
        with np.errstate(invalid='ignore'):
            size = np.linalg.norm(high - low, axis=-1)
        homogeneous = np.ones((*rays.shape[:-1], 3))
        homogeneous[..., :2] = np.where(found[..., None], rays, 0.0)
        return cls(homogeneous, found, np.where(found.sum(-1) >= 2, size, np.nan))

    def __len__(self) -> int:
        return len(self.rays)


def epipolar_errors(
    first: Camera, second: Camera, people: SeenPeople, others: SeenPeople
) -> np.ndarray:
    """How far two views' people miss each other's epipolar lines.

    Args:
        first: The camera that sees ``people``; only its pose is used.
        second: The camera that sees ``others``; likewise.
        people: P people.
        others: Q people.

    Returns:
        (P, Q) mean distance of their common joints from the epipolar lines, both ways, as a
        share of the person's size in the image; infinite with fewer than 4 joints in common.
    """
    R = second.R_w2c @ first.R_w2c.T
    x, y, z = second.t_w2c - R @ first.t_w2c
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ R
    lines = people.rays @ essential.T  # in the second view
    other_lines = others.rays @ essential  # in the first
    product = np.abs(np.einsum('pjd,qjd->pqj', lines, others.rays))
    with np.errstate(invalid='ignore', divide='ignore'):
        per_other = 1 / (np.linalg.norm(lines[..., :2], axis=-1)[:, None] * others.size[:, None])
        per_person = 1 / (
            np.linalg.norm(other_lines[..., :2], axis=-1) * people.size[:, None, None]
        )
        error = 0.5 * product * (per_other + per_person)
    common = people.found[:, None] & others.found
    count = common.sum(-1)
    total = np.where(common, np.nan_to_num(error, nan=1e3, posinf=1e3), 0.0).sum(-1)
    return np.where(count >= MIN_COMMON_JOINTS, total / np.maximum(count, 1), np.inf)


def associate(rig: CameraRig, keypoints: np.ndarray, max_error: float = MAX_ERROR) -> np.ndarray:
    """Group one frame's detections into people.

    Groups grow by the pair of views that agrees best; two groups are joined if no camera is
    in both and their members agree on average.

    Args:
        rig: V cameras.
        keypoints: (V, P, J, 3) ``u, v, score``; people without a found joint are padding.
        max_error: Largest mean distance from the epipolar lines, as a share of the person's
            size in the image.

    Returns:
        (G, V) which detection of each view is the person, -1 where none is. Only people
        whom two views or more see; those with more views first. Of a view with more detections
        than the limit ``compared_per_view`` those with the largest scores take part.

    Raises:
        InputError: The number of views is not that of the cameras.
    """
    if len(keypoints) != len(rig):
        raise InputError(
            f'{len(keypoints)} views of people for a rig of {len(rig)} cameras',
            code='wrong-shape',
            found=len(keypoints),
            expected=len(rig),
        )
    most = limits().compared_per_view
    kept = [strongest(people, most) for people in keypoints]
    views = [
        SeenPeople.by(camera, people[rows]) for camera, people, rows in zip(rig, keypoints, kept)
    ]
    cameras = rig.cameras
    errors: dict[tuple[int, int], np.ndarray] = {}
    edges = []
    for a, b in itertools.combinations(range(len(cameras)), 2):
        error = epipolar_errors(cameras[a], cameras[b], views[a], views[b])
        errors[a, b], errors[b, a] = error, error.T
        edges += [(error[i, j], (a, i), (b, j)) for i, j in np.argwhere(error < max_error)]
    group_of: dict[tuple[int, int], dict[int, int]] = {}
    for _, first, second in sorted(edges):
        one = group_of.get(first, {first[0]: first[1]})
        two = group_of.get(second, {second[0]: second[1]})
        if one is two or set(one) & set(two):
            continue
        between = np.array([errors[a, b][i, j] for a, i in one.items() for b, j in two.items()])
        between = between[np.isfinite(between)]
        if between.mean() > max_error or between.max() > MAX_ERROR_OF_A_PAIR:
            continue
        joined = {**one, **two}
        for member in joined.items():
            group_of[member] = joined
    groups = {id(group): group for group in group_of.values()}
    rows = [
        [int(kept[view][group[view]]) if view in group else -1 for view in range(len(cameras))]
        for group in groups.values()
    ]
    rows.sort(key=lambda row: sum(index < 0 for index in row))
    return np.array(rows, dtype=int).reshape(-1, len(cameras))


def gather(keypoints: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The detections of each group side by side: (V, P, J, 3) and (G, V) to (V, G, J, 3)."""
    views = np.arange(len(keypoints))[:, None]
    picked = keypoints[views, np.maximum(groups.T, 0)].astype(np.float64)
    picked[groups.T < 0] = 0.0
    return picked
