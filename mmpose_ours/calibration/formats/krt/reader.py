"""K, R, T and distortion of each camera under any usual names, in a file of plain data.

The file is JSON, YAML, TOML, a pickle or NumPy's ``.npz``.

==============  ==================================================================
unit, world     none fixed: they must be said
extrinsics      ``R`` as a 3x3 matrix, a Rodrigues vector or a quaternion of named
                order, ``T`` as 3, 3x1 or 1x3 numbers; or a 3x4 or 4x4 matrix ``RT``. The
                **direction** is taken from the key (``R_w2c``, ``c2w``, ``position``) or
                from a projection matrix ``P`` beside them, else it must be said:
                ``--extrinsics`` and ``--translation``
intrinsics      ``K`` 3x3, flat or nested, or ``fx fy cx cy``, or ``f`` and ``c``; pixels
distortion      OpenCV's order in one vector; or ``k`` and ``p``, or ``k1 k2 p1 p2 k3``
                by name; a fisheye where a key says so
image size      width and height under any usual name, else none
layout          name -> camera, a list (``name``, ``id``, ``serial`` ... in each, else
                its index), arrays with a row for each camera, objects of intrinsics and
                extrinsics by name, a file for each camera; also nested in other objects
==============  ==================================================================

The spellings are in :mod:`.spellings`. Keys of one meaning that contradict each other are an
error; numbers under unknown keys are listed in a note.

Trap: the same keys have opposite meanings in the files of different projects. Nothing in the
numbers tells them apart for certain, so that the reader asks.
"""

from __future__ import annotations

import dataclasses
from typing import Iterator, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.formats.krt.board_poses import BOARD_POSES
from mmpose_ours.calibration.formats.krt.layout import (
    KINDS,
    Found,
    cameras_of_files,
    is_camera,
    is_part,
    is_posed,
)
from mmpose_ours.calibration.formats.krt.leaves import (
    INTRINSICS,
    LENS,
    SIZES,
    Leaf,
    has_intrinsics,
    has_pose,
    leaves_of,
)
from mmpose_ours.calibration.formats.krt.marks import mark_of
from mmpose_ours.calibration.formats.krt.pose_parts import PoseParts, parts_of
from mmpose_ours.calibration.formats.krt.poses import projected_intrinsics, resolve
from mmpose_ours.calibration.formats.krt.spellings import plain
from mmpose_ours.calibration.formats.krt.values import Values, intrinsics_of, lens_of, size_of
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source, note_left_out
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig, list_names

CONVENTION = 'R and T as the file or the caller says'
UNIT = UP = None
# Its files do not fix what R and T mean.
ASKS_DIRECTION = True
_MOST_LISTED = 10
_GROUPS_OF_ROLES = (INTRINSICS, LENS, SIZES, {'model'}, {'fisheye'})


def recognise(source: Source) -> str:
    """Say why files hold cameras with K, R and T, or return an empty string."""
    if not all(file.kind in KINDS for file in source):
        return ''
    try:
        found = cameras_of_files(source.files) or cameras_of_files(source.files, is_posed)
    except CalibrationError as error:
        if error.code == BOARD_POSES:
            return 'a camera matrix with poses of a calibration board'
        return 'several rigs with K, R and T' if error.code == 'ambiguous' else ''
    if found is None:
        return ''
    shared = _shared(found, source.files[0])
    for name, camera, place in found.cameras:
        leaves = leaves_of(camera, Node(camera, source.path, place, name))
        if is_camera(camera) or _is_complete([*leaves, *shared]):
            roles = {leaf.role: leaf.key for leaf in (*leaves, *shared) if leaf.role}
            keys = [roles[role] for role in _TELLING if role in roles]
            return f'camera {name[:40]!r} holds {", ".join(dict.fromkeys(keys))}'
    return ''


_TELLING = ('K', 'K4', 'focal', 'fx', 'rotation', 'rodrigues', 'quaternion', 'wxyz', 'xyzw', 'qw',
            'translation', 'center', 'tx', 'matrix', 'projection')  # fmt: skip


def read(source: Source) -> Reading:
    """Read a rig in the file's own unit and axes.

    Args:
        source: The files, with ``extrinsics`` and ``translation`` as the caller says them.

    Returns:
        The cameras in file order; those without intrinsics or a pose are ``uncalibrated``.

    Raises:
        UnsaidDirectionError: Neither the file nor the caller says what R and T mean.
        CalibrationError: It holds no cameras, or a value is missing or impossible.
    """
    files = source.files
    for file in files:
        if file.kind not in KINDS:
            _ = file.json  # says where the syntax breaks
    with about(source.path, nameless=True):
        found = _found(files)
    if found is None:
        raise CalibrationError(
            f'{source.path}: holds no camera with intrinsics (K, or fx fy cx cy) and a pose (R and '
            'T, or a 3x4 or 4x4 matrix); name the calibration itself',
            code='no-data',
            file=source.path,
            expected=['K', 'R', 'T'],
        )
    check_limit('cameras', len(found.cameras), 'cameras', source.path)
    with about(source.path):
        return _reading(found, source)


def _found(files: Sequence[File]) -> Found | None:
    for fits in (is_camera, is_posed, is_part):
        found = cameras_of_files(files, fits)
        if found is not None:
            return found
    return None


@dataclasses.dataclass(frozen=True, eq=False)
class _Seen:
    """A camera before its direction is known."""

    name: str
    K: np.ndarray
    size: tuple[int, int] | None
    lens: tuple[str, np.ndarray]
    parts: PoseParts


def _reading(found: Found, source: Source) -> Reading:
    shared = _shared(found, source.files[0])
    seen: list[_Seen] = []
    lost: list[str] = []
    notes: dict[str, list[str]] = {}
    unused: dict[str, int] = {leaf.key: leaf.count for leaf in _beside(found, source.files[0])}
    straight = []
    left_out: dict[str, list[str]] = {}
    for name, camera, place in found.cameras:
        node = Node(camera, source.path, place, name)
        own = leaves_of(camera, node)
        mark = mark_of(own)
        if mark is not None and mark.is_unused:
            left_out.setdefault(mark.text, []).append(name)
            continue
        values = Values([*own, *_missing(own, shared)], node)
        K, lens = intrinsics_of(values), lens_of(values)
        size = size_of(values, K)
        parts = parts_of(values, K)
        if K is None and parts.projections:
            K = projected_intrinsics(parts)
        for note in values.notes:
            notes.setdefault(note, []).append(name)
        unused.update({leaf.key: leaf.count for leaf in values.unused()})
        if K is None or not parts.has_pose or mark is not None:
            lost.append(name)
            continue
        if not any(leaf.role in LENS for leaf in values.leaves):
            straight.append(name)
        seen.append(_Seen(name, K, size, lens, parts))
    if not seen:
        _none_complete(found, source)
    said = source.extrinsics, source.translation
    every = [camera.parts for camera in seen]
    resolved = resolve(every, *said, source.path, source.any_direction)
    rig = CameraRig(
        tuple(
            Camera(camera.name, camera.K, R, t, camera.size, camera.lens[1], camera.lens[0])
            for camera, (R, t) in zip(seen, resolved.poses)
        )
    )
    return Reading(
        rig,
        tuple(lost),
        (
            *notes,
            *found.notes,
            *resolved.notes,
            *(note for mark, who in left_out.items() for note in note_left_out(who, mark)),
            *_about_units(found),
            *_about_lenses(straight),
            *about_unused(unused),
        ),
        convention=resolved.convention,
    )


def _none_complete(found: Found, source: Source) -> None:
    """Say what the first camera lacks."""
    name, camera, place = found.cameras[0]
    node = Node(camera, source.path, place, name)
    node.fail(
        'has no intrinsics with a pose',
        'K (or fx fy cx cy) with R and T (or a 3x4 or 4x4 matrix)',
        code='missing-value',
        found=list(map(str, camera)),
        expected=['K', 'R', 'T'],
    )


def _is_complete(leaves: Sequence[Leaf]) -> bool:
    return has_intrinsics(leaves) and has_pose(leaves)


def _shared(found: Found, file: File) -> list[Leaf]:
    """What holds for all cameras: sizes, lenses and intrinsics that stand beside them."""
    leaves = [
        leaf
        for values, place in found.shared
        for leaf in leaves_of(values, Node(values, file.path, place))
    ]
    groups = set().union(*_GROUPS_OF_ROLES)
    return [leaf for leaf in leaves if leaf.role in groups]


def _beside(found: Found, file: File) -> Iterator[Leaf]:
    """Numbers beside the cameras that say nothing known."""
    for values, place in found.shared:
        for leaf in leaves_of(values, Node(values, file.path, place)):
            if not leaf.role and leaf.meant == '' and 0 < leaf.count:
                yield leaf


def _missing(own: Sequence[Leaf], shared: Sequence[Leaf]) -> list[Leaf]:
    """Of what all cameras share, what a camera does not say itself."""
    roles = {leaf.role for leaf in own}
    return [
        leaf
        for leaf in shared
        if not any(leaf.role in group and roles & group for group in _GROUPS_OF_ROLES)
    ]


def _about_units(found: Found) -> Iterator[str]:
    """What the file says of its unit, for the user to compare with what was said."""
    for values in (*(shared for shared, _ in found.shared), found.cameras[0][1]):
        for key, value in values.items():
            if plain(key) in ('unit', 'units') and isinstance(value, str):
                yield f'the file says {str(key)[:40]} {value[:40]!r}'


def _about_lenses(names: Sequence[str]) -> Iterator[str]:
    if names:
        who = f'camera {names[0]!r}' if len(names) == 1 else f'{len(names)} cameras'
        yield f'no distortion was found of {who} ({list_names(names, 5)}), so none is assumed'


def about_unused(unused: dict[str, int]) -> Iterator[str]:
    """The note on keys, and the numbers under them, of which nothing was made."""
    if unused:
        listed = [f'{key[:40]} ({count})' for key, count in list(unused.items())[:_MOST_LISTED]]
        more = len(unused) - len(listed)
        yield (
            f'numbers under unknown keys were not used: {", ".join(listed)}'
            f'{f" and {more} more" if more else ""}'
        )
