"""Predictions against 2D keypoints, time and anatomy, where there is no ground truth."""

from __future__ import annotations

import math
import os
from typing import Any, Mapping, Sequence, cast

from mmpose_ours.calibration import read_rig
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.detections import arrays_of, check_pixels, stack_keypoints
from mmpose_ours.detections.reading import (
    KeypointOptions,
    compared_joints,
    lost_joints,
    read_keypoints,
    skeleton_of,
)
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.evaluation.frame_ranges import name_frames, parse_frames
from mmpose_ours.evaluation.joint_groups import joint_groups
from mmpose_ours.evaluation.tables import columns, number
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame, unlabelled_figures
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import (
    FrameId,
    Predictions,
    another_rig,
    frame_id,
    read_predictions,
)
from mmpose_ours.recordings.camera_names import by_camera
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.text import argument, counted

Seen = Mapping[FrameId, Mapping[str, Keypoints2D]]


def evaluate_without_truth(
    pred: PathLike,
    rig: PathLike | Sequence[PathLike],
    keypoints: PathLike,
    frames: str | Sequence[FrameId] | None = None,
    left_out: Mapping[str, PathLike] | None = None,
    frame_rate: float | None = None,
    image_size: ImageSizes | None = None,
    reading: KeypointOptions | None = None,
    *,
    rig_format: str = 'auto',
    rig_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Judge a predictions file by the 2D keypoints of the same frames.

    Args:
        pred: A file in the Predictions format.
        rig: Calibration of the cameras, or its files, of any format.
        keypoints: 2D keypoints, see :func:`mmpose_ours.detections.read_keypoints`.
        frames: Frames to look at, as a list or as ``'0-99'``; among them a frame that
            ``pred`` lacks is one without predictions. None is all that both files have.
        left_out: By camera, a file of predictions made without this camera.
        frame_rate: Frames per second, where ``pred`` does not say it.
        image_size: (width, height) where the calibration does not say it, or by camera.
        reading: How the keypoints are to be read.
        rig_format: See :func:`mmpose_ours.calibration.read_rig`.
        rig_options: Further arguments of it.

    Returns:
        Plain values, ready for JSON; undefined figures are None. Their definitions stand in
        :class:`mmpose_ours.evaluation.without_truth.result.UnlabelledResult`.

    Raises:
        InputError: A file or an argument is unfit; one sentence that names it and the fix.
        OSError: A file cannot be opened.
    """
    if frame_rate is not None and not 0 < frame_rate < math.inf:
        raise InputError(
            f'the frame rate is {frame_rate}; give frames per second, above 0',
            code='out-of-range',
            found=frame_rate,
        )
    how = {'image_size': image_size, **(rig_options or {})}
    cameras = read_rig(rig, rig_format, **how)
    name = ' '.join(map(str, rig)) if isinstance(rig, (list, tuple)) else os.fspath(cast(str, rig))
    found = read_keypoints(keypoints, cameras.names, **(reading or {}))
    compared = compared_joints(skeleton_of(found))
    for note in lost_joints(found, compared, keypoints):
        (reading or {}).get('say', str)(note)
    arrays = {frame: arrays_of(views, compared) for frame, views in found.items()}
    check_pixels(arrays, cameras, keypoints)
    seen = {frame_id(frame): views for frame, views in found.items()}
    prediction = read_predictions(pred)
    try:
        rate = prediction.frame_rate(frame_rate, 'frame_rate')
    except InputError as error:
        raise error.reworded(InputError, f'{pred}: {error}', file=pred) from error
    wanted, warnings = _choose(pred, prediction, keypoints, seen, frames)
    if prediction.of_another_rig(cameras):
        warnings.append(another_rig(pred, name))
    others = {}
    for camera, path in by_camera(left_out or {}, cameras.names).items():
        if camera not in cameras.names:
            raise InputError(
                f'{argument("left_out", {camera: os.fspath(path)})}: no such camera in {name}; it '
                f'has {", ".join(cameras.names)}',
                code='unknown-camera',
                file=name,
                camera=camera,
                found=camera,
                expected=list(cameras.names),
            )
        other = read_predictions(path)
        shared = [frame for frame in wanted if frame in other.frames]
        if other.skeleton.joints != prediction.skeleton.joints or not shared:
            raise InputError(
                f'{path}: has {other.skeleton.name} and {len(shared)} of the '
                f'{counted(len(wanted), "frame")} '
                f'looked at; expected {prediction.skeleton.name} and the frames of {pred}',
                code='no-match',
                file=path,
                camera=camera,
                found=other.skeleton.name,
                expected=prediction.skeleton.name,
            )
        others[camera] = _evaluated(shared, cameras, other, seen, compared)
    result = unlabelled_figures(
        _evaluated(wanted, cameras, prediction, seen, compared),
        prediction.skeleton,
        compared,
        frame_rate=rate,
        left_out=others,
    )
    return {
        'pred': os.fspath(pred),
        'rig': name,
        'keypoints': os.fspath(keypoints),
        'frame_ranges': name_frames(wanted),
        'joints': prediction.skeleton.name,
        'left_out_cameras': list(others),
        **_plain(result.summary()),
        'warnings': warnings,
    }


def format_without_truth(report: dict[str, Any]) -> str:
    """Lay out what :func:`evaluate_without_truth` returns."""
    rows = [
        ['reprojection', 'detected / visible', 'median', '90 %', 'median of box', '90 % of box']
    ]
    entries = {**report['cameras'], 'all cameras': report['reprojection']}
    left_out = f'left out ({", ".join(report["left_out_cameras"])})'
    entries.update({f'  {name}': entry for name, entry in report['groups'].items()})
    if report['left_out'] is not None:
        entries[left_out] = report['left_out']
        groups = report['left_out_groups']
        entries.update({f'  left out, {name}': entry for name, entry in groups.items()})
    for name, entry in entries.items():
        rows.append(
            [
                name,
                f'{entry["matched"]} / {entry["due"]}',
                *(f'{number(entry[key], 1)} px' for key in ('median_px', 'p90_px')),
                *(_percent(entry[key]) for key in ('median_share', 'p90_share')),
            ]
        )
    in_m_s2 = (
        f', {number(report["jitter_m_s2"])} m/s^2' if report['jitter_m_s2'] is not None else ''
    )
    ranges = report['frame_ranges']
    if len(ranges) > 60:
        ranges = ranges[:60].rpartition(',')[0] + ',...'
    facts = [
        ['people', f'{number(report["people_per_frame"])} per frame ({report["people"]} in all)'],
        ['false positives', f'{number(report["false_positives_per_frame"])} per frame '
         f'({report["false_positives"]} in all): '
                   'visible to cameras, and matched with no detection'],
        ['out of view', f'{number(report["out_of_view_per_frame"])} per frame'],
        ['missed', f'{number(report["missed_per_frame"])} per frame ({report["missed"]} of '
                   f'{report["seen_by_two"]} whom two cameras detect)'],
        ['limb lengths', f'vary by {_percent(report["limb_spread"])} (90 %: '
                         f'{_percent(report["limb_spread_p90"])}) over '
                         f'{counted(report["tracks"], "track")}'],
        *([f'{name} segments', f'vary by {_percent(middle)} (90 %: {_percent(most)})']
          for name, (middle, most) in report['segment_spread'].items()),
        ['left and right', f'differ by {_percent(report["side_difference"])} (90 %: '
                           f'{_percent(report["side_difference_p90"])})'],
        ['head above hips', _percent(report['head_above_hips'])],
        ['acceleration', f'{number(report["jitter_mm"], 1)} mm/frame^2 (90 %: '
                   f'{number(report["jitter_mm_p90"], 1)}){in_m_s2}'],
    ]  # fmt: skip
    lines = [
        f'without ground truth: {counted(report["frames"], "frame")} ({ranges}), joints '
        f'{report["joints"]}',
        '',
        *columns(rows),
        '',
        *columns(facts, left=2),
    ]
    lines += ['', *(f'warning: {text}' for text in report['warnings'])] * bool(report['warnings'])
    return '\n'.join(lines)


def _choose(
    pred: PathLike,
    prediction: Predictions,
    keypoints: PathLike,
    seen: Seen,
    frames: str | Sequence[FrameId] | None,
) -> tuple[list[FrameId], list[str]]:
    """Frames to look at in the order of time, and what is strange about them."""
    warnings = []
    wanted: list[FrameId]
    if frames is None:
        wanted = [frame for frame in prediction.frames if frame in seen]
        for path, lost in (
            (pred, len(seen) - len(wanted)), (keypoints, len(prediction.frames) - len(wanted))
        ):  # fmt: skip
            if lost and wanted:
                count = f'{lost} frame{"s" * (lost != 1)}'
                warnings.append(f'{path}: lacks {count} of the other file; not looked at')
    else:
        wanted = list(parse_frames(frames) if isinstance(frames, str) else frames)
        lost_frames = [frame for frame in wanted if frame not in seen]
        if lost_frames:
            raise InputError(
                f'{keypoints}: lacks frame {lost_frames[0]} ({len(lost_frames)} of {len(wanted)}); '
                f'change {argument("frames")}',
                code='no-match',
                file=keypoints,
                frame=lost_frames[0],
            )
    if not any(frame in prediction.frames for frame in wanted):
        raise InputError(
            f'{pred}: shares no frame to look at with {keypoints}; it has '
            f'{name_frames(list(prediction.frames), 40) or "none"}, the other '
            f'{name_frames(list(seen), 40) or "none"}; name frames alike',
            code='no-match',
            file=pred,
            found=list(prediction.frames),
            expected=list(seen),
        )
    numbered = all(isinstance(frame, int) for frame in wanted)
    return sorted(wanted) if numbered else wanted, warnings


def _evaluated(
    frames: Sequence[FrameId],
    rig: CameraRig,
    prediction: Predictions,
    seen: Seen,
    compared: Skeleton,
) -> list[EvaluatedFrame]:
    found = ((frame, prediction.of(frame)) for frame in frames)
    whole = len(joint_groups(prediction.skeleton)) > 1
    return [
        EvaluatedFrame(
            frame,
            rig,
            poses.xyz_mm,
            stack_keypoints(seen[frame], rig.names, compared),
            poses.track_ids,
            stack_keypoints(seen[frame], rig.names, prediction.skeleton) if whole else None,
        )
        for frame, poses in found
    ]


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.1f} %'


def _plain(value: Any) -> Any:
    """None for every NaN, so that the report is valid JSON."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
