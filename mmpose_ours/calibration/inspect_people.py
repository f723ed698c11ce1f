"""What detected people say about a rig: do views agree, who stands upright, how long are legs.

Reprojection, orientation, unit and floor are judged apart: a rig can reproject perfectly
and stand on its head.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.association import MIN_SCORE, associate, gather
from mmpose_ours.calibration.agreement import Sightings, medians, overall, pairs_of
from mmpose_ours.calibration.check import Problem
from mmpose_ours.calibration.diagnose import BAD_PAIR, diagnose
from mmpose_ours.calibration.inspect_rig import lean_problem
from mmpose_ours.cameras import CameraRig
from mmpose_ours.detections import stack_views
from mmpose_ours.files import MM_PER_UNIT
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.triangulation import triangulate

MAX_INSTANTS = 40
MIN_PEOPLE = 5
# Of adults, millimetres between joints as COCO places them (between published body tables
# and what OpenPose and HRNet show); children and detectors move them by a quarter.
LIMBS_MM = {
    ('hip', 'knee'): 410.0,
    ('knee', 'ankle'): 400.0,
    ('shoulder', 'elbow'): 290.0,
    ('elbow', 'wrist'): 245.0,
}
STRANGE_LENGTH, WRONG_LENGTH = 1.3, 1.6
# Ankle joints are this high above the floor when people stand on it.
ANKLE_MM = 80.0
STRANGE_FLOOR_MM, WRONG_FLOOR_MM = 250.0, 700.0
# Bodies bend: their mean tells up to within this.
BODY_LEAN_DEGREES = 15.0
_COCO = JOINT_SETS['coco17']


def choose_instants(
    detections: Mapping[str, Mapping[str, np.ndarray]], rig: CameraRig, most: int = MAX_INSTANTS
) -> list[Mapping[str, np.ndarray]]:
    """Evenly spread instants in which two cameras or more see somebody."""
    fit = [
        views
        for _, views in sorted(detections.items(), key=lambda item: _order(item[0]))
        if sum(len(views.get(name, ())) > 0 for name in rig.names) >= 2
    ]
    step = max(1, len(fit) // most)
    return fit[::step][:most]


def _order(frame: str) -> tuple:
    return (0, int(frame), '') if frame.isdigit() else (1, 0, frame)


def people_in_3d(
    rig: CameraRig, instants: Sequence[Mapping[str, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulate everybody whom two views or more see.

    Args:
        rig: V cameras.
        instants: Per instant, camera name to (P, 17, 3) ``u, v, score``.

    Returns:
        ``xyz_mm`` (N, 17, 3), NaN where unknown, and the detections they come from, (V, N,
        17, 3), score 0 where a view has none.
    """
    found, seen = [np.zeros((0, 17, 3))], [np.zeros((len(rig), 0, 17, 3))]
    for views in instants:
        keypoints = stack_views(views, rig.names)
        groups = associate(rig, keypoints)
        if not len(groups):
            continue
        people = gather(keypoints, groups)
        weight = np.where(people[..., 2] > MIN_SCORE, people[..., 2], 0.0)
        found.append(triangulate(rig, people[..., :2], weight)[0])
        seen.append(people)
    return np.concatenate(found), np.concatenate(seen, axis=1)


def inspect_people(
    rig: CameraRig, detections: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[dict[str, Any], list[Problem]]:
    """Judge a rig by the people that its cameras see.

    Args:
        rig: V cameras, millimetres, z up.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17.

    Returns:
        Facts (instants, agreement, reprojection error per camera in pixels, up by the
        bodies, limb lengths, floor) and problems.
    """
    instants = choose_instants(detections, rig)
    sightings = Sightings(rig, instants)
    errors = sightings.errors(rig, pairs_of(rig))
    agreement = overall(errors)
    facts: dict[str, Any] = {
        'instants': len(instants),
        'disagreement': None if np.isnan(agreement) else agreement,
        'bad_pairs': sorted(map(list, (p for p, e in medians(errors).items() if e > BAD_PAIR))),
    }
    if np.isnan(agreement):
        return facts, [
            Problem(
                'people',
                f'in {len(instants)} instants with detections no two cameras see enough people to '
                'compare; give keypoints of people who walk where the cameras see them',
                warning=True,
            )
        ]
    wrong = diagnose(rig, instants, sightings, errors)
    if wrong is not None:
        return facts, [wrong]
    xyz_mm, seen = people_in_3d(rig, instants)
    in_front = np.isfinite(xyz_mm).all(-1).sum(-1) >= 4
    facts['people'] = int(in_front.sum())
    if in_front.sum() < MIN_PEOPLE:
        behind = len(xyz_mm) >= MIN_PEOPLE
        sentence = (
            f'the rays of {len(xyz_mm)} people seen by two cameras meet behind a camera, so a '
            'camera looks the other way or axes are mirrored; check the extrinsics'
            if behind
            else f'only {int(in_front.sum())} people are seen by two cameras in {len(instants)} '
            'instants, too few to judge orientation, unit and floor; give more keypoints'
        )
        return facts, [Problem('people', sentence, warning=not behind)]
    xyz_mm, seen = xyz_mm[in_front], seen[:, in_front]
    facts['reprojection_px'] = _reprojection(rig, xyz_mm, seen)
    problems = [
        problem for problem in (_up(xyz_mm, facts), _lengths(xyz_mm, facts)) if problem is not None
    ]
    if not problems:
        floor = _floor(xyz_mm, facts)
        problems += [floor] if floor is not None else []
    return facts, problems


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


def body_up(xyz_mm: np.ndarray) -> np.ndarray | None:
    """(3,) unit vector from people's (N, 17, 3) feet and hips to their shoulders; None if unknown.

    The mean over people of the directions ankles to hips and hips to shoulders: whoever
    bends or sits is outvoted.
    """
    ankles, hips, shoulders = (_middle(xyz_mm, joint) for joint in ('ankle', 'hip', 'shoulder'))
    directions = np.concatenate([shoulders - hips, hips - ankles])
    with np.errstate(invalid='ignore', divide='ignore'):
        directions = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    directions = directions[np.isfinite(directions).all(-1)]
    if len(directions) < MIN_PEOPLE:
        return None
    up = np.median(directions, axis=0)
    length = np.linalg.norm(up)
    return up / length if length > 0.3 else None


def _up(xyz_mm: np.ndarray, facts: dict[str, Any]) -> Problem | None:
    up = body_up(xyz_mm)
    facts['up'] = None if up is None else up.round(3).tolist()
    if up is None:
        return None
    heights = [_middle(xyz_mm, joint) @ up for joint in ('shoulder', 'hip', 'ankle')]
    with np.errstate(invalid='ignore'):
        upright = (heights[0] > heights[1]) & (heights[1] > heights[2])
    known = np.isfinite(heights).all(0)
    if known.any():
        facts['shoulders_above_hips_above_ankles'] = float(upright[known].mean())
    return lean_problem(up, f'by {len(xyz_mm)} people', BODY_LEAN_DEGREES)


def _lengths(xyz_mm: np.ndarray, facts: dict[str, Any]) -> Problem | None:
    ratio = size_ratio(xyz_mm, facts)
    if ratio is None:
        return None
    off = max(ratio, 1 / ratio)
    if off < STRANGE_LENGTH:
        return None
    thigh = facts['limbs_mm'].get('hip-knee')
    about = f'thighs of {thigh:.3g} mm' if thigh is not None else 'limbs'
    found = f'people have {about}, {ratio:.3g} times those of an adult'
    if off < WRONG_LENGTH:
        return Problem(
            'unit',
            f'{found}: children, or lengths are off; scale the rig with `mmpose-ours align-rig '
            '--person-height MM`',
            warning=True,
        )
    factors = sorted({a / b for a in MM_PER_UNIT.values() for b in MM_PER_UNIT.values() if a != b})
    near = min(factors, key=lambda factor: abs(np.log(factor * ratio)))
    if abs(np.log(near * ratio)) < np.log(WRONG_LENGTH):
        times = f'{near:g}' if near > 1 else f'{1 / near:g}'
        mend = f'{"multiply" if near > 1 else "divide"} the translations (or centres) by {times}'
    else:
        mend = 'scale the rig with `mmpose-ours align-rig --person-height MM`'
    return Problem('unit', f'{found}, so lengths are in another unit; {mend}')


def size_ratio(xyz_mm: np.ndarray, facts: dict[str, Any] | None = None) -> float | None:
    """How many times as long people's (N, 17, 3) limbs are as those of an adult in mm."""
    medians_mm = {}
    for first, second in LIMBS_MM:
        lengths = np.concatenate(
            [
                np.linalg.norm(
                    np.subtract(
                        *(xyz_mm[:, i] for i in _COCO.index(f'{side}_{first}', f'{side}_{second}'))
                    ),
                    axis=-1,
                )
                for side in ('left', 'right')
            ]
        )
        lengths = lengths[np.isfinite(lengths)]
        if len(lengths) >= MIN_PEOPLE:
            medians_mm[first, second] = float(np.median(lengths))
    if facts is not None:
        facts['limbs_mm'] = {f'{a}-{b}': length for (a, b), length in medians_mm.items()}
    if not medians_mm:
        return None
    return float(np.median([length / LIMBS_MM[limb] for limb, length in medians_mm.items()]))


def floor_height(xyz_mm: np.ndarray) -> float | None:
    """Where people's (N, 17, 3) feet stand: the floor's z in mm; None where no ankle is known."""
    ankles = xyz_mm[:, _COCO.index('left_ankle', 'right_ankle'), 2]
    lowest = np.where(np.isfinite(ankles), ankles, np.inf).min(1)
    lowest = lowest[np.isfinite(lowest)]
    # A foot in the air is higher, one behind a table is a guess: the lower quarter stands.
    return float(np.percentile(lowest, 25)) - ANKLE_MM if len(lowest) >= MIN_PEOPLE else None


def _floor(xyz_mm: np.ndarray, facts: dict[str, Any]) -> Problem | None:
    height = floor_height(xyz_mm)
    facts['floor_mm'] = height
    if height is None or abs(height) < STRANGE_FLOOR_MM:
        return None
    return Problem(
        'floor',
        f'people stand on z = {height:.0f} mm where the floor z = 0 is due; ground the rig with '
        '`mmpose-ours align-rig --keypoints`',
        warning=abs(height) < WRONG_FLOOR_MM,
    )


def _middle(xyz_mm: np.ndarray, joint: str) -> np.ndarray:
    """(N, 3) middle between the left and the right joint; NaN where one is missing."""
    return xyz_mm[:, _COCO.index(f'left_{joint}', f'right_{joint}')].mean(1)
