"""3D poses of animals and objects: skeletons without a human body, from geometry alone.

Detections are associated across views by epipolar errors
(:func:`mmpose_ours.association.epipolar.associate`), and every joint is triangulated robustly from
the views that agree. Nothing is known of the object but its joints, so that the scale of the
weights is measured: it is a share of the object's size::

    estimate = ObjectEstimator(rig, skeleton)
    poses = estimate(keypoints)
"""

from __future__ import annotations

import dataclasses
from typing import Mapping

import numpy as np

from mmpose_ours.association.epipolar import MIN_COMMON_JOINTS, associate, gather
from mmpose_ours.detections.arrays import stack_keypoints
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.kernels.constants import LEAST_TRUST, WEAK_PRECISION
from mmpose_ours.parts.joint_distances import JointDistances
from mmpose_ours.parts.matching import Projected, match_detections
from mmpose_ours.parts.robust_points import (
    MIN_SCORE,
    PartRays,
    Points,
    agreeing,
    robust_points,
)
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton

# The radius of an object is the median distance of its joints from their median. That of a person
# who stands is so many mm; thresholds of people are scaled by the ratio.
PERSON_RADIUS_MM = 450.0
# Standard deviation of a detected joint across its ray, as a share of the radius: that of COCO's
# annotation of people, 27 mm (see :data:`mmpose_ours.parts.layout.KINDS`).
STD_SHARE = 27.0 / PERSON_RADIUS_MM
# Joints farther than so many radii from the middle of an object are none of it.
REACH = 4.0
# Largest mean epipolar error of associated detections, as a share of their size. More than for
# people: a part of the joints may be outliers, which triangulation finds.
MAX_ERROR = 0.12
# Joints that an object needs, and their share of those that two views or more show.
MIN_JOINTS, LEAST_SHARE = 4, 0.5
# Two poses of a frame are of one object where their joints are nearer than this share of its
# radius.
SAME = 0.5


class ObjectEstimator:
    """Estimates the poses of animals or objects, frame by frame in the order of time.

    Args:
        rig: V cameras; the poses are in their world.
        skeleton: The joints of the detections and of the poses.

    Attributes:
        std_mm: Standard deviation of a joint across its ray in the last frame that showed objects.

    Raises:
        InputError: The skeleton has fewer joints than association needs.
    """

    def __init__(self, rig: CameraRig, skeleton: Skeleton):
        if len(skeleton) < MIN_COMMON_JOINTS:
            raise InputError(
                f'{skeleton.name} has {len(skeleton)} joints; detections of several views are '
                f'associated by {MIN_COMMON_JOINTS} joints or more',
                code='out-of-range',
                found=len(skeleton),
                expected=MIN_COMMON_JOINTS,
            )
        self.rig, self.skeleton = rig, skeleton
        self.std_mm = np.nan
        self._distances = JointDistances(len(skeleton))

    def __call__(self, keypoints: Mapping[str, Keypoints2D]) -> Poses3D:
        """Estimate the poses of one frame.

        Args:
            keypoints: Camera name to its detections; cameras may be missing.

        Returns:
            Poses whose joints are NaN where no two views agree, with ``std_mm`` and the number of
            views that agree on them. Their score is the mean score of the detected joints, times
            the share of the joints shown by two views on which these agree. Track IDs are 0, 1, ...
        """
        detections = stack_keypoints(keypoints, self.rig.names, self.skeleton)
        groups = associate(self.rig, detections, MAX_ERROR)
        first = self._triangulated(gather(detections, groups).transpose(1, 0, 2, 3))
        # Association is greedy. Poses tell better than pairs of detections which are theirs, and
        # what the noise is.
        rows = _distinct(first)
        seen = self._matched(first.points.xyz_mm[rows], detections)
        last = self._triangulated(seen, first.points.std_mm[rows])
        if len(last.agreed):
            self.std_mm = float(np.median(last.points.std_mm))
        return self._poses(self._plausible(last))

    def _matched(self, xyz_mm: np.ndarray, detections: np.ndarray) -> np.ndarray:
        """(P, V, J, 3) the detection of each pose in each view; 0 where there is none."""
        scale = radii_of(xyz_mm) / PERSON_RADIUS_MM
        seen = np.zeros((len(xyz_mm), *detections.shape[:1], *detections.shape[2:]))
        projected = Projected.of(self.rig, xyz_mm, scale)
        for view in range(len(self.rig)):
            found = match_detections(projected.view(view), detections[view], MIN_SCORE)
            rows = np.flatnonzero(found >= 0)
            seen[rows, view] = detections[view, found[rows]]
        return seen

    def _triangulated(self, seen: np.ndarray, std_mm: np.ndarray | None = None) -> _Objects:
        """The objects of the detections (N, V, J, 3); those of too few joints are left out.

        Args:
            seen: A detection of each view, 0 where there is none.
            std_mm: (N,) of a joint across its ray; None takes a share of each object's size.
        """
        rays = PartRays.of(self.rig, seen)
        if not len(seen):
            joints = seen.shape[2]
            none = Points(np.zeros((0, joints, 3)), np.zeros((0, joints, 3, 3)), np.zeros(0))
            return _Objects(rays, none, rays.weights > 0)
        middle, radius = _middle_and_radius(rays)
        if std_mm is None:
            std_mm = STD_SHARE * radius
        reach = np.repeat(REACH * radius[:, None], seen.shape[2], axis=1)
        points = robust_points(rays, std_mm, middle[:, None], reach)
        objects = _Objects(rays, points, agreeing(rays, points.xyz_mm, std_mm))
        known = objects.known.sum(-1)
        return objects.only((known >= MIN_JOINTS) & (known >= LEAST_SHARE * objects.shown.sum(-1)))

    def _plausible(self, objects: _Objects) -> _Objects:
        """Without joints on which two views agree by chance."""
        xyz_mm = objects.points.xyz_mm
        certain = objects.agreed.sum(1) >= 3
        wrong = self._distances.implausible(xyz_mm, certain)
        self._distances.learn(np.where(certain[..., None], xyz_mm, np.nan))
        points = dataclasses.replace(
            objects.points, xyz_mm=np.where(wrong[..., None], np.nan, xyz_mm)
        )
        return _Objects(objects.rays, points, objects.agreed & ~wrong[:, None])

    def _poses(self, objects: _Objects) -> Poses3D:
        weights, agreed, known = objects.rays.weights, objects.agreed, objects.known
        certain = np.where(agreed, weights, 0.0).sum((1, 2)) / np.maximum(agreed.sum((1, 2)), 1)
        share = known.sum(-1) / np.maximum(objects.shown.sum(-1), 1)
        variance = np.trace(objects.points.covariance, axis1=-2, axis2=-1) / 3
        views = agreed.sum(-1) > LEAST_TRUST * (weights > 0).sum(-1)
        return Poses3D(
            self.skeleton,
            objects.points.xyz_mm,
            scores=np.clip(certain * share, 0.0, 1.0),
            track_ids=np.arange(len(known)),
            views=np.maximum(views.sum(-1), 2),
            std_mm=np.where(known, np.sqrt(variance), np.nan),
        )


@dataclasses.dataclass(frozen=True)
class _Objects:
    """N objects: their rays, their joints, and which rays (N, V, J) agree on them."""

    rays: PartRays
    points: Points
    agreed: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """(N, J) which joints there are."""
        return np.isfinite(self.points.xyz_mm).all(-1)

    @property
    def shown(self) -> np.ndarray:
        """(N, J) which joints two views or more show."""
        return (self.rays.weights > 0).sum(1) >= 2

    def only(self, chosen: np.ndarray) -> _Objects:
        """Some of them, by a mask (N,)."""
        rays, points = self.rays, self.points
        return _Objects(
            PartRays(rays.origins, rays.directions[chosen], rays.weights[chosen]),
            Points(points.xyz_mm[chosen], points.covariance[chosen], points.std_mm[chosen]),
            self.agreed[chosen],
        )


def radii_of(xyz_mm: np.ndarray) -> np.ndarray:
    """(P,) median distance in mm of the joints (P, J, 3) from their median; NaN without joints."""
    if not len(xyz_mm):
        return np.zeros(0)
    middle = np.nanmedian(xyz_mm, axis=1, keepdims=True)
    return np.nanmedian(np.linalg.norm(xyz_mm - middle, axis=-1), axis=1)


def _middle_and_radius(rays: PartRays) -> tuple[np.ndarray, np.ndarray]:
    """Where N objects are (N, 3), and their radii (N,), in mm, without the joints' positions.

    Medians over the joints of each view: some of them are wrong.
    """
    shown = rays.weights > 0
    directions = np.where(shown[..., None], rays.directions, np.nan)
    with np.errstate(invalid='ignore'):
        central = _nanmedian(directions, 2)
        central /= np.linalg.norm(central, axis=-1, keepdims=True)
    seen = np.isfinite(central).all(-1)
    central = np.where(seen[..., None], central, 0.0)
    # The point nearest to these central rays.
    across = (np.eye(3) - central[..., None] * central[..., None, :]) * seen[..., None, None]
    A = across.sum(1) + WEAK_PRECISION * np.eye(3)
    b = (across @ rays.origins[..., None]).sum(1)
    middle = np.linalg.solve(A, b)[..., 0]
    away = np.linalg.norm(middle[:, None] - rays.origins, axis=-1)
    spread = _nanmedian(np.linalg.norm(directions - central[:, :, None], axis=-1), 2)
    return middle, _nanmedian(np.where(seen, spread * away, np.nan), 1)


def _nanmedian(values: np.ndarray, axis: int) -> np.ndarray:
    """The median of what is no NaN; NaN where there is nothing."""
    ordered = np.sort(values, axis=axis)  # NaN last
    count = np.isfinite(values).sum(axis, keepdims=True)
    low, high = (np.take_along_axis(ordered, np.maximum(index, 0), axis) for index in
                 ((count - 1) // 2, count // 2 - (count == 0)))  # fmt: skip
    return np.squeeze(np.where(count > 0, (low + high) / 2, np.nan), axis)


def _distinct(objects: _Objects) -> np.ndarray:
    """Rows without duplicates, of which the one with the most agreeing rays stays."""
    xyz_mm = objects.points.xyz_mm
    radius, rank = radii_of(xyz_mm), objects.agreed.sum((1, 2))
    kept: list[int] = []
    for row in np.argsort(-rank, kind='stable').tolist():
        away = np.linalg.norm(xyz_mm[kept] - xyz_mm[row], axis=-1)
        apart = _nanmedian(away, 1) if kept else np.zeros(0)
        if not (apart < SAME * np.maximum(radius[kept], radius[row])).any():
            kept.append(row)
    return np.sort(np.array(kept, int))
