"""Checks of a rig with 2D detections: epipolar error, up axis, limb lengths and floor.

The checks are separate: a rig with the wrong up axis or unit can have a small epipolar error. The
measurements are those of :mod:`~mmpose_ours.calibration.alignment.up_axis`,
:mod:`~mmpose_ours.calibration.alignment.height` and
:mod:`~mmpose_ours.calibration.alignment.floor`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mmpose_ours.association.duplicate_detections import without_duplicates
from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.calibration.alignment.floor import floor_by_people, lowest_ankles
from mmpose_ours.calibration.alignment.height import USUAL_HEIGHT_MM, limb_lengths, rough_height
from mmpose_ours.calibration.alignment.poses import (
    MAX_CAMERAS,
    MIN_PEOPLE,
    choose_frames,
    enough_joints,
    middle,
    poses_in_3d,
)
from mmpose_ours.calibration.alignment.up_axis import up_by_people
from mmpose_ours.calibration.checks.left_right import noses_behind
from mmpose_ours.calibration.checks.mistakes import diagnose
from mmpose_ours.calibration.checks.orientation import lean_problem
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.checks.view_agreement import Sightings, by_pair, overall, pairs_of
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import Detections
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.text import counted

# Frames that are compared.
MAX_FRAMES, MIN_FRAMES = 40, 8
# People in 3D that are looked for.
POSES = 60
UP = np.array([0.0, 0.0, 1.0])
# Limit of frames times cameras: with more than 100 cameras, fewer frames are compared.
MAX_VIEWS = 4000
# Ratio of the estimated body height to that of an adult, or its inverse: a warning and an error.
STRANGE_LENGTH, WRONG_LENGTH = 1.3, 1.6
# Children of a year are not smaller.
SMALLEST_MM = 600.0
# Distance of the floor from z = 0 that is a warning: the calibration is right all the same.
STRANGE_FLOOR_MM = 250.0
# Tolerance of the up axis: if feet are not visible and all people bend to the same side, the
# estimate deviates by this much.
BODY_LEAN_DEGREES = 15.0
# Standard deviation of a joint in 3D per epipolar error, and length of a trunk, both as shares of a
# person's size: what noise does to the direction of a body. The epipolar error at which noise may
# double the measured length of limbs.
NOISE_PER_ERROR, TRUNK_SHARE, DOUBLED_BY_NOISE = 1.5, 0.3, 0.06


def inspect_people(
    rig: CameraRig, detections: Detections, up: str = 'z', people: bool = True
) -> tuple[dict[str, Any], list[Problem]]:
    """Judge a rig by the people that its cameras see.

    Args:
        rig: V cameras, millimetres, z up.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17.
        up: The axis that points up in the rig's file.
        people: Whether they are people; of anything else, which may have other joints, only the
            epipolar errors are judged.

    Returns:
        Facts (frames, agreement, reprojection error per camera in pixels, up by the
        bodies, limb lengths, floor) and problems. Of more than 50 cameras all are compared
        with some others, but people are associated across a sample, of ``cameras_associated``.
    """
    most = min(MAX_FRAMES, max(MIN_FRAMES, MAX_VIEWS // len(rig)))
    sightings = Sightings(rig.names, choose_frames(detections, rig, most))
    frames = sightings.frames
    errors = sightings.errors(rig, pairs_of(rig))
    agreement = overall(errors)
    facts: dict[str, Any] = {
        'frames': len(frames),
        'disagreement': None if np.isnan(agreement) else agreement,
        # Pairs of cameras with their error, the largest first; and those that a problem is about.
        'pair_errors': sorted(
            ([*pair, error] for pair, error in by_pair(errors).items()), key=lambda row: -row[2]
        ),
        'bad_pairs': [],
    }
    if np.isnan(agreement):
        return facts, [
            Problem(
                'people',
                f'in {counted(len(frames), "frame")} with detections no two cameras see enough '
                'people to compare; give keypoints of people who walk where the cameras see them',
                warning=True,
            )
        ]
    explanation = diagnose(rig, sightings, errors, up)
    problems: list[Problem] = []
    if explanation is not None:
        facts['corrected_ratio'] = explanation.ratio
        problems = [explanation.problem]
        if not explanation.problem.warning:
            facts['bad_pairs'] = [list(pair) for pair in explanation.pairs]
            return facts, problems
    if not people:
        return facts, problems
    some = rig.sample(MAX_CAMERAS)
    if len(some) < len(rig):
        facts['cameras_associated'] = len(some)
    frames = choose_frames(detections, some, 2 * most)
    count = sum(len(people) for views in frames for people in views.values())
    per_view = count / max(1, len(frames) * len(some))
    few = choose_frames(detections, some, max(most // 2, int(POSES / max(per_view, 1e-3))))
    xyz_mm, seen = poses_in_3d(some, list(map(without_duplicates, few)))
    if len(few) < len(frames) and len(lowest_ankles(xyz_mm, UP)) < MIN_PEOPLE:
        # Feet are seldom seen: the more frames, the more of them.
        xyz_mm, seen = poses_in_3d(some, list(map(without_duplicates, frames)))
    known = enough_joints(xyz_mm)
    facts['people'] = int(known.sum())
    if known.sum() < MIN_PEOPLE:
        return facts, [*problems, _too_few(xyz_mm, seen, known, len(frames))]
    xyz_mm, seen = xyz_mm[known], seen[:, known]
    facts['reprojection_px'] = _reprojection(some, xyz_mm, seen)
    of_world: list[Problem] = []
    for judge in (functools.partial(_up, file_up=up), _lengths, _floor, noses_behind):
        if judge is _floor and of_world:  # of a world that leans, or of another unit
            break
        found, problem = judge(xyz_mm, agreement)
        facts.update(found)
        of_world += [problem] if problem is not None else []
    return facts, problems + of_world


def _too_few(xyz_mm: np.ndarray, seen: np.ndarray, known: np.ndarray, frames: int) -> Problem:
    """Too few people in 3D; an error if most of their rays meet behind a camera."""
    two_rays = (seen[..., 2] > MIN_SCORE).sum(0) >= 2  # (N, J)
    lost = two_rays & ~np.isfinite(xyz_mm).all(-1)
    behind = len(xyz_mm) >= MIN_PEOPLE and lost.sum() > 0.5 * two_rays.sum()
    sentence = (
        f'the rays of {len(xyz_mm)} people seen by two cameras meet behind a camera, so a '
        'camera looks the other way or axes are mirrored; check the extrinsics'
        if behind
        else f'two cameras see only {counted(int(known.sum()), "person", "people")} in '
        f'{counted(frames, "frame")}, too few to judge orientation, unit and floor; give more '
        'keypoints'
    )
    return Problem('people', sentence, warning=not behind)


def _reprojection(rig: CameraRig, xyz_mm: np.ndarray, seen: np.ndarray) -> dict[str, float]:
    """Median reprojection error in pixels by camera name; cameras that see nobody left out."""
    uv, _ = rig.project(xyz_mm)
    off = np.linalg.norm(uv - seen[..., :2], axis=-1)
    off[seen[..., 2] <= MIN_SCORE] = np.nan
    return {
        name: float(np.nanmedian(values))
        for name, values in zip(rig.names, off)
        if np.isfinite(values).any()
    }


def _up(xyz_mm: np.ndarray, noise: float, file_up: str) -> tuple[dict[str, Any], Problem | None]:
    try:
        found = up_by_people(xyz_mm)
    except CalibrationError:  # too few bodies, or they disagree
        return {'up': None}, None
    up = found.up
    facts: dict[str, Any] = {'up': up.round(3).tolist()}
    heights = np.stack([middle(xyz_mm, joint) @ up for joint in ('shoulder', 'hip', 'ankle')])
    heights = heights[:, np.isfinite(heights).all(0)]
    if heights.size:
        upright = (heights[0] > heights[1]) & (heights[1] > heights[2])
        facts['shoulders_above_hips_above_ankles'] = float(upright.mean())
    # Noise turns each body; trunks and legs of a person are not independent of each other.
    of_body = np.degrees(np.arctan(np.sqrt(2) * NOISE_PER_ERROR * noise / TRUNK_SHARE))
    deviation = of_body / np.sqrt(max(1.0, found.bodies * found.share / 2))
    harmless = BODY_LEAN_DEGREES + 3 * deviation
    return facts, lean_problem(up, f'by {len(xyz_mm)} poses', harmless, file_up)


def _lengths(xyz_mm: np.ndarray, noise: float) -> tuple[dict[str, Any], Problem | None]:
    limbs_mm = {f'{a}-{b}': length for (a, b), length in limb_lengths(xyz_mm).items()}
    facts = {'limbs_mm': limbs_mm}
    try:
        height_mm = rough_height(xyz_mm)
    except CalibrationError:  # too few limbs
        return facts, None
    ratio = height_mm / USUAL_HEIGHT_MM
    # Noise makes limbs longer, not shorter.
    off = max(ratio / (1 + (noise / DOUBLED_BY_NOISE) ** 2), 1 / ratio)
    if off < STRANGE_LENGTH:
        return facts, None
    thigh = limbs_mm.get('hip-knee')
    about = f' and have thighs of {thigh:.3g} mm' if thigh is not None else ''
    found = f'people are {height_mm:.3g} mm tall by their limbs{about}, {ratio:.3g} times an adult'
    factors = sorted({a / b for a in MM_PER_UNIT.values() for b in MM_PER_UNIT.values() if a != b})
    near = min(factors, key=lambda factor: abs(np.log(factor * ratio)))
    is_unit = abs(np.log(near * ratio)) < np.log(WRONG_LENGTH)
    if off < WRONG_LENGTH or (SMALLEST_MM <= height_mm < USUAL_HEIGHT_MM and not is_unit):
        return facts, Problem(
            'unit',
            f'{found}: children, or lengths are off; if they are adults, scale the '
            'rig with `mmpose-ours align-rig --person-height MM --rescale`',
            warning=True,
        )
    if is_unit:
        times = f'{near:g}' if near > 1 else f'{1 / near:g}'
        sentence = (
            f'{found}, so lengths are {times} times too {"small" if near > 1 else "large"}, '
            f'{_confusion(near)}; {"multiply" if near > 1 else "divide"} the translations (or '
            f'centres) by {times}'
        )
    else:
        fix = 'scale the rig with `mmpose-ours align-rig --person-height MM --rescale`'
        sentence = f'{found}, so lengths are in another unit; {fix}'
    return facts, Problem('unit', sentence)


def _confusion(factor: float) -> str:
    """Which unit was taken for which, if lengths must be multiplied by ``factor``."""
    pairs = [
        f'{name} for {other}'
        for name, mm in MM_PER_UNIT.items()
        for other, other_mm in MM_PER_UNIT.items()
        if np.isclose(mm / other_mm, factor)
    ]
    return f'as if one took {" or ".join(pairs)}'


def _floor(xyz_mm: np.ndarray, noise: float) -> tuple[dict[str, Any], Problem | None]:
    try:
        height_mm = floor_by_people(xyz_mm)
    except CalibrationError:  # too few feet
        return {'floor_mm': None}, None
    facts = {'floor_mm': height_mm}
    if abs(height_mm) < STRANGE_FLOOR_MM + NOISE_PER_ERROR * noise * USUAL_HEIGHT_MM:
        return facts, None
    return facts, Problem(
        'floor',
        f'people stand on z = {height_mm:.0f} mm where the floor z = 0 is due; ground the rig with '
        '`mmpose-ours align-rig --keypoints`',
        warning=True,
    )
