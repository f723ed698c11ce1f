"""The poses of a model, which know the body, completed by every other joint of the detections."""

from __future__ import annotations

import collections
import dataclasses
from typing import Dict, Mapping, Tuple

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.parts.layout import KINDS, Part, parts_of, whole_skeleton
from mmpose_ours.parts.matching import match_detections
from mmpose_ours.parts.robust_points import (
    PartRays,
    Points,
    agreeing,
    normal_equations,
    robust_points,
    robust_weights,
)
from mmpose_ours.parts.segment_lengths import SegmentLengths, path_matrix, stature_of
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

_Lengths = Dict[Tuple[Tuple[str, str], ...], SegmentLengths]
# Detected joints whose score is not above this are missing.
MIN_SCORE = 0.1
# Standard deviation of a segment around its person's length, as a share of it.
STIFFNESS = 0.02
# mm. Standard deviation of the distance between a hand's root and the wrist.
ROOT_STD_MM = 15.0
SEGMENT_STEPS = 10
# mm. How well the body's joints are known, as ends of segments.
BODY_STD_MM = 15.0
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

    Attributes:
        skeleton: The joints of the completed poses.
    """

    def __init__(self, rig: CameraRig, detected: Skeleton):
        self.rig, self.detected = rig, detected
        self.skeleton = whole_skeleton(detected)
        self._origins = np.stack([camera.center_w for camera in rig])
        self._people: collections.OrderedDict[int, _Lengths] = collections.OrderedDict()

    def __call__(self, poses: Poses3D, keypoints: Mapping[str, Keypoints2D]) -> Poses3D:
        """Complete the poses of one frame.

        Args:
            poses: COCO-17, with track IDs.
            keypoints: Camera name to its detections.

        Returns:
            The same people with the joints of :func:`~mmpose_ours.parts.layout.whole_skeleton`;
            ``std_mm`` is NaN where a joint is missing.
        """
        skeleton = self.skeleton
        if skeleton == poses.skeleton:
            return poses
        xyz = np.full((len(poses), len(skeleton), 3), np.nan)
        std = np.full(xyz.shape[:2], np.nan)
        body = skeleton.index(*COCO17.joints)
        xyz[:, body] = poses.xyz_mm
        if poses.std_mm is not None:
            std[:, body] = poses.std_mm
        if len(poses):
            seen = self._detections_of(poses, keypoints)
            for part in parts_of(self.detected):
                index = skeleton.index(*part.joints)
                xyz[:, index], std[:, index] = self._solve(part, poses, seen)
        return dataclasses.replace(poses, skeleton=skeleton, xyz_mm=xyz, std_mm=std)

    def _detections_of(self, poses: Poses3D, keypoints: Mapping[str, Keypoints2D]) -> np.ndarray:
        """(P, V, D, 3) ``u, v, score`` of each person in each view; 0 where there is none."""
        seen = np.zeros((len(poses), len(self.rig), len(self.detected), 3))
        for view, camera in enumerate(self.rig):
            people = keypoints.get(camera.name)
            if people is None or not len(people):
                continue
            found = match_detections(
                np.asarray(poses.xyz_mm), people.to(COCO17).array, camera, MIN_SCORE
            )
            rows = np.flatnonzero(found >= 0)
            seen[rows, view] = people.to(self.detected).array[found[rows]]
        return seen

    def _solve(self, part: Part, poses: Poses3D, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(P, J, 3) and (P, J): a part's joints and their standard deviation, NaN if missing."""
        kind = KINDS[part.kind]
        rays = self._rays(seen[:, :, self.detected.index(*part.joints)])
        anchors = np.asarray(poses.xyz_mm)[:, COCO17.index(*part.anchors)]
        people = [self._lengths_of(part, poses, row) for row in range(len(poses))]
        points = robust_points(rays, kind.std_mm, anchors, _reach(part, people))
        lost = _implausible(points, rays, kind.least_share)
        xyz, covariance = np.where(lost[:, None, None], np.nan, points.xyz_mm), points.covariance
        if part.segments:
            points = dataclasses.replace(points, xyz_mm=xyz)
            xyz, covariance = _with_lengths(part, people, rays, points, anchors[:, 0])
            # Rays and lengths may contradict each other: then the joint is somewhere else.
            agreed = agreeing(rays, xyz, kind.std_mm).sum(1) >= 2
            xyz = np.where(agreed[..., None], xyz, np.nan)
        std = np.sqrt(np.trace(covariance, axis1=-2, axis2=-1) / 3)
        return xyz, np.where(np.isfinite(xyz).all(-1), std, np.nan)

    def _rays(self, seen: np.ndarray) -> PartRays:
        people, views, joints, _ = seen.shape
        directions = np.zeros((people, views, joints, 3))
        weights = np.where(seen[..., 2] > MIN_SCORE, seen[..., 2], 0.0)
        for view, camera in enumerate(self.rig):
            known = weights[:, view] > 0
            if not known.any():
                continue
            xy = camera.normalise_points(seen[:, view, :, :2], known)
            reached = known & np.isfinite(xy).all(-1)
            weights[:, view] *= reached
            local = np.ones((people, joints, 3))
            local[..., :2] = np.where(reached[..., None], xy, 0.0)
            local /= np.linalg.norm(local, axis=-1, keepdims=True)
            directions[:, view] = local @ camera.R_w2c
        return PartRays(self._origins, directions, weights)

    def _lengths_of(self, part: Part, poses: Poses3D, row: int) -> SegmentLengths:
        """What is known of a person's segments, and remembered from frame to frame."""
        track = row if poses.track_ids is None else int(poses.track_ids[row])
        person = self._people.setdefault(track, {})
        self._people.move_to_end(track)
        while len(self._people) > MAX_PEOPLE:
            self._people.popitem(last=False)
        both_sides = tuple(segment.both_sides for segment in part.segments)
        if both_sides not in person:
            stature_mm = stature_of(np.asarray(poses.xyz_mm)[row])
            person[both_sides] = SegmentLengths(part, stature_mm)
        return person[both_sides]


def _ends_of(part: Part) -> np.ndarray:
    """(S, 2) the ends of a part's segments among its joints; the anchor is behind the last."""
    place = {joint: index for index, joint in enumerate(part.joints)}
    return np.array(
        [[place.get(end, len(place)) for end in (s.first, s.second)] for s in part.segments]
    ).reshape(-1, 2)


def _implausible(points: Points, rays: PartRays, least_share: float) -> np.ndarray:
    """(N,) which parts are of something else: too few of their joints agree in two views."""
    shown = ((rays.weights > 0).sum(1) >= 2).sum(-1)
    agreed = np.isfinite(points.xyz_mm).all(-1).sum(-1)
    return agreed < least_share * shown


def _reach(part: Part, people: list[SegmentLengths]) -> np.ndarray:
    """(P, J) how far each joint may be from its anchors: no farther than its segments allow."""
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
    people: list[SegmentLengths],
    rays: PartRays,
    points: Points,
    anchor: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The joints once more, with segments of the lengths that each person has.

    Returns:
        Joints (P, J, 3) and their covariances (P, J, 3, 3).
    """
    ends = _ends_of(part)
    xyz = np.concatenate([points.xyz_mm, anchor[:, None]], axis=1)
    body_mm2 = np.broadcast_to(BODY_STD_MM**2 * np.eye(3), (len(xyz), 1, 3, 3))
    spread = np.concatenate([points.covariance, body_mm2], axis=1)
    mean = np.zeros((len(xyz), len(ends)))
    for row, lengths in enumerate(people):
        lengths.add(xyz[row][ends], spread[row][ends])
        mean[row], _ = lengths.estimate()
    return _constrained(part, points.std_mm, rays, points.xyz_mm, anchor, ends, mean)


def _constrained(
    part: Part,
    std_mm: np.ndarray,
    rays: PartRays,
    start: np.ndarray,
    anchor: np.ndarray,
    ends: np.ndarray,
    mean: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Newton on rays and lengths together.

    Args:
        part: The part, of J joints and S segments.
        std_mm: (N,) standard deviation of a joint across its ray.
        rays: Of N of them.
        start: (N, J, 3) where the joints are without lengths; what is NaN stays so.
        anchor: (N, 3) the joint of the body that it hangs on.
        ends: (S, 2) of the segments; J is the anchor.
        mean: (N, S) lengths in mm; NaN where nothing is known.

    Returns:
        Joints (N, J, 3) and their covariances (N, J, 3, 3).
    """
    count, joints = start.shape[:2]
    known = np.isfinite(np.concatenate([start, anchor[:, None]], axis=1)).all(-1)
    held = known[:, ends].all(-1) & np.isfinite(mean)
    tension = np.where(held, (STIFFNESS * np.where(held, mean, 1.0)) ** -2, 0.0)
    weights = robust_weights(rays, start, KINDS[part.kind].std_mm)
    weights = weights / (std_mm**2)[:, None, None]
    A, b = normal_equations(rays, weights)
    root = part.joints.index(part.root) if part.root else None
    if root is not None:
        hold = np.where(known[:, root] & known[:, -1], ROOT_STD_MM**-2, 0.0)
        A[:, root] += hold[:, None, None] * np.eye(3)
        b[:, root] += hold[:, None] * np.where(known[:, -1:], anchor, 0.0)
    A[~known[:, :-1]] = np.eye(3)
    b[~known[:, :-1]] = 0.0
    x = np.concatenate([np.where(known[:, :-1, None], start, 0.0),
                        np.where(known[:, -1:], anchor, 0.0)[:, None]], axis=1)  # fmt: skip
    free = np.append(np.ones(joints, bool), False)
    H = np.zeros((count, joints + 1, joints + 1, 3, 3))
    for _ in range(SEGMENT_STEPS):
        H[:] = 0.0
        H[:, np.arange(joints), np.arange(joints)] = A
        gradient = np.einsum('njik,njk->nji', A, x[:, :-1]) - b
        gradient = np.concatenate([gradient, np.zeros((count, 1, 3))], axis=1)
        away = x[:, ends[:, 1]] - x[:, ends[:, 0]]  # (N, S, 3)
        length = np.maximum(np.linalg.norm(away, axis=-1), 1e-6)
        u = away / length[..., None]
        pull = tension * (length - np.where(held, mean, 0.0))
        stiff = tension[..., None, None] * np.einsum('nsi,nsk->nsik', u, u)
        for s, (a, c) in enumerate(ends):
            H[:, a, a] += stiff[:, s]
            H[:, c, c] += stiff[:, s]
            H[:, a, c] -= stiff[:, s]
            H[:, c, a] -= stiff[:, s]
            gradient[:, c] += pull[:, s, None] * u[:, s]
            gradient[:, a] -= pull[:, s, None] * u[:, s]
        matrix = H[:, free][:, :, free].transpose(0, 1, 3, 2, 4).reshape(count, 3 * joints, -1)
        step = np.linalg.solve(matrix, gradient[:, :-1].reshape(count, -1, 1))
        x[:, :-1] -= step.reshape(count, joints, 3)
    inverse = np.linalg.inv(matrix).reshape(count, joints, 3, joints, 3)
    covariance = np.einsum('njijk->njik', inverse)
    return np.where(known[:, :-1, None], x[:, :-1], np.nan), covariance
