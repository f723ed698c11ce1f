"""Align a rig with the world: z up, millimetres, the floor z = 0, by what is known of the scene.

Each of up axis, scale and floor is set by at most one source; a quantity without a source stays as
it is. The estimates from people are in :mod:`~mmpose_ours.calibration.alignment.up_axis`,
:mod:`~mmpose_ours.calibration.alignment.height` and
:mod:`~mmpose_ours.calibration.alignment.floor`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, ContextManager

import numpy as np

from mmpose_ours.calibration.alignment.evidence import Evidence
from mmpose_ours.calibration.alignment.floor import floor_by_people
from mmpose_ours.calibration.alignment.height import body_height
from mmpose_ours.calibration.alignment.level import MAX_DEVIATIONS, find_horizons, rotation_onto_z
from mmpose_ours.calibration.alignment.poses import find_people, place_of_people
from mmpose_ours.calibration.alignment.similarity import (
    Plane,
    Similarity,
    fit_floor,
    triangulate_floor,
)
from mmpose_ours.calibration.alignment.up_axis import up_by_people
from mmpose_ours.calibration.checks.optical_axes import degrees_off_z, focus_point
from mmpose_ours.calibration.checks.recording_report import (
    DetectionSample,
    judge_recording,
    not_refuted,
)
from mmpose_ours.calibration.checks.rig_report import RigInspection
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.detections import Detections
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.text import argument, counted


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """What became of a rig.

    Args:
        rig: It in the scene: millimetres, z up.
        transform: From the world of the rig as read to the new one.
        figures: By part (``up``, ``scale``, ``floor``, ``origin``) what was found, plain data
            with ``by`` (the argument, None where nothing fixes it) and ``sentence``.
    """

    rig: CameraRig
    transform: Similarity
    figures: dict[str, dict[str, Any]]


def align(
    rig: CameraRig, evidence: Evidence, progress: Callable[[int, int], None] | None = None
) -> Alignment:
    """Turn, scale and move a rig so that z is up, lengths are millimetres and the floor z = 0.

    Args:
        rig: Two or more cameras, any axes and unit.
        evidence: What is known of the scene.
        progress: Called with frames done and to do while people are looked for.

    Raises:
        CalibrationError: The evidence does not tell, contradicts itself or names what the rig
            does not have.
    """
    with _blaming('rig', evidence):
        check_named_cameras(rig, evidence)
    with _blaming('rig' if evidence.floor_pixels is None else 'floor_pixels', evidence):
        floor, marks_px = _measured_floor(rig, evidence)
    with _blaming('keypoints', evidence):
        xyz = None if evidence.people is None else find_people(rig, evidence.people, progress)
    figures: dict[str, dict[str, Any]] = {}
    with _blaming(evidence.source_of('up'), evidence):
        up, figures['up'] = _find_up(rig, evidence, floor, xyz)
    if marks_px is not None:
        figures['up']['floor_points_error_px'] = marks_px.tolist()
    turn = Similarity(rotation_onto_z(up))
    with _blaming(evidence.source_of('scale'), evidence):
        scale, figures['scale'] = _find_scale(rig, evidence, xyz)
    sized = Similarity(scale=scale).after(turn)
    xyz_mm = None if xyz is None else sized(xyz)
    with _blaming(evidence.source_of('floor'), evidence):
        floor_mm, figures['floor'] = _find_floor(sized, evidence, floor, xyz_mm)
    with _blaming('rig', evidence):
        below, figures['origin'] = _find_origin(sized.of_rig(rig), evidence, xyz_mm)
    shift_mm = np.array([-below[0], -below[1], -floor_mm])
    figures['origin']['moved_mm'] = shift_mm.tolist()
    whole = Similarity(shift=shift_mm).after(sized)
    return Alignment(whole.of_rig(rig), whole, figures)


def _blaming(name: str, evidence: Evidence) -> ContextManager[None]:
    """Errors begin with the file of what tells: that of an argument, or else the rig's."""
    given_by = 'keypoints' if name == 'person_height' else name
    files = evidence.files
    return about(files.get(given_by, files.get('rig')), nameless=True)


def check_named_cameras(rig: CameraRig, evidence: Evidence) -> None:
    """Refuse names of cameras that the rig does not have; those of floor pixels come later.

    Raises:
        CalibrationError: The evidence names one.
    """
    named = [('distance', end) for end in (evidence.distance or ())[:2] if isinstance(end, str)]
    if evidence.origin[:1] == ('camera',):
        named.append(('origin', evidence.origin[1]))
    for given_by, name in named:
        if name not in rig.names:
            point = ' (nor is it a point x,y,z)' if given_by == 'distance' else ''
            raise CalibrationError(
                f'{argument(given_by)}: no camera {name!r} in the rig{point}; it has '
                f'{list_names(rig.names)}',
                code='unknown-camera',
                camera=name,
                found=name,
                expected=list(rig.names),
            )


def strange_about(rig: CameraRig, people: Detections | None) -> list[str]:
    """What ``mmpose-ours check-rig`` would say of an aligned rig, a sentence each.

    Args:
        rig: Millimetres, z up.
        people: Those that it was aligned by, if it was: their views must agree.
    """
    facts: dict[str, Any] = {}
    by_people: list[Problem] = []
    if people is not None:
        facts, by_people = judge_recording(rig, DetectionSample.of(people))
    problems = [*not_refuted(RigInspection(rig).problems, facts, by_people), *by_people]
    return list(dict.fromkeys(problem.sentence for problem in problems))


def _measured_floor(rig: CameraRig, evidence: Evidence) -> tuple[Plane | None, np.ndarray | None]:
    """The plane of floor points, and the reprojection errors of points marked in images."""
    if evidence.floor_pixels is not None:
        points, error_px = triangulate_floor(rig, evidence.floor_pixels)
        return fit_floor(points, rig), error_px
    if evidence.floor_points is not None:
        return fit_floor(evidence.floor_points, rig), None
    return None, None


def _find_up(
    rig: CameraRig, evidence: Evidence, floor: Plane | None, xyz: np.ndarray | None
) -> tuple[np.ndarray, dict[str, Any]]:
    by = evidence.source_of('up')
    figures: dict[str, Any] = {'by': by or None}
    up = np.array([0.0, 0.0, 1.0])
    if by == 'horizons':
        horizons = find_horizons(rig)
        up, roll = horizons.up_or_z, horizons.roll_degrees
        figures['roll_degrees'] = dict(zip(rig.names, roll.tolist()))
        figures['horizons_lean_degrees'] = horizons.lean_degrees
        figures['uncertainty_degrees'] = horizons.uncertainty_degrees
        sentence = f'the horizons of {len(rig)} cameras agree within {roll.max():.1f} degrees'
        if up is not horizons.up and horizons.lean_degrees > 0.1:
            sentence += (
                f' and are {horizons.lean_degrees:.1f} degrees off the z axis, less than their '
                f'uncertainty of {horizons.uncertainty_degrees:.1f} degrees, so z is kept'
            )
    elif by in ('floor_points', 'floor_pixels') and floor is not None:
        up = floor.up
        across = float(np.abs((rig.centers_w - floor.point) @ up).max())
        figures.update(floor_points=floor.count, residual_of_camera_height=floor.residual / across)
        sentence = f'across the plane of {floor.count} floor points'
    elif by == 'keypoints' and xyz is not None:
        found = up_by_people(xyz)
        uncertainty = MAX_DEVIATIONS * found.deviation_degrees
        keep = degrees_off_z(found.up) <= uncertainty
        up = up if keep else found.up
        figures.update(
            people=len(xyz), bodies=found.bodies, share_that_agrees=found.share,
            spread_degrees=found.spread_degrees, feet=found.feet,
            feet_residual_mm=found.feet_residual_mm if found.feet else None,
            up_by_people=found.up.tolist(), uncertainty_degrees=uncertainty,
        )  # fmt: skip
        sentence = (
            f'{found.share:.0%} of {found.bodies} legs and trunks of '
            f'{counted(len(xyz), "person", "people")} point that way, half of these within '
            f'{found.spread_degrees:.1f} degrees'
        )
        if found.feet:
            sentence += (
                f'; {found.feet} feet touch its plane within {found.feet_residual_mm:.0f} mm'
            )
        else:
            sentence += '; feet are too few or too close together to tell it more exactly'
        if keep:
            sentence += (
                f'; that is {degrees_off_z(found.up):.1f} degrees off the z axis, less than the '
                f'uncertainty of {uncertainty:.1f} degrees, so z is kept'
            )
    else:
        sentence = 'as given' if by else 'nothing fixes it, it stays as in the file'
    figures.update(
        up_as_read=up.tolist(),
        turned_degrees=degrees_off_z(up),
        sentence=sentence,
    )
    return up, figures


def _find_scale(
    rig: CameraRig, evidence: Evidence, xyz: np.ndarray | None
) -> tuple[float, dict[str, Any]]:
    by = evidence.source_of('scale')
    figures: dict[str, Any] = {'by': by or None}
    scale, sentence = 1.0, 'as given' if by else 'nothing fixes it, it stays as in the file'
    if evidence.distance is not None:
        first, second, mm = evidence.distance
        length = float(np.linalg.norm(_end(rig, first) - _end(rig, second)))
        if not length > 0:
            raise CalibrationError(
                f'{argument("distance")} is between two places that are one; name two different '
                'ones',
                code='conflict',
                found=(first, second),
            )
        if not (np.isfinite(mm) and mm > 0):
            raise CalibrationError(
                f'{argument("distance")} is {mm:g}, expected millimetres above 0',
                code='out-of-range' if np.isfinite(mm) else 'not-finite',
                found=mm,
            )
        scale, sentence = mm / length, f'what measured {length:.6g} as read is {mm:g} mm'
    elif evidence.person_height_mm is not None and xyz is not None:
        height = body_height(xyz)
        if evidence.scale_known:
            ratio = height.median / evidence.person_height_mm
            figures.update(
                by=None, factor=1.0, people=height.count, height_ratio=ratio,
                sentence=f'the unit of the file is known, so the scale is kept; {height.count} '
                f'people seen whole measure {height.median:.0f} mm, {ratio:.2f} times '
                f'{evidence.person_height_mm:g} mm; to change the scale to their height, say '
                f'{argument("rescale", True)}',
            )  # fmt: skip
            return 1.0, figures
        scale = evidence.person_height_mm / height.median
        figures.update(
            people=height.count,
            height_quartiles_mm=[scale * height.low, scale * height.median, scale * height.high],
            segments_mm={name: scale * length for name, length in height.segments.items()},
        )
        sentence = (
            f'{counted(height.count, "person", "people")} seen whole measured '
            f'{height.median:.4g} as read, now '
            f'{evidence.person_height_mm:g} mm; half of them are {scale * height.low:.0f} to '
            f'{scale * height.high:.0f} mm tall, by '
            + ', '.join(f'{name} {scale * v:.0f}' for name, v in height.segments.items())
            + ' mm'
        )
    figures.update(factor=scale, sentence=sentence)
    return scale, figures


def _end(rig: CameraRig, end: Any) -> np.ndarray:
    return rig[end].center_w if isinstance(end, str) else np.asarray(end)


def _find_floor(
    sized: Similarity, evidence: Evidence, floor: Plane | None, xyz_mm: np.ndarray | None
) -> tuple[float, dict[str, Any]]:
    """Its z in the turned and scaled world."""
    by = evidence.source_of('floor')
    figures: dict[str, Any] = {'by': by or None}
    z_mm, sentence = 0.0, 'nothing fixes it, z = 0 stays where it is in the file'
    if by == 'keypoints' and xyz_mm is not None:
        z_mm = floor_by_people(xyz_mm)
        sentence = f'feet of {counted(len(xyz_mm), "person", "people")} stood on z = {z_mm:.0f} mm'
    elif floor is not None:
        z_mm = float(sized(floor.point)[2])
        figures['residual_mm'] = sized.scale * floor.residual
        sentence = (
            f'{floor.count} floor points were at z = {z_mm:.0f} mm, off their plane by '
            f'{figures["residual_mm"]:.1f} mm'
        )
    figures.update(was_at_mm=z_mm, sentence=sentence)
    return z_mm, figures


def _find_origin(
    rig: CameraRig, evidence: Evidence, xyz_mm: np.ndarray | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The point below which the origin goes, in the turned and scaled world."""
    kind = evidence.origin[0] if evidence.origin else 'focus'
    if kind == 'camera':
        name = evidence.origin[1]
        return rig[name].center_w, {'by': kind, 'sentence': f'below camera {name!r}'}
    if kind == 'focus' and xyz_mm is not None:
        return place_of_people(xyz_mm), {'by': 'people', 'sentence': 'below where people were'}
    focus = focus_point(rig) if kind == 'focus' else None
    if focus is not None:
        sentence = 'below the point that the cameras look at'
        return focus, {'by': 'focus', 'sentence': sentence}
    if evidence.origin and kind == 'focus':
        raise CalibrationError(
            'the cameras look at no common point below which the origin could be; say '
            f'{argument("origin", ["keep"])} or {argument("origin", ["camera", rig.names[0]])}',
            code='no-data',
            found='focus',
            expected=['keep', 'camera'],
        )
    sentence = 'stays' if kind == 'keep' else 'stays, the cameras look at no common point'
    return np.zeros(3), {'by': 'keep', 'sentence': sentence}
