"""What the values of one camera say of its pose, before their direction is known."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.direction import C2W, CENTER, VECTOR, W2C
from mmpose_ours.calibration.formats.krt.leaves import Leaf
from mmpose_ours.calibration.formats.krt.values import Values
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.geometry.rotations import from_quaternion, from_vector

# A rotation vector longer than a whole turn is in degrees, or angles about three axes.
_MOST_RADIANS = 2 * np.pi + 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """What one key says of a camera's pose.

    Args:
        leaf: The key and its value.
        question: What must be known to use it: what it is and its key.
        said: The direction that the key says, or empty.
        R: (3, 3), where it holds a rotation.
        t: (3,), where it holds a translation or a centre.
    """

    leaf: Leaf
    question: tuple[str, str]
    said: str
    R: np.ndarray | None = None
    t: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class PoseParts:
    """All that a file says of a camera's pose.

    Args:
        parts: One for each key.
        projections: Matrices P (3, 4) with their keys.
        K: (3, 3) intrinsics, None where only P says them.
    """

    parts: tuple[Part, ...]
    projections: tuple[tuple[Leaf, np.ndarray], ...]
    K: np.ndarray | None

    @property
    def has_pose(self) -> bool:
        """Whether both rotation and translation are there."""
        has_R = any(part.R is not None for part in self.parts)
        has_t = any(part.t is not None for part in self.parts)
        return (has_R and has_t) or bool(self.projections and self.K is None)

    @property
    def says_twice(self) -> bool:
        """Whether values can contradict each other."""
        return bool(self.projections) or len(self.parts) > (1 if self._has_matrix else 2)

    @property
    def _has_matrix(self) -> bool:
        return any(part.R is not None and part.t is not None for part in self.parts)


def parts_of(values: Values, K: np.ndarray | None) -> PoseParts:
    """What a camera's values say of its pose.

    Raises:
        CalibrationError: A value is none, or is a quaternion or angles of unknown order.
    """
    parts = [*_rotations(values), *_translations(values)]
    for leaf in values.of('matrix'):
        R, t = rigid(leaf.node, 'rotation and translation')
        parts.append(Part(leaf, ('matrix', leaf.key), leaf.direction, R, t))
    projections = [
        (leaf, leaf.node.array(3, 4, what='projection matrix')) for leaf in values.of('projection')
    ]
    has_R = any(part.R is not None for part in parts)
    if not has_R:
        for leaf in values.leaves:
            if leaf.role == 'euler' or (leaf.meant == 'euler' and leaf.count > 0):
                leaf.node.fail(
                    'holds angles, whose order and axes are not known',
                    'a rotation matrix or a Rodrigues vector',
                    code='ambiguous',
                )
        values.check_counts('rotation', '9 numbers of a matrix, or 3 of a Rodrigues vector')
        values.check_counts('matrix', 'a 3x4 or 4x4 matrix')
    if not any(part.t is not None for part in parts):
        values.check_counts('translation', '3 numbers')
    return PoseParts(tuple(parts), tuple(projections), K)


def _rotations(values: Values) -> list[Part]:
    parts = []
    for leaf in values.of('rotation'):
        parts.append(_rotation(leaf, leaf.node.array(3, 3, what='rotation matrix')))
    for leaf in values.of('rodrigues'):
        vector = leaf.node.array(3, what='Rodrigues vector, radians')
        turn = float(np.linalg.norm(vector))
        if leaf.meant != 'rotation' and turn > _MOST_RADIANS:
            leaf.node.fail(
                f'turns by {turn:.4g}, which no tool writes in radians',
                'a Rodrigues vector, axis times angle in radians; divide degrees by 180 / pi',
                code='out-of-range',
                found=turn,
                expected=_MOST_RADIANS,
            )
        if leaf.meant == 'rotation':
            if turn > _MOST_RADIANS or 'orient' in leaf.key.lower():
                leaf.node.fail(
                    'has 3 values that are no Rodrigues vector in radians',
                    'a rotation matrix; the order and axes of angles are not known',
                    code='ambiguous',
                )
            values.notes.append(
                f'the 3 numbers of {leaf.key!r} were read as a Rodrigues vector (axis times angle '
                'in radians)'
            )
        parts.append(_rotation(leaf, from_vector(vector)))
    for leaf in values.of('wxyz', 'xyzw'):
        parts.append(_rotation(leaf, _from_quaternion(leaf, leaf.node.array(4), leaf.role)))
    if not parts:
        for leaf in values.of('quaternion'):
            leaf.node.fail(
                'is a quaternion of unknown order',
                f"the order in its key, '{leaf.key}_wxyz' or '{leaf.key}_xyzw'",
                code='ambiguous',
                expected=[f'{leaf.key}_wxyz', f'{leaf.key}_xyzw'],
            )
        by_letter = [values.one(f'q{letter}') for letter in 'wxyz']
        if all(by_letter):
            first = by_letter[0]
            assert first is not None
            numbers = np.array([leaf.node.number() for leaf in by_letter if leaf is not None])
            parts.append(_rotation(first, _from_quaternion(first, numbers, 'wxyz')))
    return parts


def _rotation(leaf: Leaf, R: np.ndarray) -> Part:
    return Part(leaf, ('extrinsics', leaf.key), leaf.direction, R=R)


def _from_quaternion(leaf: Leaf, numbers: np.ndarray, order: str) -> np.ndarray:
    norm = float(np.linalg.norm(numbers))
    if abs(norm - 1) > 1e-2:
        leaf.node.fail(f'has the norm {norm:.3g}', 'a unit quaternion', code='out-of-range')
    return from_quaternion(numbers if order == 'wxyz' else np.roll(numbers, 1))


def _translations(values: Values) -> list[Part]:
    parts = []
    for leaf in values.of('translation', 'center'):
        said = {W2C: VECTOR, C2W: CENTER}.get(leaf.direction, '')
        if leaf.role == 'center':
            said = CENTER
        t = leaf.node.array(3, what='translation or camera centre')
        parts.append(Part(leaf, ('translation', leaf.key), said, t=t))
    by_axis = [values.one(f't{axis}') for axis in 'xyz']
    if all(by_axis):
        first = by_axis[0]
        assert first is not None
        t = np.array([leaf.node.number() for leaf in by_axis if leaf is not None])
        said = {W2C: VECTOR, C2W: CENTER}.get(first.direction, '')
        parts.append(Part(first, ('translation', first.key), said, t=t))
    return parts
