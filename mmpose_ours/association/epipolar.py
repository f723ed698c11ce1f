"""Cross-view association from epipolar errors: agglomerative grouping of detections.

A joint that two cameras show lies, in each image, on the epipolar line of its position in the
other image. Detections whose joints do so in every pair of views are of one person. Nothing is
learned, and appearance is not used. The joints of a group are triangulated by
:func:`mmpose_ours.geometry.triangulation.triangulate`.

Letters of dimensions: V views, P detections per view (padded), J joints, G groups (people).
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

# Joints whose score (0 to 1) is not above this count as missing.
MIN_SCORE = 0.1
# Two detections are compared only if they have at least this many joints in common.
MIN_COMMON_JOINTS = 4
# Largest mean epipolar error of a group, as a fraction of the person's size in the image. With real
# detectors half of the pairs of the same person are below 0.04, and pairs of different people are
# above 0.1.
MAX_ERROR = 0.08
# Largest epipolar error of any pair of detections in a group, in the same unit.
MAX_ERROR_OF_A_PAIR = 0.2


@dataclasses.dataclass(frozen=True)
class SeenPeople:
    """The detections of one view in normalised image coordinates, without lens distortion.

    Leading dimensions, if there are any, are those of frames.

    Args:
        rays: (..., P, J, 3) joints as ``(x/z, y/z, 1)`` in the camera frame; x and y are 0 for
            missing joints.
        found: (..., P, J) which joints are not missing.
        size: (..., P) diagonal of the bounding box of the joints that are not missing, in
            normalised image coordinates; NaN with fewer than two of them.
    """

    rays: np.ndarray
    found: np.ndarray
    size: np.ndarray

    @classmethod
    def by(cls, camera: Camera, people: np.ndarray) -> SeenPeople:
        """From a camera's detections ``people`` (..., P, J, 3), ``u, v, score`` in pixels."""
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

    def at(self, frames: np.ndarray) -> SeenPeople:
        """Those of some frames, by indices (F,) of the first dimension."""
        return SeenPeople(self.rays[frames], self.found[frames], self.size[frames])


def essential_matrix(first: Camera, second: Camera) -> np.ndarray:
    """(3, 3) matrix E with ``ray2 @ E @ ray1 == 0`` for the rays of a point in two cameras."""
    R = second.R_w2c @ first.R_w2c.T
    x, y, z = second.t_w2c - R @ first.t_w2c
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ R


def epipolar_errors(
    first: Camera, second: Camera, people: SeenPeople, others: SeenPeople
) -> np.ndarray:
    """Epipolar errors between the detections of two views.

    Args:
        first: The camera of ``people``; only its pose is used.
        second: The camera of ``others``; only its pose is used.
        people: P detections of the first view, of one frame or with the same leading
            dimensions (frames) as ``others``.
        others: Q detections of the second view.

    Returns:
        (..., P, Q) mean over the common joints of the distance from the epipolar line, averaged
        over both views, each as a fraction of the size of the person in that view; infinite with
        fewer than :data:`MIN_COMMON_JOINTS` joints in common.
    """
    essential = essential_matrix(first, second)
    lines = people.rays @ essential.T  # epipolar lines in the second view, (..., P, J, 3)
    other_lines = others.rays @ essential  # epipolar lines in the first view, (..., Q, J, 3)
    # Rays are (x, y, 1): three products in one pass instead of a small matrix product per joint.
    product = np.abs(
        lines[..., :, None, :, 0] * others.rays[..., None, :, :, 0]
        + lines[..., :, None, :, 1] * others.rays[..., None, :, :, 1]
        + lines[..., :, None, :, 2]
    )
    with np.errstate(invalid='ignore', divide='ignore'):
        per_other = 1 / (
            np.hypot(lines[..., 0], lines[..., 1])[..., :, None, :]
            * others.size[..., None, :, None]
        )
        per_person = 1 / (
            np.hypot(other_lines[..., 0], other_lines[..., 1])[..., None, :, :]
            * people.size[..., :, None, None]
        )
        error = 0.5 * product * (per_other + per_person)
    common = people.found[..., :, None, :] & others.found[..., None, :, :]
    count = common.sum(-1)
    total = np.where(common, np.nan_to_num(error, nan=1e3, posinf=1e3), 0.0).sum(-1)
    return np.where(count >= MIN_COMMON_JOINTS, total / np.maximum(count, 1), np.inf)


def associate(rig: CameraRig, keypoints: np.ndarray, max_error: float = MAX_ERROR) -> np.ndarray:
    """Group one frame's detections into people.

    Pairs of detections are processed in ascending order of their epipolar error. The groups of the
    two are merged if they have no view in common, the mean error between their members is at most
    ``max_error``, and none exceeds :data:`MAX_ERROR_OF_A_PAIR`.

    Args:
        rig: V cameras.
        keypoints: (V, P, J, 3) ``u, v, score`` in pixels; detections without joints are padding.
        max_error: Largest mean epipolar error, as a fraction of the person's size in the image.

    Returns:
        (G, V) index of each view's detection of the person, -1 where it has none. Only groups of
        two views or more; those with more views first. In a view with more detections than the
        limit ``compared_per_view`` only those with the largest scores are used.

    Raises:
        InputError: The number of views is not that of the cameras.
    """
    if len(keypoints) != len(rig):
        raise InputError(
            f'keypoints of {len(keypoints)} views, but the rig has {len(rig)} cameras; give one '
            'array of keypoints per camera, in the order of the rig',
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
    # Detection (view, index) to its group, which maps views to indices.
    group_of: dict[tuple[int, int], dict[int, int]] = {}
    for _, first, second in sorted(edges):
        group1 = group_of.get(first, {first[0]: first[1]})
        group2 = group_of.get(second, {second[0]: second[1]})
        if group1 is group2 or set(group1) & set(group2):
            continue
        between = [errors[a, b][i, j] for a, i in group1.items() for b, j in group2.items()]
        finite = np.array(between)[np.isfinite(between)]
        if finite.mean() > max_error or finite.max() > MAX_ERROR_OF_A_PAIR:
            continue
        merged = {**group1, **group2}
        for detection in merged.items():
            group_of[detection] = merged
    groups = {id(group): group for group in group_of.values()}
    rows = [
        [int(kept[view][group[view]]) if view in group else -1 for view in range(len(cameras))]
        for group in groups.values()
    ]
    rows.sort(key=lambda row: sum(index < 0 for index in row))
    return np.array(rows, dtype=int).reshape(-1, len(cameras))


def gather(keypoints: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The detections of each group.

    Args:
        keypoints: (V, P, J, 3) ``u, v, score``.
        groups: (G, V) from :func:`associate`.

    Returns:
        (V, G, J, 3), 0 where a view has no detection of the person.
    """
    views = np.arange(len(keypoints))[:, None]
    picked = keypoints[views, np.maximum(groups.T, 0)].astype(np.float64)
    picked[groups.T < 0] = 0.0
    return picked
