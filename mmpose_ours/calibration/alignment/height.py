"""How tall people are, in the unit of their rig.

Body height comes from three segments of the leg and trunk, as fractions of stature after
Drillis and Contini (1966), as printed in Winter, Biomechanics and Motor Control of Human
Movement (2009), figure 4.1. Their sum is used and not each alone, because detectors put the
hip elsewhere than anatomists do, which lengthens the trunk by what it takes off the thigh.
Arms and head are left out: detectors shorten upper arms by up to a fifth, and a head is in
front of the body's line as well as above it. Single limbs answer only where nobody is seen
from shoulders to feet, as behind tables.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.alignment.poses import COCO, MIN_PEOPLE, middle
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.text import argument

# Heights above the floor as shares of stature; COCO joint, in order along the body.
JOINT_HEIGHTS = {'shoulder': 0.818, 'hip': 0.530, 'knee': 0.285, 'ankle': 0.039}
SEGMENTS = {
    (upper, lower): JOINT_HEIGHTS[upper] - JOINT_HEIGHTS[lower]
    for upper, lower in (('shoulder', 'hip'), ('hip', 'knee'), ('knee', 'ankle'))
}
# Where nobody says how tall people are.
USUAL_HEIGHT_MM = 1700.0
# Of people of that height, millimetres between joints as COCO places them (between published
# body tables and what OpenPose and HRNet show); detectors move them by a quarter.
LIMBS_MM = {
    ('hip', 'knee'): 410.0,
    ('knee', 'ankle'): 400.0,
    ('shoulder', 'elbow'): 290.0,
    ('elbow', 'wrist'): 245.0,
}


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
            f'of {len(xyz)} 3D poses only {int(whole.sum())} show shoulders, hips, knees and '
            f'ankles, where {MIN_PEOPLE} are needed to tell how tall they are; give keypoints of '
            'people who are seen from head to foot, or a measured length with '
            f'{argument("distance")}',
            code='no-data',
            found=int(whole.sum()),
            expected=MIN_PEOPLE,
        )
    heights = lengths[whole].sum(1) / sum(SEGMENTS.values())
    low, median, high = np.percentile(heights, [25, 50, 75])
    names = (f'{upper}-{lower}' for upper, lower in SEGMENTS)
    segments = dict(zip(names, np.median(lengths[whole], axis=0).tolist()))
    return BodyHeight(float(median), float(low), float(high), int(whole.sum()), segments)


def rough_height(xyz: np.ndarray) -> float:
    """How tall people are, by single limbs where :func:`body_height` cannot tell.

    Args:
        xyz: (N, 17, 3), NaN where unknown, in any world and unit.

    Raises:
        CalibrationError: Too few limbs are known either, with counts.
    """
    try:
        return body_height(xyz).median
    except CalibrationError:
        ratios = [length / LIMBS_MM[limb] for limb, length in limb_lengths(xyz).items()]
        if not ratios:
            raise
        return USUAL_HEIGHT_MM * float(np.median(ratios))


def limb_lengths(xyz: np.ndarray) -> dict[tuple[str, str], float]:
    """Median lengths of thigh, shank, upper arm and forearm, in the unit of people (N, 17, 3).

    Limbs of which fewer than five are known are left out.
    """
    found = {}
    for limb in LIMBS_MM:
        lengths = np.concatenate([_lengths(xyz, side, *limb) for side in ('left', 'right')])
        lengths = lengths[np.isfinite(lengths)]
        if len(lengths) >= MIN_PEOPLE:
            found[limb] = float(np.median(lengths))
    return found


def _segment_lengths(xyz: np.ndarray) -> np.ndarray:
    """(N, 3) lengths of trunk, thigh and shank; of legs the mean of the sides that are known."""
    columns = [np.linalg.norm(middle(xyz, 'shoulder') - middle(xyz, 'hip'), axis=-1)]
    for upper, lower in list(SEGMENTS)[1:]:
        sides = np.stack([_lengths(xyz, side, upper, lower) for side in ('left', 'right')])
        known = np.isfinite(sides)
        total = np.where(known, sides, 0.0).sum(0)
        columns.append(np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan))
    return np.stack(columns, axis=-1)


def _lengths(xyz: np.ndarray, side: str, upper: str, lower: str) -> np.ndarray:
    """(N,) distances of two joints of one side; NaN where one is missing."""
    first, second = COCO.index(f'{side}_{upper}', f'{side}_{lower}')
    return np.linalg.norm(xyz[:, first] - xyz[:, second], axis=-1)
