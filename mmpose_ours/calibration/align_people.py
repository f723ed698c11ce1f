"""What people who walk about say of a rig in any world: which way is up, the floor, the size.

Association needs neither unit nor axes (:mod:`mmpose_ours.association`), so people are found
in 3D first and asked afterwards.

Up comes from bodies, and then from feet. Bodies: of all directions of trunks and straight
legs the one that most agree with, refined by weighted means that leave out whoever lies, bends
or is a wrong association. Feet: whoever walks about touches one plane; where feet are
spread wide enough its normal is several times as exact as that of bodies, and does not lean
with people who sit or stoop.

Body height comes from three segments of the leg and trunk, as fractions of stature after
Drillis and Contini (1966), as printed in Winter, Biomechanics and Motor Control of Human
Movement (2009), figure 4.1. Their sum is used and not each alone, because detectors put the
hip elsewhere than anatomists do, which lengthens the trunk by what it takes off the thigh.
Arms and head are left out: detectors shorten upper arms by up to a fifth, and a head is in
front of the body's line as well as above it.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Mapping

import numpy as np

from mmpose_ours.calibration.align_geometry import at_home
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.inspect_people import (
    ANKLE_MM,
    MIN_PEOPLE,
    choose_instants,
    people_in_3d,
    size_ratio,
)
from mmpose_ours.cameras import CameraRig
from mmpose_ours.keypoints import JOINT_SETS

INSTANTS = 200
CHUNK = 10
# Heights above the floor as shares of stature; COCO joint, in order along the body.
JOINT_HEIGHTS = {'shoulder': 0.818, 'hip': 0.530, 'knee': 0.285, 'ankle': 0.039}
SEGMENTS = {
    (upper, lower): JOINT_HEIGHTS[upper] - JOINT_HEIGHTS[lower]
    for upper, lower in (('shoulder', 'hip'), ('hip', 'knee'), ('knee', 'ankle'))
}
# Where nobody says how tall people are; limits below are for people of this height.
USUAL_HEIGHT_MM = 1700.0
# Bodies within this angle of a direction agree with it; beyond half as much again they have
# no say in the mean.
AGREE_DEGREES = 20.0
MIN_SHARE_AGREE = 0.3
# Legs bent more than this at the knees are those of people who sit or squat.
STRAIGHT_DEGREES = 40.0
# Feet decide up where they are spread this far (one standard deviation) also across, where
# their plane does not contradict the bodies, and is no rougher than this.
MIN_FEET_SPREAD_MM, MAX_FEET_RESIDUAL_MM, MAX_CONTRADICTION_DEGREES = 250.0, 80.0, 12.0
MIN_FEET = 20
# Feet are known no better than this, however well a few of them agree.
MIN_FEET_SCALE_MM = 15.0
STEPS = 30
_COCO = JOINT_SETS['coco17']


def find_people(
    rig: CameraRig,
    detections: Mapping[str, Mapping[str, np.ndarray]],
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Triangulate people in a rig of any unit and axes.

    Args:
        rig: V cameras.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17.
        progress: Called with instants done and to do.

    Returns:
        (N, 17, 3) in the rig's world and unit, NaN where unknown.

    Raises:
        CalibrationError: Too few people, with counts.
    """
    instants = choose_instants(detections, rig, INSTANTS)
    home, factor = at_home(rig)
    found = [np.zeros((0, 17, 3))]
    for start in range(0, len(instants), CHUNK):
        found.append(people_in_3d(home, instants[start : start + CHUNK])[0])
        if progress is not None:
            progress(min(start + CHUNK, len(instants)), len(instants))
    xyz = np.concatenate(found)
    whole = np.isfinite(xyz).all(-1).sum(-1) >= 4
    if whole.sum() < MIN_PEOPLE:
        raise CalibrationError(
            f'only {int(whole.sum())} people are seen by two cameras that agree on them, in '
            f'{len(instants)} instants of {len(detections)} with keypoints where {MIN_PEOPLE} are '
            'needed; give keypoints of people who walk where the cameras see them, or check that '
            'they belong to these cameras with `mmpose-ours check-rig --keypoints`'
        )
    return xyz[whole] / factor + rig.centers_w.mean(0)


@dataclasses.dataclass(frozen=True, eq=False)
class PeopleUp:
    """Which way people stand.

    Args:
        up: (3,) unit vector.
        spread_degrees: Half of the body directions that agree are within this angle of it.
        bodies: How many body directions (trunks and straight legs) there are.
        share: The share of them that agrees, within 20 degrees.
        feet: How many feet the plane that decides was fitted to; 0 where bodies decide.
        feet_residual_mm: Their root mean square distance from it, for people 1.7 m tall.
    """

    up: np.ndarray
    spread_degrees: float
    bodies: int
    share: float
    feet: int = 0
    feet_residual_mm: float = float('nan')


def up_by_people(xyz: np.ndarray) -> PeopleUp:
    """Find up from people who stand, walk, sit or bend, in any world and unit.

    Args:
        xyz: (N, 17, 3), NaN where unknown.

    Raises:
        CalibrationError: Too few bodies, or too few that agree, with counts.
    """
    directions = body_directions(xyz)
    if len(directions) < MIN_PEOPLE:
        raise CalibrationError(
            f'of {len(xyz)} people in 3D only {len(directions)} legs or trunks are seen whole, '
            f'where {MIN_PEOPLE} are needed to tell which way is up; give more keypoints of people '
            'whose hips and shoulders or feet are seen, or measure the floor with --floor-points'
        )
    modes = [_consensus(directions, directions)]
    # Where all stoop one way, trunks outvote legs; what their feet say decides.
    apart = _degrees(directions, modes[0].up) > 1.5 * AGREE_DEGREES
    if apart.any():
        modes.append(_consensus(directions, directions[apart]))
    modes = [mode for mode in modes if mode.share >= MIN_SHARE_AGREE]
    if not modes:
        raise CalibrationError(
            f'bodies do not agree on which way is up: of {len(directions)} legs and trunks fewer '
            f'than {MIN_SHARE_AGREE:.0%} are within {AGREE_DEGREES:g} degrees of one direction; '
            'give keypoints of people who walk, or measure the floor with --floor-points'
        )
    by_feet = (_by_feet(xyz, mode) for mode in modes)
    return next((found for found in by_feet if found.feet), modes[0])


def _consensus(directions: np.ndarray, among: np.ndarray) -> PeopleUp:
    """The direction that most of ``among`` (D, 3) agree with, and its support in all."""
    votes = (among @ among.T > np.cos(np.radians(AGREE_DEGREES))).sum(1)
    up = among[votes.argmax()]
    for _ in range(STEPS):
        off = _degrees(among, up) / (1.5 * AGREE_DEGREES)
        up = _unit((np.clip(1 - off**2, 0, None)[:, None] ** 2 * among).sum(0))
    off = _degrees(directions, up)
    agree = off < AGREE_DEGREES
    spread = float(np.median(off[agree])) if agree.any() else float('nan')
    return PeopleUp(up, spread, len(directions), float(agree.mean()))


def _by_feet(xyz: np.ndarray, bodies: PeopleUp) -> PeopleUp:
    """Refine up by the plane that feet touch, where they are spread enough to tell."""
    try:
        feet = _lowest_ankles(xyz * usual_size(xyz), bodies.up)
    except CalibrationError:
        return bodies
    if len(feet) < MIN_FEET:
        return bodies
    weight = _standing(feet @ bodies.up)
    for _ in range(STEPS):
        middle = np.average(feet, axis=0, weights=weight)
        beside = feet - middle
        values, axes = np.linalg.eigh((weight[:, None] * beside).T @ beside / weight.sum())
        up = axes[:, 0] * np.sign(axes[:, 0] @ bodies.up)
        away = beside @ up
        weight = _near(away, weight)
        if (weight > 0).sum() < MIN_FEET:
            return bodies
    used = weight > 0
    residual = float(np.sqrt(np.average(away**2, weights=weight)))
    contradicts = float(_degrees(up[None], bodies.up)[0]) > MAX_CONTRADICTION_DEGREES
    if (
        np.sqrt(max(values[1], 0.0)) < MIN_FEET_SPREAD_MM
        or residual > MAX_FEET_RESIDUAL_MM
        or contradicts
    ):
        return bodies
    off = _degrees(body_directions(xyz), up)
    agree = off < AGREE_DEGREES
    return dataclasses.replace(
        bodies,
        up=up,
        spread_degrees=float(np.median(off[agree])) if agree.any() else float('nan'),
        share=float(agree.mean()),
        feet=int(used.sum()),
        feet_residual_mm=residual,
    )


def _standing(heights_mm: np.ndarray) -> np.ndarray:
    """Weights to start from: feet stand at the lower end, and those in the air are above.

    So are those behind a table, where the detector guesses; or they are anywhere.
    """
    return np.exp(-(((heights_mm - np.percentile(heights_mm, 25)) / 100.0) ** 2))


def _near(away_mm: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Tukey's weights of feet by their distance from the floor, by the scale of those in use."""
    scale_mm = max(1.4826 * float(np.median(np.abs(away_mm[weight > 0]))), MIN_FEET_SCALE_MM)
    return np.clip(1 - (away_mm / (3 * scale_mm)) ** 2, 0, None) ** 2


def body_directions(xyz: np.ndarray) -> np.ndarray:
    """(D, 3) unit vectors along trunks and straight legs, feet to head, where known."""
    ankles, knees, hips, shoulders = (
        _middle(xyz, joint) for joint in ('ankle', 'knee', 'hip', 'shoulder')
    )
    with np.errstate(invalid='ignore'):
        cosine = (_unit(hips - knees) * _unit(knees - ankles)).sum(-1)
        straight = cosine > np.cos(np.radians(STRAIGHT_DEGREES))
    directions = _unit(np.concatenate([shoulders - hips, (hips - ankles)[straight]]))
    return directions[np.isfinite(directions).all(-1)]


@dataclasses.dataclass(frozen=True)
class BodyHeight:
    """How tall people are.

    Args:
        median: In the unit of the rig.
        low: A quarter of people are shorter.
        high: A quarter are taller.
        count: People whose shoulders, hips, knees and ankles are known.
        segments: Medians by segment, in the unit of the rig.
    """

    median: float
    low: float
    high: float
    count: int
    segments: dict[str, float]


def body_height(xyz: np.ndarray) -> BodyHeight:
    """How tall people are by trunk, thigh and shank, see the module.

    Args:
        xyz: (N, 17, 3), NaN where unknown, in any world and unit.

    Raises:
        CalibrationError: Too few people of whom all that is known, with counts.
    """
    lengths = _segment_lengths(xyz)
    whole = np.isfinite(lengths).all(-1)
    if whole.sum() < MIN_PEOPLE:
        raise CalibrationError(
            f'of {len(xyz)} people in 3D only {int(whole.sum())} show shoulders, hips, knees and '
            f'ankles, where {MIN_PEOPLE} are needed to tell how tall they are; give keypoints of '
            'people who are seen from head to foot, or a measured length with --distance'
        )
    heights = lengths[whole].sum(1) / sum(SEGMENTS.values())
    low, median, high = np.percentile(heights, [25, 50, 75])
    names = (f'{upper}-{lower}' for upper, lower in SEGMENTS)
    segments = dict(zip(names, np.median(lengths[whole], axis=0).tolist()))
    return BodyHeight(float(median), float(low), float(high), int(whole.sum()), segments)


def _segment_lengths(xyz: np.ndarray) -> np.ndarray:
    """(N, 3) lengths of trunk, thigh and shank; of legs the mean of the sides that are known."""
    columns = [np.linalg.norm(_middle(xyz, 'shoulder') - _middle(xyz, 'hip'), axis=-1)]
    for upper, lower in list(SEGMENTS)[1:]:
        sides = [
            np.linalg.norm(
                np.subtract(*np.moveaxis(xyz[:, _sides(side, upper, lower)], 1, 0)), axis=-1
            )
            for side in ('left', 'right')
        ]
        known = np.isfinite(sides)
        total = np.where(known, sides, 0.0).sum(0)
        columns.append(np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan))
    return np.stack(columns, axis=-1)


def _sides(side: str, *joints: str) -> list[int]:
    return _COCO.index(*(f'{side}_{joint}' for joint in joints))


def usual_size(xyz: np.ndarray, height_mm: float = USUAL_HEIGHT_MM) -> float:
    """The factor by which people become ``height_mm`` tall, for limits in millimetres.

    Raises:
        CalibrationError: Too few limbs are known.
    """
    try:
        return height_mm / body_height(xyz).median
    except CalibrationError:
        # Sitters behind tables: arms or thighs will do for limits.
        ratio = size_ratio(xyz)
        if not ratio:
            raise
        return height_mm / USUAL_HEIGHT_MM / ratio


def floor_by_people(xyz: np.ndarray, height_mm: float = USUAL_HEIGHT_MM) -> float:
    """The z, in the unit of the rig, on which people stand.

    Args:
        xyz: (N, 17, 3), z up, any unit; NaN where unknown.
        height_mm: How tall they are, which says how high above the floor their ankles are.

    Raises:
        CalibrationError: Too few ankles are known, with counts.
    """
    feet = _lowest_ankles(xyz, np.array([0.0, 0.0, 1.0]))[:, 2]
    if len(feet) < MIN_PEOPLE:
        raise CalibrationError(
            f'of {len(xyz)} people in 3D only {len(feet)} show an ankle, where {MIN_PEOPLE} are '
            'needed to find the floor; give more keypoints of people whose feet are seen, or '
            'measure the floor with --floor-points'
        )
    factor = usual_size(xyz, height_mm)
    feet_mm = feet * factor
    weight = _standing(feet_mm)
    for _ in range(STEPS):
        weight = _near(feet_mm - np.average(feet_mm, weights=weight), weight)
    return float(np.average(feet_mm, weights=weight) - ANKLE_MM) / factor


def place_of_people(xyz: np.ndarray) -> np.ndarray:
    """(3,) where people were: the median of the middles of their hips, or of all their joints."""
    with np.errstate(invalid='ignore'):
        hips = _middle(xyz, 'hip')
    known = np.isfinite(hips).all(-1)
    points = hips[known] if known.any() else xyz[np.isfinite(xyz).all(-1)]
    return np.median(points, axis=0)


def _lowest_ankles(xyz: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(F, 3) the lower ankle of everybody of whom one is known."""
    ankles = xyz[:, _COCO.index('left_ankle', 'right_ankle')]
    heights = ankles @ up
    heights = np.where(np.isfinite(heights), heights, np.inf)
    lowest = ankles[np.arange(len(ankles)), heights.argmin(1)]
    return lowest[np.isfinite(lowest).all(-1)]


def _middle(xyz: np.ndarray, joint: str) -> np.ndarray:
    """(N, 3) between the left and the right joint; NaN where one is missing."""
    return xyz[:, _COCO.index(f'left_{joint}', f'right_{joint}')].mean(1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    with np.errstate(invalid='ignore', divide='ignore'):
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _degrees(directions: np.ndarray, up: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos((directions @ up).clip(-1, 1)))
