"""Figures of 3D poses without ground truth: from 2D detections, motion and anatomy.

Each of these can be good while the poses are bad (a pose that never moves has no acceleration), so
they must be read together. Their definitions are in
:class:`mmpose_ours.evaluation.without_truth.result.UnlabelledResult`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.evaluation.joint_groups import compared_groups, group_segments
from mmpose_ours.evaluation.plausibility import (
    LIMBS,
    head_above_hips,
    jitter_mm,
    limb_lengths,
    relative_variation,
    segment_lengths,
    side_differences,
)
from mmpose_ours.evaluation.without_truth.result import Reprojection, UnlabelledResult, percentiles
from mmpose_ours.evaluation.without_truth.support import (
    Support,
    find_support,
    joint_errors,
    missed_people,
)
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import FrameId
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.tracking.tracks import assign_track_ids, patience_at

# Frames of the shortest track whose limb lengths are evaluated.
MIN_TRACK = 5


@dataclasses.dataclass(frozen=True, eq=False)
class EvaluatedFrame:
    """3D poses and 2D detections of one frame.

    Args:
        name: Its id.
        rig: V cameras, with image sizes.
        poses: (P, J, 3) mm, z up; NaN where a joint is missing.
        keypoints: (V, D, K, 3) ``u, v, score``; people without a joint are padding.
        ids: (P,) track IDs; None if unknown.
        all_keypoints: (V, D, J, 3) the same detections with the joints of the poses, for figures by
            group of joints; None if the keypoints are all.
    """

    name: FrameId
    rig: CameraRig
    poses: np.ndarray
    keypoints: np.ndarray
    ids: np.ndarray | None = None
    all_keypoints: np.ndarray | None = None


def unlabelled_figures(
    frames: Sequence[EvaluatedFrame],
    joints: Skeleton | str,
    keypoint_joints: Skeleton | str = 'coco17',
    frame_rate: float | None = None,
    left_out: Mapping[str, Sequence[EvaluatedFrame]] | None = None,
) -> UnlabelledResult:
    """Judge 3D poses by 2D keypoints, time and anatomy.

    Args:
        frames: The frames in the order of time. Where frames are numbers, time is the
            number; otherwise the index. Without track IDs,
            :func:`~mmpose_ours.tracking.tracks.assign_track_ids` assigns them.
        joints: Skeleton of the poses.
        keypoint_joints: Skeleton of the keypoints.
        frame_rate: Frame numbers per second, if known.
        left_out: By camera, frames whose poses were predicted without this camera; their
            rigs and keypoints are those of all cameras.

    Returns:
        The figures.

    Raises:
        InputError: A skeleton is unknown, a camera is not in the rig or has no image size.
    """
    by_camera: dict[str, list[ViewMatches]] = {}
    in_groups: list[ViewMatches] = []
    false_positives = out_of_view = seen_by_two = missed = 0
    for frame in frames:
        support = _support(frame, joints, keypoint_joints)
        false_positives += int(support.false_positives.sum())
        out_of_view += int(support.out_of_view.sum())
        groups, lost = missed_people(frame.rig, frame.keypoints, support.match)
        seen_by_two, missed = seen_by_two + groups, missed + lost
        for view, name in enumerate(frame.rig.names):
            by_camera.setdefault(name, []).append(_view_matches(support, view))
        in_groups += _all_joints(frame, support)
    left_out_matches, left_out_groups = [], []
    for camera, others in (left_out or {}).items():
        for frame in others:
            alone = _only(frame, camera)
            support = _support(alone, joints, keypoint_joints)
            left_out_matches.append(_view_matches(support, 0))
            left_out_groups += _all_joints(alone, support)
    poses = [frame.poses for frame in frames]
    everybody = np.concatenate([*poses, np.zeros((0, len(as_skeleton(joints)), 3))])
    head = head_above_hips(everybody, joints)
    side = percentiles(side_differences(limb_lengths(everybody, joints)))
    return UnlabelledResult(
        frames=len(frames),
        people=len(everybody),
        false_positives=false_positives,
        out_of_view=out_of_view,
        seen_by_two=seen_by_two,
        missed=missed,
        cameras={name: _reprojection(entries) for name, entries in by_camera.items()},
        reprojection=_reprojection([e for entries in by_camera.values() for e in entries]),
        left_out=_reprojection(left_out_matches) if left_out else None,
        groups=_by_group(in_groups, joints),
        left_out_groups=_by_group(left_out_groups, joints),
        side_difference=side[0],
        side_difference_p90=side[1],
        head_above_hips=float(np.nanmean(head)) if np.isfinite(head).any() else float('nan'),
        frame_rate=frame_rate,
        **_over_time(frames, joints, frame_rate),
    )


ViewMatches = tuple  # of one view: due (P,), error_px (P, J), box_px (P,)


def _support(
    frame: EvaluatedFrame, joints: Skeleton | str, keypoint_joints: Skeleton | str
) -> Support:
    poses = convert_joints(frame.poses, joints, keypoint_joints)
    return find_support(frame.rig, poses, frame.keypoints)


def _only(frame: EvaluatedFrame, camera: str) -> EvaluatedFrame:
    """A frame with the detections of one camera only."""
    rig = frame.rig.select([camera])
    view = frame.rig.names.index(camera)
    whole = None if frame.all_keypoints is None else frame.all_keypoints[[view]]
    return EvaluatedFrame(frame.name, rig, frame.poses, frame.keypoints[[view]], None, whole)


def _view_matches(support: Support, view: int) -> ViewMatches:
    return support.due[view], support.error_px[view], support.box_px[view]


def _all_joints(frame: EvaluatedFrame, support: Support) -> list[ViewMatches]:
    """The matches of each view with the errors of all joints of the poses."""
    if frame.all_keypoints is None:
        return []
    error_px = joint_errors(frame.rig, frame.poses, frame.all_keypoints, support.match)
    return [
        (support.due[view], error_px[view], support.box_px[view]) for view in range(len(frame.rig))
    ]


def _by_group(entries: Sequence[ViewMatches], joints: Skeleton | str) -> dict[str, Reprojection]:
    """Reprojection by group of joints, those of the body alone are not a group."""
    groups = compared_groups(as_skeleton(joints))
    if len(groups) == 1:
        return {}
    return {
        name: _reprojection([(due, error[:, group], box) for due, error, box in entries])
        for name, group in groups.items()
        if entries
    }


def _reprojection(entries: Sequence[ViewMatches]) -> Reprojection:
    if not entries:
        return Reprojection.of(np.zeros(0, bool), np.zeros((0, 1)), np.zeros(0))
    due, error_px, box_px = (np.concatenate(parts) for parts in zip(*entries))
    return Reprojection.of(due, error_px, box_px)


def _over_time(
    frames: Sequence[EvaluatedFrame], joints: Skeleton | str, frame_rate: float | None
) -> dict[str, Any]:
    """Figures of tracks: limb length variation and acceleration."""
    times = [float(n) for n in range(len(frames))]
    if all(isinstance(frame.name, int) for frame in frames):
        times = [float(frame.name) for frame in frames]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    tracks: dict[int, list[tuple[float, np.ndarray]]] = {}
    patience = patience_at(frame_rate and frame_rate / step)
    for time, frame, ids in zip(times, frames, _track_ids(frames, patience)):
        for track_id, pose in zip(ids.tolist(), frame.poses):
            tracks.setdefault(track_id, []).append((time, pose))
    spreads, jitters, count = [np.zeros((0, len(LIMBS)))], [np.zeros(0)], 0
    segments = group_segments(as_skeleton(joints))
    varied: dict[str, list[float]] = {name: [] for name in segments}
    for entries in tracks.values():
        when, poses = [time for time, _ in entries], np.stack([pose for _, pose in entries])
        if len(entries) >= 3:
            jitters.append(jitter_mm(when, poses, step))
        if len(entries) >= MIN_TRACK:
            count += 1
            lengths = limb_lengths(poses, joints)
            spreads.append(np.array([[relative_variation(limb) for limb in lengths.T]]))
            for name, group in segments.items():
                lengths = segment_lengths(poses, joints, group)
                varied[name] += [relative_variation(segment) for segment in lengths.T]
    spread = np.concatenate(spreads)
    limb = percentiles(spread)
    jitter = percentiles(np.concatenate(jitters))
    return dict(
        tracks=count,
        limb_spread=limb[0],
        limb_spread_p90=limb[1],
        limbs={
            f'{first}-{second.split("_")[1]}': percentiles(column)[0]
            for (first, second), column in zip(LIMBS, spread.T)
        },
        segment_spread={name: percentiles(np.array(all_of)) for name, all_of in varied.items()},
        jitter_mm=jitter[0],
        jitter_mm_p90=jitter[1],
        step=step,
    )


def _track_ids(frames: Sequence[EvaluatedFrame], patience: int) -> list[np.ndarray]:
    """Track IDs per frame; frames of another rig are another place, so their tracks are new."""
    ids = [frame.ids for frame in frames if frame.ids is not None]
    if len(ids) == len(frames):
        return ids
    ids = []
    next_id = start = 0
    while start < len(frames):
        rig = frames[start].rig.fingerprint
        end = start
        while end < len(frames) and frames[end].rig.fingerprint == rig:
            end += 1
        linked = assign_track_ids([i.poses for i in frames[start:end]], patience=patience)
        ids += [track_ids + next_id for track_ids in linked]
        next_id += max((int(n.max()) for n in linked if len(n)), default=-1) + 1
        start = end
    return ids
