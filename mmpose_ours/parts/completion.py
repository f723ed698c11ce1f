"""The poses of a model, which know the body, completed by every other joint of the detections."""

from __future__ import annotations

import collections
import dataclasses
from typing import Dict, Mapping, Sequence, Tuple

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.kernels.constants import LENGTH_STIFFNESS
from mmpose_ours.kernels.parts import equations_of_parts
from mmpose_ours.kernels.segments import solve_with_lengths
from mmpose_ours.parts.layout import KINDS, Part, parts_of, whole_skeleton
from mmpose_ours.parts.matching import Projected, match_detections
from mmpose_ours.parts.robust_points import (
    MIN_SCORE,
    PartRays,
    Points,
    agreeing,
    robust_points,
)
from mmpose_ours.parts.segment_lengths import SegmentLengths, path_matrix, stature_of
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

_Lengths = Dict[Tuple[Tuple[str, str], ...], SegmentLengths]
# mm. How well the body's joints are known, as ends of segments.
BODY_STD_MM = 15.0
# mm. Standard deviation of the distance between a hand's root and the wrist.
ROOT_STD_MM = 15.0
# A joint may be farther from its anchor than its segments are long, by so many standard deviations.
SLACK_STDS = 3.0
# People whose segments are remembered; those seen last are kept.
MAX_PEOPLE = 200


class PartCompletion:
    """Adds feet, hands, face and other joints to the bodies of a recording.

    Each joint is triangulated robustly from the detections of its person, and is missing (NaN)
    where fewer than two views agree on it. Segments of feet and hands keep the length that they
    have over the recording.

    Args:
        rig: The cameras, in the world of the poses.
        detected: The joints of the detections.
        body: The joints that the poses have already, among them those of COCO-17.

    Attributes:
        skeleton: The joints of the completed poses.
    """

    def __init__(self, rig: CameraRig, detected: Skeleton, body: Skeleton = COCO17):
        self.rig, self.detected, self.body = rig, detected, body
        self.skeleton = whole_skeleton(detected, body)
        self._people: collections.OrderedDict[int, _Lengths] = collections.OrderedDict()

    def __call__(self, poses: Poses3D, keypoints: Mapping[str, Keypoints2D]) -> Poses3D:
        """Complete the poses of one frame.

        Args:
            poses: Of the body, with track IDs.
            keypoints: Camera name to its detections.

        Returns:
            The same people with the joints of :func:`~mmpose_ours.parts.layout.whole_skeleton`;
            ``std_mm`` is NaN where a joint is missing.
        """
        if self.skeleton == poses.skeleton:
            return poses
        xyz = np.full((len(poses), len(self.skeleton), 3), np.nan)
        std = np.full(xyz.shape[:2], np.nan)
        given = self.skeleton.index(*self.body.joints)
        xyz[:, given] = poses.xyz_mm
        if poses.std_mm is not None:
            std[:, given] = poses.std_mm
        if len(poses):
            body = poses
            if self.body != COCO17:
                of_coco = np.asarray(poses.xyz_mm)[:, self.body.index(*COCO17.joints)]
                body = dataclasses.replace(poses, skeleton=COCO17, xyz_mm=of_coco, std_mm=None)
            rays = PartRays.of(self.rig, self._detections_of(body, keypoints))
            for parts in _sides(parts_of(self.detected, self.body)):
                solved = self._solve(parts, body, rays)
                for part, part_xyz, part_std in zip(parts, *solved):
                    index = self.skeleton.index(*part.joints)
                    xyz[:, index], std[:, index] = part_xyz, part_std
        return dataclasses.replace(poses, skeleton=self.skeleton, xyz_mm=xyz, std_mm=std)

    def _detections_of(self, poses: Poses3D, keypoints: Mapping[str, Keypoints2D]) -> np.ndarray:
        """(P, V, D, 3) ``u, v, score`` of each person in each view; 0 where there is none."""
        seen = np.zeros((len(poses), len(self.rig), len(self.detected), 3))
        projected = Projected.of(self.rig, poses.xyz_mm)
        for view, camera in enumerate(self.rig):
            people = keypoints.get(camera.name)
            if people is None or not len(people):
                continue
            found = match_detections(projected.view(view), people.to(COCO17).array, MIN_SCORE)
            rows = np.flatnonzero(found >= 0)
            seen[rows, view] = people.to(self.detected).array[found[rows]]
        return seen

    def _solve(
        self, parts: Sequence[Part], poses: Poses3D, rays: PartRays
    ) -> tuple[np.ndarray, np.ndarray]:
        """Joints of a part, or of its left and right one together.

        Returns:
            (S, P, J, 3) in mm and (S, P, J) their standard deviation, NaN if missing, S sides.
        """
        part, kind = parts[0], KINDS[parts[0].kind]
        # One row per side and person.
        columns = [self.detected.index(*side.joints) for side in parts]
        rays = PartRays(
            rays.origins,
            np.concatenate([rays.directions[:, :, index] for index in columns]),
            np.concatenate([rays.weights[:, :, index] for index in columns]),
        )
        body = np.asarray(poses.xyz_mm)
        anchors = np.concatenate([body[:, COCO17.index(*side.anchors)] for side in parts])
        people = [self._lengths_of(part, poses, row) for row in range(len(poses))]
        people *= len(parts)
        points = robust_points(rays, kind.std_mm, anchors, _reach(part, people))
        lost = _implausible(points, rays, kind.least_share)
        xyz = np.where(lost[:, None, None], np.nan, points.xyz_mm)
        variance = np.trace(points.covariance, axis1=-2, axis2=-1) / 3
        if part.segments:
            points = dataclasses.replace(points, xyz_mm=xyz)
            xyz, variance = _with_lengths(part, people, rays, points, anchors[:, 0])
            # Rays and lengths may contradict each other: then the joint is somewhere else.
            agreed = agreeing(rays, xyz, kind.std_mm).sum(1) >= 2
            xyz = np.where(agreed[..., None], xyz, np.nan)
        std = np.where(np.isfinite(xyz).all(-1), np.sqrt(variance), np.nan)
        by_side = (len(parts), len(poses), len(part.joints))
        return xyz.reshape(*by_side, 3), std.reshape(by_side)

    def _lengths_of(self, part: Part, poses: Poses3D, row: int) -> SegmentLengths:
        """What is known of a person's segments, and remembered from frame to frame."""
        track = row if poses.track_ids is None else int(poses.track_ids[row])
        person = self._people.setdefault(track, {})
        self._people.move_to_end(track)
        while len(self._people) > MAX_PEOPLE:
            self._people.popitem(last=False)
        both_sides = part.segments_without_side
        if both_sides not in person:
            stature_mm = stature_of(np.asarray(poses.xyz_mm)[row])
            person[both_sides] = SegmentLengths(part, stature_mm)
        return person[both_sides]


def _sides(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts, a left one with the right one where both have the same joints."""
    groups: dict[tuple, list[Part]] = {}
    for part in parts:
        groups.setdefault((part.kind, part.joints_without_side), []).append(part)
    return list(groups.values())


def _implausible(points: Points, rays: PartRays, least_share: float) -> np.ndarray:
    """(N,) which parts are of something else: too few of their joints agree in two views."""
    shown = ((rays.weights > 0).sum(1) >= 2).sum(-1)
    agreed = np.isfinite(points.xyz_mm).all(-1).sum(-1)
    return agreed < least_share * shown


def _reach(part: Part, people: Sequence[SegmentLengths]) -> np.ndarray:
    """(N, J) how far each joint may be from its anchors: no farther than its segments allow."""
    kind = KINDS[part.kind]
    reach = np.full((len(people), len(part.joints)), kind.reach_mm)
    if not part.segments:
        return reach
    path = path_matrix(part)
    mean, std = (np.stack(values) for values in zip(*(p.estimate() for p in people)))
    known = np.isfinite(mean)
    longest = np.where(known, mean, 0.0) @ path.T + SLACK_STDS * kind.std_mm
    longest += 3 * np.sqrt(np.where(known, std, 0.0) ** 2 @ path.T)
    leads = path.any(1) & ((known @ path.T) == path.sum(1))
    return np.where(leads, np.minimum(longest, reach), reach)


def _with_lengths(
    part: Part,
    people: Sequence[SegmentLengths],
    rays: PartRays,
    points: Points,
    anchor: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The joints once more, with segments of the lengths that each person has.

    Returns:
        Joints (N, J, 3) in mm and their variances (N, J) in mm^2, mean over the axes.
    """
    ends = part.segment_ends
    xyz = np.concatenate([points.xyz_mm, anchor[:, None]], axis=1)
    body_mm2 = np.broadcast_to(BODY_STD_MM**2 * np.eye(3), (len(xyz), 1, 3, 3))
    spread = np.concatenate([points.covariance, body_mm2], axis=1)
    for row, lengths in enumerate(people):
        lengths.add(xyz[row][ends], spread[row][ends])
    mean = np.stack([lengths.estimate()[0] for lengths in people])
    of_rays = points.xyz_mm, KINDS[part.kind].std_mm, np.square(points.std_mm)
    A, b = equations_of_parts(*rays.arrays, *of_rays)
    known = np.isfinite(xyz).all(-1)
    start = np.where(known[..., None], xyz, 0.0)
    if part.root:
        root = part.joints.index(part.root)
        hold = np.where(known[:, root] & known[:, -1], ROOT_STD_MM**-2, 0.0)
        A[:, root] += hold[:, None, None] * np.eye(3)
        b[:, root] += hold[:, None] * start[:, -1]
    held = known[:, ends].all(-1) & np.isfinite(mean)
    length = np.where(held, mean, 1.0)
    tension = np.where(held, (LENGTH_STIFFNESS * length) ** -2, 0.0)
    x, variance = solve_with_lengths(A, b, start, known, ends, length, tension, part.filled)
    return np.where(known[:, :-1, None], x, np.nan), variance
