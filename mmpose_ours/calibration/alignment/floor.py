"""Where people stand: their feet, and the floor below these.

Of everybody the lower ankle counts, and of these the ones that agree: a foot in the air is
higher, and one behind a table is the detector's guess.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.alignment.height import USUAL_HEIGHT_MM, rough_height
from mmpose_ours.calibration.alignment.poses import COCO, MIN_PEOPLE
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.text import argument

# How high above the floor ankles of people 1.7 m tall are found. By JOINT_HEIGHTS they are at
# 66 mm: that is the anatomists' joint, for lengths of bones. Detectors place it higher (by 16 mm
# on Shelf, against its annotators), as people do who lift a heel.
ANKLE_MM = 80.0
# Feet are known no better than this, however well a few of them agree.
MIN_FEET_SCALE_MM = 15.0
STEPS = 30


def floor_by_people(xyz: np.ndarray) -> float:
    """The z, in the unit of the rig, on which people stand.

    How high above it their ankles are goes with their size, so that children stand on the
    same floor.

    Args:
        xyz: (N, 17, 3), z up, any unit; NaN where unknown.

    Raises:
        CalibrationError: Too few ankles or limbs are known, with counts.
    """
    feet = lowest_ankles(xyz, np.array([0.0, 0.0, 1.0]))[:, 2]
    if len(feet) < MIN_PEOPLE:
        raise CalibrationError(
            f'of {len(xyz)} 3D poses only {len(feet)} show an ankle, where {MIN_PEOPLE} are '
            'needed to find the floor; give more keypoints of people whose feet are seen, or '
            f'measure the floor with {argument("floor_points")}',
            code='no-data',
            found=len(feet),
            expected=MIN_PEOPLE,
        )
    factor = usual_size(xyz)
    feet_mm = feet * factor
    weight = standing_weights(feet_mm)
    for _ in range(STEPS):
        weight = near_weights(feet_mm - np.average(feet_mm, weights=weight), weight)
    return float(np.average(feet_mm, weights=weight) - ANKLE_MM) / factor


def usual_size(xyz: np.ndarray) -> float:
    """The factor by which people become 1.7 m tall, for limits in millimetres.

    Raises:
        CalibrationError: Too few limbs are known, with counts.
    """
    return USUAL_HEIGHT_MM / rough_height(xyz)


def lowest_ankles(xyz: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(F, 3) the lower ankle of everybody of whom one is known."""
    ankles = xyz[:, COCO.index('left_ankle', 'right_ankle')]
    heights = ankles @ up
    heights = np.where(np.isfinite(heights), heights, np.inf)
    lowest = ankles[np.arange(len(ankles)), heights.argmin(1)]
    return lowest[np.isfinite(lowest).all(-1)]


def standing_weights(heights_mm: np.ndarray) -> np.ndarray:
    """Weights to start from: feet stand at the lower end, and those in the air are above.

    So are those behind a table, where the detector guesses; or they are anywhere.
    """
    return np.exp(-(((heights_mm - np.percentile(heights_mm, 25)) / 100.0) ** 2))


def near_weights(away_mm: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Tukey's weights of feet by their distance from the floor, by the scale of those in use."""
    scale_mm = max(1.4826 * float(np.median(np.abs(away_mm[weight > 0]))), MIN_FEET_SCALE_MM)
    return np.clip(1 - (away_mm / (3 * scale_mm)) ** 2, 0, None) ** 2
