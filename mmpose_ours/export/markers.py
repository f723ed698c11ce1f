"""Joints as the markers of other programs: their names, their axes and their unit.

OpenSim's models for keypoints come from Pose2Sim (Pagnon et al., JOSS 2022), so both programs
expect the same markers: ``RAnkle``, ``LBigToe``, ``Neck``. The names are those of Pose2Sim 0.10's
skeletons and of the ``Markers_*.xml`` beside its models; joints that it has no name for are
spelled likewise.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.export.gaps import MAX_GAP_S, fill_gaps, longest_run
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.whole_body import FACE, FINGERS, SIDES
from mmpose_ours.text import counted
from mmpose_ours.tracking.trajectories import Timeline

# Programs that these markers are for.
PROGRAMS = ('opensim', 'pose2sim')
# Midpoints of left and right that Pose2Sim adds to a skeleton without them.
_MIDPOINTS = ('neck', 'mid_hip')
# Markers whose distances scale Pose2Sim's models.
_SCALING = {'Nose', 'Head', 'Neck'} | {
    side + part
    for side in 'LR'
    for part in ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle', 'Heel', 'BigToe')
}
# First number of the face's points, and what they are called; points of a kind count from 1.
_FACE = ((0, 'Jaw'), (17, 'EyebrowR'), (22, 'EyebrowL'), (27, 'Nose'), (36, 'REye'), (42, 'LEye'),
         (48, 'Mouth'))  # fmt: skip
_FINGERS = dict(zip(FINGERS, ('Thumb', 'Index', 'Middle', 'Ring', 'Pinky')))
# The joint of a finger that the models have a marker at.
_PLAIN_FINGERS = {'thumb2': 'Thumb', 'forefinger1': 'Index', 'pinky_finger1': 'Pinky'}
_OTHER = {'foot_index': 'BigToe', 'upper_neck': 'Neck', 'top_head': 'Head'}


class Markers(NamedTuple):
    """What a program reads of people over time.

    Args:
        names: (M,) of all people.
        xyz: (T, M, 3) in ``unit`` and the program's axes; NaN where missing.
        std_mm: (T, M); None where it is not known.
        unit: ``'mm'`` or ``'m'``.
        filled: (T, M) whether the position is interpolated; its ``std_mm`` is NaN.
    """

    names: list[str]
    xyz: np.ndarray
    std_mm: np.ndarray | None
    unit: str
    filled: np.ndarray


def check_program(program: str | None) -> None:
    """Refuse a program that is none of :data:`PROGRAMS`; None is no program.

    Raises:
        InputError: It is unknown.
    """
    if program is not None and program not in PROGRAMS:
        raise InputError(
            f'unknown program {program!r}, expected {" or ".join(PROGRAMS)}',
            code='unknown-name',
            found=program,
            expected=list(PROGRAMS),
        )


def markers_of(timeline: Timeline, up: str, program: str | None = None) -> Markers:
    """People as markers: the joints under their own names, or those that a program knows.

    Args:
        timeline: The people.
        up: ``'y'`` or ``'z'``.
        program: One of :data:`PROGRAMS`: metres, its names, and for y up its axes, in which
            (x, y, z) is (y, z, x); the midpoints of hips and of shoulders are added to
            skeletons without them, and short gaps are filled (:mod:`.gaps`). None: mm, the
            joints' names, and (x, z, -y) for y up.

    Raises:
        InputError: The axis or the program is unknown.
    """
    check_program(program)
    joints, poses, std_mm = timeline.joints, timeline.turned(up), timeline.std_mm
    if program is None:
        names, unit = list(joints.joints), 'mm'
    else:
        if up == 'y':
            poses = timeline.poses[..., [1, 2, 0]]
        whole = with_midpoints(joints)
        poses = convert_joints(poses, joints, whole) / MM_PER_UNIT['m']
        if std_mm is not None:
            new = np.full((*std_mm.shape[:2], len(whole) - len(joints)), np.nan)
            std_mm = np.concatenate([std_mm, new], axis=-1)
        names, unit = program_names(whole), 'm'
    frames = len(timeline.frames)
    poses, filled = poses.reshape(frames, -1, 3), np.zeros((frames, poses[0].size // 3), bool)
    if program is not None:
        poses, filled = fill_gaps(poses, timeline.rate_hz)
    if len(timeline.people) != 1:
        names = [f'p{person}_{name}' for person in timeline.people for name in names]
    std_mm = None if std_mm is None else std_mm.reshape(frames, -1)
    return Markers(names, poses, std_mm, unit, filled)


def gap_notes(timeline: Timeline) -> list[str]:
    """What was filled and what is still missing in the markers of one person for a program."""
    markers = markers_of(timeline, 'z', PROGRAMS[0])
    notes, who = [], f'person {timeline.people[0]}'
    if markers.filled.any():
        columns = np.flatnonzero(markers.filled.any(0)).tolist()
        names = [markers.names[column] for column in columns]
        notes.append(
            f'{who}: {counted(int(markers.filled.sum()), "position")} of {_some(names)} '
            f'interpolated, in gaps of at most {MAX_GAP_S:g} s'
        )
    missing = ~np.isfinite(markers.xyz).all(-1)
    scaling = [index for index, name in enumerate(markers.names) if name in _SCALING]
    never = [index for index in scaling if missing[:, index].all()]
    if never:
        names = [markers.names[index] for index in never]
        notes.append(f'{who}: {_some(names)} in no frame; no model can be scaled by them')
    seen = [index for index in scaling if index not in never]
    lost = [markers.names[index] for index in seen if missing[:, index].any()]
    if lost:
        whole = longest_run(~missing[:, seen].any(-1))
        times = timeline.seconds[whole]
        hint = f'from {times[0]:g} to {times[-1]:g} s' if len(times) else 'in no frame'
        notes.append(
            f'{who}: {_some(lost)} missing in some frames; all markers that models are scaled by '
            f'are there {hint}'
        )
    return notes


def _some(names: list[str]) -> str:
    return ', '.join(names[:6]) + (f' and {len(names) - 6} more' if len(names) > 6 else '')


def with_midpoints(joints: Skeleton) -> Skeleton:
    """A person's skeleton with neck and middle of the hips behind its joints, if it has none."""
    new = tuple(
        middle
        for middle, side in zip(_MIDPOINTS, ('shoulder', 'hip'))
        if {f'left_{side}', f'right_{side}'} <= set(joints.joints)
        and not {middle, f'upper_{middle}'} & set(joints.joints)
    )
    return Skeleton(joints.name, joints.joints + new)


def program_names(joints: Skeleton) -> list[str]:
    """The markers' names in Pose2Sim and in OpenSim's models, each once.

    Examples:
        >>> program_names(Skeleton('few', ('nose', 'left_big_toe', 'right_forefinger1')))
        ['Nose', 'LBigToe', 'RIndex']
    """
    names = [_name(joint, joints) for joint in joints.joints]
    # Where two joints would have one name (a head and its top), the other one is spelled out.
    return [
        name if names.count(name) == 1 or name == _camel(joint) else _camel(joint)
        for joint, name in zip(joints.joints, names)
    ]


def _name(joint: str, joints: Skeleton) -> str:
    if joint in FACE:
        number = FACE.index(joint)
        first, kind = max(entry for entry in _FACE if entry[0] <= number)
        return f'{kind}{number - first + 1}'
    if joint == 'mid_hip':
        # Pose2Sim calls it so in OpenPose's skeletons only.
        return 'CHip' if joints.name.startswith(('body25', 'coco18')) else 'Hip'
    side, _, part = joint.partition('_')
    if side not in SIDES:
        return _OTHER.get(joint, _camel(joint))
    letter = side[0].upper()
    finger = re.fullmatch(f'({"|".join(FINGERS)})([1-4])', part)
    if part in _PLAIN_FINGERS:
        return letter + _PLAIN_FINGERS[part]
    if finger is not None:
        return f'{letter}{_FINGERS[finger[1]]}{finger[2]}'
    return letter + _OTHER.get(part, _camel(part))


def _camel(joint: str) -> str:
    return ''.join(word[:1].upper() + word[1:] for word in re.split(r'[_\s]+', joint))
