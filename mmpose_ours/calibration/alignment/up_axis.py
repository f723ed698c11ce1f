"""The up axis from 3D poses, in any world: from bodies, and then from feet.

Bodies: of all directions of trunks and straight legs the one that most agree with, refined
by IRLS, so that people who lie or bend, and wrong associations, have little weight. Feet: people
who walk about touch one plane; where feet are spread wide enough its normal is several times as
exact as that of bodies, and does not lean with people who sit or stoop.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.alignment.floor import (
    STEPS,
    lowest_ankles,
    near_weights,
    standing_weights,
    usual_size,
)
from mmpose_ours.calibration.alignment.poses import MIN_PEOPLE, middle
from mmpose_ours.calibration.checks.optical_axes import angle_degrees
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.text import argument

# Bodies within this angle of a direction agree with it; beyond half as much again they have
# no say in the mean.
AGREE_DEGREES = 20.0
MIN_SHARE_AGREE = 0.3
# Each is compared with each: a sample of them finds the same direction, and takes no gigabytes.
MAX_CANDIDATES = 2000
# Legs bent more than this at the knees are those of people who sit or squat.
STRAIGHT_DEGREES = 40.0
# Feet decide up where they are spread this far (one standard deviation) also across, where
# their plane does not contradict the bodies, and is no rougher than this, for people 1.7 m tall.
MIN_FEET_SPREAD_MM, MAX_FEET_RESIDUAL_MM, MAX_CONTRADICTION_DEGREES = 250.0, 80.0, 12.0
MIN_FEET = 20
# Standard deviations that more people do not reduce: a detector's ankles are a little higher in
# some views, and the trunks of all may lean to one side.
FEET_BIAS_DEGREES, BODY_BIAS_DEGREES = 0.3, 1.0


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
        feet_spread_mm: Their standard deviation in the plane, where it is least.
    """

    up: np.ndarray
    spread_degrees: float
    bodies: int
    share: float
    feet: int = 0
    feet_residual_mm: float = float('nan')
    feet_spread_mm: float = float('nan')

    @property
    def deviation_degrees(self) -> float:
        """Standard deviation of ``up``."""
        if self.feet:
            off = self.feet_residual_mm / self.feet_spread_mm / np.sqrt(self.feet)
            return float(np.hypot(np.degrees(np.arctan(off)), FEET_BIAS_DEGREES))
        count = max(1.0, self.share * self.bodies)
        return float(np.hypot(self.spread_degrees / np.sqrt(count), BODY_BIAS_DEGREES))


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
            f'of {len(xyz)} 3D poses only {len(directions)} legs or trunks are seen whole, '
            f'where {MIN_PEOPLE} are needed to tell which way is up; give more keypoints of people '
            'whose hips and shoulders or feet are seen, or measure the floor with '
            f'{argument("floor_points")}',
            code='no-data',
            found=len(directions),
            expected=MIN_PEOPLE,
        )
    modes = [_consensus(directions, directions)]
    # Where all stoop one way, trunks outvote legs; what their feet say decides.
    apart = angle_degrees(directions, modes[0].up) > 1.5 * AGREE_DEGREES
    if apart.any():
        modes.append(_consensus(directions, directions[apart]))
    modes = [mode for mode in modes if mode.share >= MIN_SHARE_AGREE]
    if not modes:
        raise CalibrationError(
            f'bodies do not agree on which way is up: of {len(directions)} legs and trunks fewer '
            f'than {MIN_SHARE_AGREE:.0%} are within {AGREE_DEGREES:g} degrees of one direction; '
            f'give keypoints of people who walk, or measure the floor with '
            f'{argument("floor_points")}',
            code='conflict',
            expected=MIN_SHARE_AGREE,
        )
    by_feet = (_by_feet(xyz, mode) for mode in modes)
    return next((found for found in by_feet if found.feet), modes[0])


def _consensus(directions: np.ndarray, among: np.ndarray) -> PeopleUp:
    """The direction that most of ``among`` (D, 3) agree with, and its support in all."""
    candidates = among
    if len(among) > MAX_CANDIDATES:
        candidates = np.random.default_rng(0).choice(among, MAX_CANDIDATES, replace=False)
    support = (candidates @ candidates.T > np.cos(np.radians(AGREE_DEGREES))).sum(1)
    up = candidates[support.argmax()]
    for _ in range(STEPS):
        off = angle_degrees(among, up) / (1.5 * AGREE_DEGREES)
        up = _unit((np.clip(1 - off**2, 0, None)[:, None] ** 2 * among).sum(0))
    off = angle_degrees(directions, up)
    agree = off < AGREE_DEGREES
    spread = float(np.median(off[agree])) if agree.any() else float('nan')
    return PeopleUp(up, spread, len(directions), float(agree.mean()))


def _by_feet(xyz: np.ndarray, bodies: PeopleUp) -> PeopleUp:
    """Refine up by the plane that feet touch, where they are spread enough to tell."""
    try:
        feet = lowest_ankles(xyz * usual_size(xyz), bodies.up)
    except CalibrationError:
        return bodies
    if len(feet) < MIN_FEET:
        return bodies
    weight = standing_weights(feet @ bodies.up)
    for _ in range(STEPS):
        beside = feet - np.average(feet, axis=0, weights=weight)
        values, axes = np.linalg.eigh((weight[:, None] * beside).T @ beside / weight.sum())
        up = axes[:, 0] * np.sign(axes[:, 0] @ bodies.up)
        away = beside @ up
        weight = near_weights(away, weight)
        if (weight > 0).sum() < MIN_FEET:
            return bodies
    used = weight > 0
    residual = float(np.sqrt(np.average(away**2, weights=weight)))
    contradicts = float(angle_degrees(up, bodies.up)) > MAX_CONTRADICTION_DEGREES
    if (
        np.sqrt(max(values[1], 0.0)) < MIN_FEET_SPREAD_MM
        or residual > MAX_FEET_RESIDUAL_MM
        or contradicts
    ):
        return bodies
    off = angle_degrees(body_directions(xyz), up)
    agree = off < AGREE_DEGREES
    return dataclasses.replace(
        bodies,
        up=up,
        spread_degrees=float(np.median(off[agree])) if agree.any() else float('nan'),
        share=float(agree.mean()),
        feet=int(used.sum()),
        feet_residual_mm=residual,
        feet_spread_mm=float(np.sqrt(values[1])),
    )


def body_directions(xyz: np.ndarray) -> np.ndarray:
    """(D, 3) unit vectors along trunks and straight legs, feet to head, where known."""
    ankles, knees, hips, shoulders = (
        middle(xyz, joint) for joint in ('ankle', 'knee', 'hip', 'shoulder')
    )
    with np.errstate(invalid='ignore'):
        cosine = (_unit(hips - knees) * _unit(knees - ankles)).sum(-1)
        straight = cosine > np.cos(np.radians(STRAIGHT_DEGREES))
    directions = _unit(np.concatenate([shoulders - hips, (hips - ankles)[straight]]))
    return directions[np.isfinite(directions).all(-1)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    with np.errstate(invalid='ignore', divide='ignore'):
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
