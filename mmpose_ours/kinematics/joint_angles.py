"""Joint angles from joint positions, by definitions after those of the ISB.

Keypoints are joint centres, without the markers on bones that the recommendations start from (Wu
et al., J. Biomechanics 35, 2002, and 38, 2005). An angle that joint centres do not determine is
NaN, for the whole recording or in single frames; nothing is assumed in its place:

* The turn of thigh and upper arm about their own axis comes from the plane of the bent knee and
  elbow, and is NaN below :data:`MIN_BEND_DEG` of flexion.
* What tells the tilt of the pelvis from that of the trunk is a joint in the spine. Without one, the
  pelvis is upright in the direction of the trunk; its tilt and the extension of the trunk are NaN.

docs/kinematics.md has the definitions.
"""

from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.kinematics.rotations import (
    angle_between,
    cardan_yxz,
    cardan_zxy,
    frame_from,
    into,
    swing_zx,
    twist_y,
    unit,
)
from mmpose_ours.predictions.person_json import FrameId
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.tracking.trajectories import Timeline

# Degrees of knee or elbow flexion from which the plane of a limb tells how it is turned. At 20, a
# knee 15 mm off this plane turns it by 12 degrees.
MIN_BEND_DEG = 20.0
# Degrees from the trunk's axis from which an arm has a plane of elevation.
MIN_ELEVATION_DEG = 10.0
# From the world (z up) to the laboratory of the ISB, with y up: x forward, z to the right.
_LAB = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
_SPINE = ('spine', 'spine_mid', 'spine_navel')
_TOES = ('big_toe', 'foot_index')

TRUNK_ANGLES = (
    'pelvis_tilt', 'pelvis_list', 'pelvis_rotation',
    'trunk_tilt', 'trunk_list', 'trunk_rotation',
    'lumbar_extension', 'lumbar_bending', 'lumbar_rotation',
)  # fmt: skip
LIMB_ANGLES = (
    'hip_flexion', 'hip_adduction', 'hip_rotation', 'knee_angle', 'ankle_angle',
    'arm_flex', 'arm_add', 'arm_rot', 'shoulder_plane', 'shoulder_elevation', 'elbow_flex',
)  # fmt: skip
ANGLES = TRUNK_ANGLES + tuple(f'{name}_{side}' for side in 'rl' for name in LIMB_ANGLES)


@dataclasses.dataclass(frozen=True, eq=False)
class JointAngles:
    """The joint angles of one person over time.

    Args:
        person: Track ID.
        frames: (T,) frame numbers or names.
        seconds: (T,) time of each.
        rate_hz: Frames per second.
        names: (A,) of :data:`ANGLES`.
        degrees: (T, A), NaN where an angle is not determined.
    """

    person: int
    frames: tuple[FrameId, ...]
    seconds: np.ndarray
    rate_hz: float
    names: tuple[str, ...]
    degrees: np.ndarray

    def of(self, name: str) -> np.ndarray:
        """(T,) degrees of one angle.

        Raises:
            InputError: There is no angle of this name.
        """
        if name not in self.names:
            raise InputError(
                f'there is no angle {name!r}; there are {", ".join(self.names)}',
                code='unknown-name',
                found=name,
                expected=list(self.names),
            )
        return self.degrees[:, self.names.index(name)]


def joint_angles(timeline: Timeline) -> list[JointAngles]:
    """Compute the joint angles of people over time.

    Args:
        timeline: The people.

    Returns:
        One for each person, from their first to their last frame.

    Raises:
        InputError: No angle can be computed in any frame, because the skeleton or the poses lack
            the joints.

    Examples:
        >>> from mmpose_ours import read_predictions, timeline_of, write_predictions
        >>> standing = np.zeros((1, 17, 3))
        >>> standing[0, 11:17:2, 2] = 900, 450, 0  # left hip, knee and ankle
        >>> standing[0, 15, 0] = -450  # the ankle is behind the knee
        >>> standing[0, 15, 2] = 450
        >>> write_predictions('people.json', {0: standing}, fps=25)
        >>> [person] = joint_angles(timeline_of(read_predictions('people.json')))
        >>> person.of('knee_angle_l').round(1).tolist()
        [90.0]
    """
    people = []
    for one in map(timeline.of, timeline.people):
        degrees = degrees_of(one.poses[:, 0], timeline.joints)
        people.append(
            JointAngles(one.people[0], one.frames, one.seconds, one.rate_hz, ANGLES, degrees)
        )
    if not any(np.isfinite(one.degrees).any() for one in people):
        raise InputError(
            f'no joint angle can be computed: in no frame are the joints of one there together '
            f'(skeleton {timeline.joints.name!r})',
            code='no-data',
            found=timeline.joints.name,
        )
    return people


def degrees_of(poses: np.ndarray, joints: Skeleton | str) -> np.ndarray:
    """Joint angles of poses.

    Args:
        poses: (T, J, 3) in any unit of length, z up; NaN where a joint is missing.
        joints: Their skeleton.

    Returns:
        (T, A) degrees of :data:`ANGLES`, NaN where an angle is not determined. Turns of more than
        half a circle go on counting from frame to frame.
    """
    points = _Points(np.asarray(poses, dtype=np.float64), joints)
    pelvis, thorax, has_spine = _pelvis_and_thorax(points)
    found = dict(zip(TRUNK_ANGLES, _trunk(pelvis, thorax, has_spine)))
    for side in ('right', 'left'):
        limbs = [*_leg(points, side, pelvis), *_arm(points, side, thorax)]
        found.update(zip((f'{name}_{side[0]}' for name in LIMB_ANGLES), limbs))
    return np.stack([_continuous(found[name]) for name in ANGLES], axis=-1)


class _Points:
    """Joints by name in the laboratory's axes, (T, 3) each, NaN for those that are not there."""

    def __init__(self, poses: np.ndarray, joints: Skeleton | str) -> None:
        self.poses, self.joints = poses @ _LAB.T, joints

    def __call__(self, *names: str) -> np.ndarray:
        """The first of several names that is ever there."""
        point = np.full((len(self.poses), 3), np.nan)
        for name in names:
            point = convert_joints(self.poses, self.joints, Skeleton(name, (name,)))[:, 0]
            if np.isfinite(point).any():
                break
        return point

    def middle(self, part: str) -> np.ndarray:
        """Between left and right."""
        return (self(f'left_{part}') + self(f'right_{part}')) / 2


def _pelvis_and_thorax(points: _Points) -> tuple[np.ndarray, np.ndarray, bool]:
    """(T, 3, 3) each, segment to laboratory, and whether a joint in the spine tells them apart."""
    hips, shoulders, spine = points.middle('hip'), points.middle('shoulder'), points(*_SPINE)
    has_spine = bool(np.isfinite(spine).any())
    top, bottom = (spine, spine) if has_spine else (shoulders, hips)
    pelvis = frame_from(points('right_hip') - points('left_hip'), top - hips, 'z')
    across = points('right_shoulder') - points('left_shoulder')
    return pelvis, frame_from(shoulders - bottom, across, 'y'), has_spine


def _trunk(pelvis: np.ndarray, thorax: np.ndarray, has_spine: bool) -> Iterator[np.ndarray]:
    """The angles of :data:`TRUNK_ANGLES`, (T,) each."""
    unknown = np.full(len(pelvis), np.nan)
    rotation, tip, tilt = cardan_yxz(pelvis).T
    yield from (tilt if has_spine else unknown, tip, rotation)
    rotation, tip, tilt = cardan_yxz(thorax).T
    yield from (tilt, tip, rotation)
    extension, bending, rotation = cardan_zxy(np.swapaxes(pelvis, 1, 2) @ thorax).T
    yield from (extension if has_spine else unknown, bending, rotation)


def _leg(points: _Points, side: str, pelvis: np.ndarray) -> Iterator[np.ndarray]:
    """Hip, knee and ankle, (T,) each."""
    hip, knee, ankle = (points(f'{side}_{part}') for part in ('hip', 'knee', 'ankle'))
    thigh, shank = unit(hip - knee), unit(knee - ankle)
    bend = angle_between(thigh, shank)
    yield from _ball_joint(pelvis, thigh, np.cross(shank, thigh), bend, side)
    yield bend
    toe = points(*(f'{side}_{name}' for name in _TOES))
    foot = unit(toe - points(f'{side}_heel'))
    yield 90 - angle_between(foot, shank)


def _arm(points: _Points, side: str, thorax: np.ndarray) -> Iterator[np.ndarray]:
    """Shoulder and elbow, (T,) each."""
    shoulder, elbow, wrist = (points(f'{side}_{part}') for part in ('shoulder', 'elbow', 'wrist'))
    upper, fore = unit(shoulder - elbow), unit(elbow - wrist)
    bend = angle_between(upper, fore)
    yield from _ball_joint(thorax, upper, np.cross(upper, fore), bend, side)
    forward, down, outward = (-into(thorax, upper) * (1, -1, 1 if side == 'right' else -1)).T
    elevation = np.degrees(np.arctan2(np.hypot(forward, outward), down))
    plane = np.degrees(np.arctan2(forward, outward))
    beyond = (elevation > MIN_ELEVATION_DEG) & (elevation < 180 - MIN_ELEVATION_DEG)
    yield from (np.where(beyond, plane, np.nan), elevation, bend)


def _ball_joint(
    proximal: np.ndarray, long_axis: np.ndarray, normal: np.ndarray, bend: np.ndarray, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flexion, adduction and internal rotation of thigh or upper arm, (T,) degrees each.

    Args:
        proximal: (T, 3, 3) frame of pelvis or thorax.
        long_axis: (T, 3) of length 1, up along the limb.
        normal: (T, 3) of the plane of the limb, to the right when it is bent; any length.
        bend: (T,) degrees of knee or elbow.
        side: ``'right'`` or ``'left'``.
    """
    inward = 1 if side == 'right' else -1
    along = into(proximal, long_axis)
    flexion, adduction = swing_zx(along).T
    rotation = twist_y(along, into(proximal, unit(normal)))
    known = (bend >= MIN_BEND_DEG) & (bend <= 180 - MIN_BEND_DEG)
    return flexion, inward * adduction, inward * np.where(known, rotation, np.nan)


def _continuous(degrees: np.ndarray) -> np.ndarray:
    """(T,) without jumps of a full turn between the frames where it is known."""
    known = np.isfinite(degrees)
    result = degrees.copy()
    result[known] = np.degrees(np.unwrap(np.radians(degrees[known])))
    return result
