"""The values of one camera, wherever its keys nest them, and what each is."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats.krt.spellings import Meaning, meaning_of, plain
from mmpose_ours.calibration.parsing.node import Node

# Of one camera: more keys are those of something else.
MOST_LEAVES = 300
MOST_NUMBERS = 64
_DEEPEST = 5
# Objects that hold a part of a camera, beside those that are named like a value.
_GROUPS = {'calibration', 'calib', 'params', 'parameters', 'camera', 'cam', 'lens', 'data',
           'values', 'calibrationdata', 'calibrationparameters', 'cameraparameters', 'cameraparams',
           'coeffs', 'coefficients', 'external', 'internal', 'geometry', 'image',
           'img', 'sensor', 'video'}  # fmt: skip
_TEXTS = ('name', 'names', 'model', 'fisheye', 'other')
_SIZE_TEXT = re.compile(r'[\[(\s]*(\d{1,6})(?:\s+|\s*[xX*×,]\s*)(\d{1,6})[\])\s]*', re.ASCII)
_VECTORS = {'xy': 'xy', 'xyz': 'xyz', 'wxyz': 'wxyz'}

#: Roles that say the same thing together.
INTRINSICS = {'K', 'K4', 'focal', 'fx', 'fy', 'middle', 'cx', 'cy', 'skew'}
SIZES = {'size', 'shape', 'width', 'height'}
COEFFICIENTS = {*(f'k{i}' for i in range(1, 7)), 'p1', 'p2', *(f's{i}' for i in range(1, 5))}
LENS = {'dist', 'radial', 'tangential', *COEFFICIENTS}
ROTATIONS = {'rotation', 'rodrigues', 'quaternion', 'wxyz', 'xyzw', 'qw', 'qx', 'qy', 'qz'}
TRANSLATIONS = {'translation', 'center', 'tx', 'ty', 'tz'}
_SCALARS = {'fx', 'fy', 'cx', 'cy', 'skew', 'width', 'height', 'tx', 'ty', 'tz', 'qw', 'qx', 'qy',
            'qz', *COEFFICIENTS}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A value of a camera.

    Args:
        node: The value and its place.
        role: What it is, see :mod:`.spellings`; empty where nobody knows.
        direction: What its keys say of the direction, or empty.
        meant: What its name would make of it, had it a fitting number of values.
        count: How many numbers it holds; -1 where it holds anything else.
    """

    node: Node
    role: str
    direction: str
    meant: str
    count: int

    @property
    def key(self) -> str:
        """The key as it stands in the file."""
        return str(self.node.place[-1])


def leaves_of(camera: Mapping, node: Node) -> list[Leaf]:
    """All values of a camera, nested ones too.

    Args:
        camera: What the file holds of it.
        node: Its place.

    Raises:
        CalibrationError: There are far more than a camera has.
    """
    found = []
    for leaf in _leaves(camera, node, ()):
        found.append(leaf)
        if len(found) > MOST_LEAVES:
            raise CalibrationError(
                f'{node.path}: camera {node.camera!r} has more than {MOST_LEAVES} values',
                code='limit-exceeded',
                file=node.path,
                camera=node.camera,
                expected=MOST_LEAVES,
            )
    return found


def _leaves(group: Mapping, node: Node, keys: tuple) -> Iterator[Leaf]:
    for key, value in group.items():
        if value is None or len(keys) > _DEEPEST:
            continue
        place = (*keys, key)
        child = Node(value, node.path, (*node.place, key), node.camera)
        meaning = meaning_of(place)
        if isinstance(value, dict) and not _is_matrix(value):
            vector = _vector(value)
            if vector is not None:
                names, numbers = vector
                child.value = numbers
                if names == 'wxyz':
                    meaning = Meaning('wxyz', meaning.direction)
            elif is_group(key, meaning):
                yield from _leaves(value, child, place)
                continue
            else:
                numbers_inside = sum(max(count_numbers(inner), 0) for inner in value.values())
                yield Leaf(child, '', '', meaning.role, numbers_inside or -1)
                continue
        if meaning.role == 'size' and isinstance(value, str):
            child.value = _size_in(value)
        count = count_numbers(child.value)
        role = role_of(meaning.role, str(key), child.value, count)
        yield Leaf(child, role, meaning.direction, meaning.role, count)


def _size_in(text: str) -> Any:
    """The two numbers of a text such as ``1920x1080``; other texts as they are."""
    sides = _SIZE_TEXT.fullmatch(text)
    return text if sides is None else [int(side) for side in sides.groups()]


def is_group(key: object, meaning: Meaning) -> bool:
    """Whether an object under a key holds a part of a camera, and not a camera of that name."""
    name = plain(key)
    known = bool(meaning.direction) or (bool(meaning.role) and meaning.role not in _TEXTS)
    return name in _GROUPS or name in ('model', 'cameramodel') or (known and len(name) > 1)


def _is_matrix(value: Mapping) -> bool:
    """Whether an object is a matrix of OpenCV's."""
    return (
        'data' in value
        and {'rows', 'cols', 'sizes', 'dt', 'type_id', 'shape'} & value.keys() != set()
    )


def _vector(value: Mapping) -> tuple[str, list] | None:
    """The numbers of an object such as ``{"x": 1, "y": 2, "z": 3}``, and their names in order."""
    if not 2 <= len(value) <= 4:
        return None
    by_name = {plain(key): number for key, number in value.items()}
    names = ''.join(sorted(by_name, key='wxyz'.find)) if len(by_name) == len(value) else ''
    if names not in _VECTORS or any(count_numbers(n) != 1 for n in by_name.values()):
        return None
    return names, [by_name[name] for name in names]


def count_numbers(value: Any) -> int:
    """How many numbers a value holds; -1 where it holds anything else, or far too many."""
    if isinstance(value, (bool, np.bool_)):
        return -1
    if isinstance(value, (int, float, np.integer, np.floating)):
        return 1
    if isinstance(value, np.ndarray):
        return value.size if value.dtype.kind in 'fiu' and value.size <= MOST_NUMBERS else -1
    if isinstance(value, str):
        return _is_number(value)
    if isinstance(value, dict) and _is_matrix(value):
        return count_numbers(value['data'])
    if not isinstance(value, (list, tuple)) or len(value) > MOST_NUMBERS:
        return -1
    total = 0
    for item in value:
        count = count_numbers(item)
        if count < 0 or total + count > MOST_NUMBERS:
            return -1
        total += count
    return total


def _is_number(text: str) -> int:
    try:
        return 1 if len(text) < 40 and np.isfinite(float(text)) else -1
    except ValueError:
        return -1


def role_of(role: str, key: str, value: Any, count: int) -> str:
    """What a value is, by what its name may mean and how many numbers it holds."""
    if role in _TEXTS:
        return role
    if count < 0 or not role:
        return ''
    if role in _SCALARS:
        return role if count == 1 else ''
    if role == 'K':
        return _role_of_k(key, value, count)
    by_count: dict[str, dict[int, str]] = {
        'focal': {1: 'focal', 2: 'focal'},
        'middle': {2: 'middle', 3: 'center'},
        'center': {3: 'center', 2: 'middle'},
        'projection': {12: 'projection', 2: 'tangential'},
        'tangential': {2: 'tangential'},
        'rotation': {9: 'rotation', 3: 'rodrigues', 4: 'quaternion'},
        'rodrigues': {3: 'rodrigues'},
        'quaternion': {4: 'quaternion'},
        'wxyz': {4: 'wxyz'},
        'xyzw': {4: 'xyzw'},
        'translation': {3: 'translation', 12: 'matrix', 16: 'matrix'},
        'matrix': {12: 'matrix', 16: 'matrix'},
        'size': {2: 'size'},
        'shape': {2: 'shape', 3: 'shape'},
        'euler': {1: 'euler', 3: 'euler'},
    }
    if role in ('dist', 'radial'):
        return role if count <= 14 else ''
    return by_count[role].get(count, '')


def _role_of_k(key: str, value: Any, count: int) -> str:
    name = plain(key)
    rows = len(value) if isinstance(value, (list, tuple, np.ndarray)) else 0
    if name == 'k' and key.strip().islower() and count != 9 and not (count == 6 and rows == 2):
        return 'radial' if count <= 6 else ''
    if name in ('m', 'a', 'matrix') and count in (12, 16):
        return 'matrix'
    if count == 4:
        return 'K4' if name.startswith(('intri', 'intr', 'cameraintr')) else ''
    return 'K' if count in (6, 9, 12, 16) else ''


def has_intrinsics(leaves: Sequence[Leaf]) -> bool:
    """Whether the values are enough for K."""
    roles = {leaf.role for leaf in leaves}
    focal = 'focal' in roles or roles >= {'fx', 'fy'}
    middle = 'middle' in roles or roles >= {'cx', 'cy'}
    return bool(roles & {'K', 'K4', 'projection'}) or (focal and middle)


def has_pose(leaves: Sequence[Leaf]) -> bool:
    """Whether the values are enough for rotation and translation."""
    roles = {leaf.role for leaf in leaves}
    turned = bool(roles & {'rotation', 'rodrigues', 'quaternion', 'wxyz', 'xyzw'})
    turned = turned or roles >= {'qw', 'qx', 'qy', 'qz'}
    moved = bool(roles & {'translation', 'center'}) or roles >= {'tx', 'ty', 'tz'}
    return bool(roles & {'matrix', 'projection'}) or (turned and moved)
