"""BVH: a skeleton and its joint angles over time, as every motion capture program exports it.

Joints are placed by forward kinematics: each has an offset from its parent, and rotations in
degrees that apply in the order in which its channels are listed. Format after Meredith and
Maddock, "Motion Capture File Formats Explained" (2001). The file says neither its unit nor
which axis is up (:mod:`.mocap` tells them).
"""

from __future__ import annotations

import array
import collections
import dataclasses
import io
import itertools
import os
import re
from typing import Iterable

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits
from mmpose_ours.synthetic.poses.anthropometry import COCO17
from mmpose_ours.synthetic.poses.mocap import Recording
from mmpose_ours.synthetic.poses.mocap_names import check_found, coco_joints, middle_joint

# Skeletons with fingers and faces have some hundred.
MAX_JOINTS = 10_000
MAX_CHANNELS = 6
# No unit makes a person of so many, and no program counts so many turns.
LARGEST = 1e9
_AT_ONCE = 1 << 16
# Joints times frames beyond the numbers of the motion, of which moving joints have three or more.
_SPARE_PLACES = 200_000

CHANNELS = tuple(f'{axis}{kind}' for axis in 'XYZ' for kind in ('position', 'rotation'))


@dataclasses.dataclass(eq=False)
class BvhJoint:
    """A joint of the skeleton: its parent's position in the list (-1: none) and its channels."""

    name: str
    parent: int
    offset: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Bvh:
    """A BVH file.

    Args:
        joints: J joints, parents before children.
        motion: (T, C) the values of all joints' channels, in their order.
        frame_time_s: Seconds from a frame to the next.
    """

    joints: tuple[BvhJoint, ...]
    motion: np.ndarray
    frame_time_s: float

    def chain(self, wanted: Iterable[int]) -> set[int]:
        """Positions of some joints and of all that they hang on."""
        chain: set[int] = set()
        for index in wanted:
            while index >= 0 and index not in chain:
                chain.add(index)
                index = self.joints[index].parent
        return chain

    def solve(self, wanted: Iterable[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Forward kinematics.

        Args:
            wanted: Positions of N of the joints; None is all. The others are not kept: a short
                file may have joints and frames whose product does not fit into memory.

        Returns:
            (T, N, 3) places and (T, N, 3, 3) rotations, bone to world.
        """
        chosen = list(range(len(self.joints)) if wanted is None else wanted)
        # By joint, who still needs it: joints that hang on it, and the caller.
        needed = collections.Counter(chosen)
        for index in reversed(range(len(self.joints))):
            if needed[index] and self.joints[index].parent >= 0:
                needed[self.joints[index].parent] += 1
        widths = [len(joint.channels) for joint in self.joints]
        first = dict(enumerate(itertools.accumulate([0, *widths])))
        places = np.zeros((len(self.motion), len(chosen), 3))
        rotations = np.zeros((len(self.motion), len(chosen), 3, 3))
        solved: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for index, joint in enumerate(self.joints):
            if not needed[index]:
                continue
            values = self.motion[:, first[index] : first[index] + widths[index]]
            place, turn = _local(joint, values)
            if joint.parent >= 0:
                parent_place, parent = solved[joint.parent]
                place = parent_place + np.einsum('tij,tj->ti', parent, place)
                turn = parent @ turn if joint.channels else parent
                needed[joint.parent] -= 1
                if not needed[joint.parent]:
                    del solved[joint.parent]
            solved[index] = place, turn
            for column, other in enumerate(chosen):
                if other == index:
                    places[:, column], rotations[:, column] = place, turn
                    needed[index] -= 1
            if not needed[index]:
                del solved[index]
        return places, rotations


def _local(joint: BvhJoint, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3) offset from the parent and (T, 3, 3) rotation, in the parent's axes."""
    moved, turn = np.zeros((len(values), 3)), np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for channel, value in zip(joint.channels, values.T):
        axis = 'XYZ'.index(channel[0])
        if channel.endswith('position'):
            moved[:, axis] = value
        else:
            turn = turn @ _about(axis, np.deg2rad(value))
    # Programs disagree whether positions are added to the offset or stand in its place;
    # those that write the latter write roughly the offset.
    instead = len(values) and np.linalg.norm(np.median(moved, axis=0) - joint.offset) < (
        np.linalg.norm(np.median(moved, axis=0))
    )
    return (moved if instead else joint.offset + moved), turn


def _about(axis: int, angle: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations about a coordinate axis by (T,) radians."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros(angle.shape + (3, 3))
    matrix[:, axis, axis] = 1
    matrix[:, i, i] = matrix[:, j, j] = np.cos(angle)
    matrix[:, i, j], matrix[:, j, i] = -np.sin(angle), np.sin(angle)
    return matrix


def read_bvh(path: PathLike) -> Bvh:
    """Read a BVH file of one skeleton.

    Raises:
        FileFormatError: Names the line, what was found and what was expected.
        FileNotFoundError: There is no such file.
    """
    with io.TextIOWrapper(open_regular(path), 'utf-8', 'replace') as file:
        limits().check('motion_bytes', os.fstat(file.fileno()).st_size, 'bytes', path)
        head, motion_word, motion = file.read().partition('MOTION')
    if not motion_word:
        raise FileFormatError(
            f'{path}: it has no MOTION; export the animation, not the skeleton',
            code='no-data',
            file=path,
            expected='MOTION',
        )
    joints = _read_hierarchy(path, head)
    header = re.match(r'\s*Frames:\s*([0-9]{1,9})\s+Frame\s+Time:\s*(\S{1,40})\s', motion)
    width = sum(len(joint.channels) for joint in joints)
    try:
        if header is None:
            raise ValueError('no "Frames:" and "Frame Time:"')
        limits().check('frames', int(header[1]), 'frames', path)
        frame_time_s = float(header[2])
        values = _numbers(motion, header.end())
        if values.size != int(header[1]) * width or not values.size:
            raise ValueError(f'{values.size} values')
        if not (np.abs(values) < LARGEST).all() or not np.isfinite(frame_time_s):
            raise ValueError('NaN, infinity or a huge number')
    except ValueError as error:
        if isinstance(error, FileFormatError):
            raise
        frames = 'its' if header is None else header[1]
        raise FileFormatError(
            f'{path}: after MOTION expected {frames} frames of {width} numbers, found '
            f'{str(error)[:100]}; the file may be cut off: export it again',
            code='damaged',
            file=path,
            found=str(error),
            expected=(frames, width),
        ) from error
    return Bvh(joints, values.reshape(-1, width), frame_time_s)


def _numbers(text: str, start: int) -> np.ndarray:
    """The numbers of a text from a place on, without a list of them all.

    Raises:
        ValueError: There is something else.
    """
    values = array.array('d')
    while start < len(text):
        end = text.find('\n', start + _AT_ONCE)
        end = len(text) if end < 0 else end
        part = text[start:end]
        if '_' in part:  # which Python takes for a separator of digits
            raise ValueError("'_'")
        values.extend(map(float, part.split()))
        start = end
    return np.frombuffer(values, dtype=np.float64) if values else np.zeros(0)


def _read_hierarchy(path: PathLike, text: str) -> tuple[BvhJoint, ...]:
    def bad(number: int, found: str, expected: str) -> FileFormatError:
        return FileFormatError(
            f'{path}, line {number}: found {found[:60]!r}, expected {expected}; export it again as '
            'BVH of one skeleton',
            code='file-format',
            file=path,
            found=found,
            expected=expected,
        )

    joints: list[BvhJoint] = []
    stack: list[int] = []  # joints whose brace is open; -1 for an End Site
    opening: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        for part in filter(None, map(str.strip, re.split(r'([{}])', line))):
            word, _, rest = part.partition(' ') if '\t' not in part else part.partition('\t')
            values = rest.split()
            if part == 'HIERARCHY':
                continue
            if part == '{' and opening is not None:
                stack.append(opening)
                opening = None
            elif part == '}' and stack:
                stack.pop()
            elif word in ('ROOT', 'JOINT') and (word == 'ROOT') == (not stack):
                if joints and word == 'ROOT':
                    raise bad(number, part, 'one ROOT; save each person in a file of its own')
                if len(joints) == MAX_JOINTS or len(stack) > limits().depth:
                    raise bad(number, part, f'at most {MAX_JOINTS} joints, {limits().depth} deep')
                joints.append(BvhJoint(rest.strip(), stack[-1] if stack else -1))
                opening = len(joints) - 1
            elif word == 'End' and stack:
                opening = -1
            elif word in ('OFFSET', 'CHANNELS') and stack and stack[-1] == -1:
                continue  # how long the last bone is tells no joint
            elif word == 'OFFSET' and stack:
                try:
                    x, y, z = map(float, values)
                except ValueError as error:
                    raise bad(number, part, 'OFFSET and three numbers') from error
                joints[stack[-1]].offset = np.array([x, y, z])
                if not (np.abs(joints[stack[-1]].offset) < LARGEST).all():
                    raise bad(number, part, 'OFFSET and three numbers')
            elif word == 'CHANNELS' and stack:
                known = tuple(_channel(value) for value in values[1:])
                if values[:1] != [str(len(known))] or '' in known or len(known) > MAX_CHANNELS:
                    raise bad(number, part, f'CHANNELS, how many, and of {", ".join(CHANNELS)}')
                joints[stack[-1]].channels = known
            else:
                raise bad(number, part, 'ROOT, JOINT, End Site, OFFSET, CHANNELS or a brace')
    if not joints or stack:
        raise FileFormatError(
            f'{path}: found {len(joints)} joints and {len(stack)} open braces before MOTION, '
            'expected a whole HIERARCHY; export it again',
            code='damaged',
            file=path,
            found=(len(joints), len(stack)),
        )
    return tuple(joints)


def _channel(name: str) -> str:
    """The channel whatever its case; '' for none."""
    return next((known for known in CHANNELS if known.lower() == name.lower()), '')


def record_bvh(path: PathLike) -> Recording:
    """COCO's joints, and the head, of a BVH file.

    Raises:
        FileFormatError: See :func:`read_bvh`; or its joints have names that are in no table.
    """
    bvh = read_bvh(path)
    names = [joint.name for joint in bvh.joints]
    found = coco_joints(names)
    check_found(path, names, found)
    head = middle_joint(names, 'head')
    wanted = [*found.values(), *([] if head is None else [head])]
    moving = len(bvh.chain(wanted))
    if len(bvh.motion) * moving > bvh.motion.size + _SPARE_PLACES:
        raise FileFormatError(
            f'{path}: {len(bvh.motion)} frames of {bvh.motion.shape[1]} numbers for the {moving} '
            'joints of a body, of which hardly one can move; export it again',
            code='file-format',
            file=path,
            found=bvh.motion.shape,
            expected=moving,
        )
    places, rotations = bvh.solve(wanted)
    xyz = np.full((len(places), len(COCO17), 3), np.nan)
    xyz[:, COCO17.index(*found)] = places[:, : len(found)]
    if head is None:
        return Recording(xyz)
    return Recording(xyz, places[:, -1], rotations[:, -1])
