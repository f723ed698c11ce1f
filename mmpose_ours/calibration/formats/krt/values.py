"""Intrinsics, distortion and image size of one camera out of its values.

Two values of the same meaning must agree.
"""

from __future__ import annotations

from typing import Any, Iterator, NoReturn, Sequence

import numpy as np

from mmpose_ours.calibration.formats.krt.leaves import COEFFICIENTS, Leaf
from mmpose_ours.calibration.formats.krt.spellings import plain
from mmpose_ours.calibration.image_size import looks_turned
from mmpose_ours.calibration.parsing.node import Node

# Of numbers that were rounded for one of two keys.
TOLERANCE = 1e-3
_FISHEYE = {'fisheye', 'equidistant', 'kannalabrandt', 'kannalabrandt4', 'opencvfisheye', 'kb4',
            'kb', 'fisheyekb', 'pinholefisheye', 'kannalabrandt8', 'equi', 'kannalabrandtk3',
            'fisheyecamera', 'fisheyelens', 'fisheyemodel', 'cv2fisheye', 'cvfisheye'}  # fmt: skip
_OTHER_LENSES = ('omni', 'mei', 'eucm', 'ucm', 'doublesphere', 'ftheta', 'division', 'fov',
                 'inverse', 'orthographic', 'spherical', 'equirectangular', 'panoram',
                 'cylindrical', 'unified', 'thinprismfisheye', 'fullfisheye', 'atan',
                 'woodscape')  # fmt: skip
_OF_LENS = {'K', 'K4', 'dist', 'radial'}
_OPENCV_ORDER = ('k1', 'k2', 'p1', 'p2', 'k3', 'k4', 'k5', 'k6', 's1', 's2', 's3', 's4')
_LENGTHS = (0, 1, 2, 4, 5, 8, 12, 14)


class Values:
    """The values of one camera by role.

    Args:
        leaves: All of them.
        node: The camera's place.
    """

    def __init__(self, leaves: Sequence[Leaf], node: Node):
        self.leaves, self.node = leaves, node
        self.used: set[int] = set()
        self.notes: list[str] = []

    def of(self, *roles: str) -> list[Leaf]:
        """The values of some roles, in file order; they count as used."""
        found = [leaf for leaf in self.leaves if leaf.role in roles]
        self.used.update(map(id, found))
        return found

    def one(self, role: str) -> Leaf | None:
        """The value of a role; several must agree.

        Raises:
            CalibrationError: Two of them differ.
        """
        found = self.of(role)
        if not found:
            return None
        agreed([(leaf, leaf.node.numbers()) for leaf in found])
        return found[0]

    def number(self, role: str) -> float | None:
        """The number of a role."""
        leaf = self.one(role)
        return None if leaf is None else float(leaf.node.numbers()[0])

    def unused(self) -> Iterator[Leaf]:
        """Numbers that nothing was made of."""
        for leaf in self.leaves:
            if id(leaf) not in self.used and leaf.count > 0 and leaf.meant not in ('name', 'other'):
                yield leaf

    def check_counts(self, role: str, wanted: str) -> None:
        """Refuse a value that is named like one of a role and has another number of numbers.

        Raises:
            CalibrationError: There is one, and none that fits.
        """
        for leaf in self.leaves:
            if leaf.meant == role and not leaf.role:
                leaf.node.fail(
                    f'has {max(leaf.count, 0) or "no"} numbers',
                    wanted,
                    code='wrong-shape',
                    found=leaf.count,
                    expected=wanted,
                )


def agreed(values: Sequence[tuple[Leaf, Any]]) -> Any:
    """The value that several keys say alike.

    Raises:
        CalibrationError: Two of them differ.
    """
    first, value = values[0]
    for leaf, other in values[1:]:
        if np.shape(other) != np.shape(value) or not close(other, value):
            disagree(first, leaf)
    return value


def close(a: Any, b: Any) -> bool:
    """Whether numbers are the same but for rounding."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    scale = max(1e-9, np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    return bool(np.abs(a - b).max(initial=0.0) <= TOLERANCE * scale)


def disagree(first: Leaf, second: Leaf) -> NoReturn:
    """Raise the error for two keys that contradict each other."""
    second.node.fail(
        f'contradicts {first.key!r}',
        f'the same of both; leave one of {first.key!r} and {second.key!r} out',
        code='conflict',
        found=second.key,
        expected=first.key,
    )


def intrinsics_of(values: Values) -> np.ndarray | None:
    """K (3, 3) in pixels, or None where the camera has none.

    Raises:
        CalibrationError: Two keys contradict each other, or a number is impossible.
    """
    found = [(leaf, _matrix(leaf)) for leaf in values.of('K')]
    for leaf in values.of('K4'):
        fx, fy, cx, cy = leaf.node.numbers()
        values.notes.append(f'{leaf.key!r} was read as fx fy cx cy')
        found.append((leaf, np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])))
    parts = _focal_and_middle(values)
    if parts is not None:
        found.append(parts)
    if not found:
        values.check_counts('K', 'a 3x3 matrix of intrinsics, or fx fy cx cy')
        return None
    for leaf, K in found:
        if K[2, 0] or K[2, 1]:
            leaf.node.fail(
                'has no last row 0 0 1' + (', and looks transposed' if _is_transposed(K) else ''),
                '3x3 intrinsics fx 0 cx, 0 fy cy, 0 0 1, row by row',
                code='file-format',
            )
    return np.array(agreed(found))


def _is_transposed(K: np.ndarray) -> bool:
    return bool(K[2, 0] and K[2, 1]) and not K[0, 2] and not K[1, 2]


def _matrix(leaf: Leaf) -> np.ndarray:
    numbers = leaf.node.numbers()
    if len(numbers) == 6:
        return np.vstack([numbers.reshape(2, 3), (0, 0, 1)])
    if len(numbers) == 9:
        return numbers.reshape(3, 3)
    matrix = numbers.reshape(-1, 4)
    if matrix[:3, 3].any() or (len(matrix) == 4 and (matrix[3] != (0, 0, 0, 1)).any()):
        leaf.node.fail('is no K with a column of zeros', '3x3 intrinsics', code='wrong-shape')
    return matrix[:3, :3]


def _focal_and_middle(values: Values) -> tuple[Leaf, np.ndarray] | None:
    by_role = {role: values.one(role) for role in ('focal', 'fx', 'fy', 'middle', 'cx', 'cy')}
    skew = values.number('skew') or 0.0
    fx, fy = values.number('fx'), values.number('fy')
    cx, cy = values.number('cx'), values.number('cy')
    focal, middle = by_role['focal'], by_role['middle']
    if focal is not None:
        numbers = focal.node.numbers()
        both = (numbers[0], numbers[-1])
        if fx is not None and fy is not None and not close(both, (fx, fy)):
            disagree(focal, by_role['fx'] or focal)
        fx, fy = both
    if middle is not None:
        numbers = middle.node.numbers()
        if cx is not None and cy is not None and not close(numbers, (cx, cy)):
            disagree(middle, by_role['cx'] or middle)
        cx, cy = numbers
    leaf = focal or by_role['fx']
    if leaf is None or fx is None or fy is None or cx is None or cy is None:
        return None
    return leaf, np.array([[fx, skew, cx], [0, fy, cy], [0, 0, 1]])


def size_of(values: Values, K: np.ndarray | None = None) -> tuple[int, int] | None:
    """(width, height) in pixels, or None where the file says none.

    Args:
        values: Those of the camera.
        K: (3, 3) its intrinsics. A pair that fits them as height, width only is one.

    Raises:
        CalibrationError: Two keys contradict each other, or it is no size.
    """
    found = []
    for leaf in values.of('size'):
        width, height = leaf.node.image_size()
        if K is not None and looks_turned(K, (width, height)):
            width, height = height, width
            values.notes.append(
                f'{leaf.key!r} was read as height, width, since the principal points fit that only'
            )
        found.append((leaf, (width, height)))
    for leaf in values.of('shape'):
        height, width = leaf.node.numbers()[:2].tolist()
        place = Node([width, height], leaf.node.path, leaf.node.place, leaf.node.camera)
        found.append((leaf, place.image_size()))
        values.notes.append(f'{leaf.key!r} was read as height, width')
    width_leaf, height_leaf = values.one('width'), values.one('height')
    if width_leaf is not None and height_leaf is not None:
        pair = [values.number('width'), values.number('height')]
        place = Node(pair, width_leaf.node.path, width_leaf.node.place, width_leaf.node.camera)
        found.append((width_leaf, place.image_size()))
    return agreed(found) if found else None


def lens_of(values: Values) -> tuple[str, np.ndarray]:
    """The lens model and its coefficients; none where the file has none.

    Raises:
        CalibrationError: Two keys contradict each other, the order of coefficients is not known,
            or the lens is another.
    """
    fisheye = _is_fisheye(values)
    lens = 'fisheye' if fisheye else 'opencv'
    found = [(leaf, _padded(_vector(leaf, fisheye))) for leaf in values.of('dist')]
    radial, tangential = values.one('radial'), values.one('tangential')
    if radial is not None or tangential is not None:
        leaf = radial or tangential
        assert leaf is not None
        found.append((leaf, _padded(_radial(radial, tangential, fisheye))))
    named = {role: values.number(role) for role in sorted(COEFFICIENTS)}
    if any(value is not None for value in named.values()):
        leaf = next(leaf for leaf in values.leaves if leaf.role in COEFFICIENTS)
        order = ('k1', 'k2', 'k3', 'k4') if fisheye else _OPENCV_ORDER
        found.append((leaf, _padded([named[name] or 0.0 for name in order])))
    if not found:
        values.check_counts('dist', "4, 5, 8, 12 or 14 coefficients in OpenCV's order")
        values.check_counts('radial', 'k1 k2 [k3]')
        _refuse_other_lenses(values, np.zeros(0))
        return lens, np.zeros(4 if fisheye else 0)
    dist = np.array(agreed(found))
    _refuse_other_lenses(values, dist)
    if fisheye:
        return lens, dist[:4]
    used = max((i + 1 for i, value in enumerate(dist) if value), default=0)
    return lens, dist[: next(n for n in (5, 8, 12, 14) if n >= used)]


def _padded(numbers: Any) -> np.ndarray:
    return np.pad(np.asarray(numbers, dtype=float), (0, 14 - len(numbers)))


def _vector(leaf: Leaf, fisheye: bool) -> np.ndarray:
    numbers = leaf.node.numbers()
    if fisheye:
        if len(numbers) < 4 or numbers[4:].any():
            leaf.node.fail(
                f'has {len(numbers)} values',
                'the 4 coefficients k1 k2 k3 k4 of a fisheye lens',
                code='wrong-shape',
                found=len(numbers),
                expected=4,
            )
        return numbers[:4]
    if len(numbers) not in _LENGTHS and numbers.any():
        leaf.node.fail(
            f'has {len(numbers)} values, whose order is not known',
            "4, 5, 8, 12 or 14 in OpenCV's order k1 k2 p1 p2 k3 ..., or keys that name them (k1)",
            code='wrong-shape',
            found=len(numbers),
            expected=list(_LENGTHS),
        )
    return numbers


def _radial(radial: Leaf | None, tangential: Leaf | None, fisheye: bool) -> list[float]:
    k = np.zeros(0) if radial is None else radial.node.numbers()
    p1, p2 = (0.0, 0.0) if tangential is None else tangential.node.numbers()
    if fisheye and radial is not None:
        if tangential is not None and (p1 or p2):
            tangential.node.fail('is tangential', 'no such coefficients of a fisheye lens')
        return _vector(radial, fisheye).tolist()
    # Without their tangential ones, more may be k1 k2 p1 p2 k3.
    if radial is not None and (len(k) not in (1, 2, 3, 6)) and k[3:].any():
        radial.node.fail(
            f'has {len(k)} values, whose order is not known',
            'k1 k2 [k3], or k1 .. k6',
            code='wrong-shape',
            found=len(k),
            expected=(1, 2, 3, 6),
        )
    k = np.pad(k, (0, max(6 - len(k), 0)))
    return [k[0], k[1], p1, p2, *k[2:6]]


def _is_fisheye(values: Values) -> bool:
    values.of('fisheye')
    return any([_says_fisheye(leaf) for leaf in values.leaves]) or _is_below_fisheye(values)


def _says_fisheye(leaf: Leaf) -> bool:
    """Whether a value, or the key of a value of the lens, says that the lens is a fisheye."""
    if leaf.role == 'fisheye':
        return leaf.node.flag('whether the lens is a fisheye')
    if leaf.role in _OF_LENS:
        return 'fisheye' in plain(leaf.key)
    is_text = isinstance(leaf.node.value, str) and leaf.role not in ('name', 'names')
    return is_text and plain(leaf.node.value) in _FISHEYE


def _is_below_fisheye(values: Values) -> bool:
    """Whether an object around the camera, or around its lens, is named so."""
    camera = values.node.place
    around = [camera[:-1], *(x.node.place[len(camera) : -1] for x in values.leaves if x.count > 0)]
    return any(plain(key) == 'fisheye' for place in around for key in place)


def _refuse_other_lenses(values: Values, dist: np.ndarray) -> None:
    """Refuse coefficients of lens models that are neither OpenCV's nor its fisheye.

    Raises:
        CalibrationError: There are some, and they are not all zero.
    """
    for leaf in values.of('model'):
        said = plain(leaf.node.value) if isinstance(leaf.node.value, str) else ''
        # May be the name of a product.
        may_be_other = plain(leaf.key) in ('model', 'lens', 'cameratype', 'modeltype')
        is_lens = not may_be_other or 'conrady' in said or 'distort' in said
        if said in _FISHEYE or not is_lens or not any(word in said for word in _OTHER_LENSES):
            continue
        if dist.any() or 'conrady' not in said:
            leaf.node.fail(
                f'is {leaf.node.value[:40]!r}',
                "a lens of OpenCV's model or its fisheye model",
                code='cannot-express',
            )
