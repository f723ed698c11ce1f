"""Where the cameras of a parsed file of plain data are, and their names.

Cameras stand under their names, in a list, or as arrays with a row for each; any of these may be
nested in other objects, whose values of size, lens or intrinsics hold for all cameras. This module
does **not** look at what the values say.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.calibration.formats.krt.board_poses import refuse_board_poses
from mmpose_ours.calibration.formats.krt.entry_names import (
    NAME_KEYS,
    list_names,
    name_of_key,
    text_of,
    value_of,
)
from mmpose_ours.calibration.formats.krt.flat_keys import STEREO_NOTE, by_camera, stereo_pair
from mmpose_ours.calibration.formats.krt.leaves import (
    COEFFICIENTS,
    INTRINSICS,
    LENS,
    SIZES,
    Leaf,
    count_numbers,
    has_intrinsics,
    has_pose,
    is_group,
    leaves_of,
    role_of,
)
from mmpose_ours.calibration.formats.krt.spellings import meaning_of, plain
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node

# So many entries of a file are looked at before it is taken for something else.
_LOOKED_AT = 64
# And so many objects and lists within each other.
_SEARCHED = 100
_DEEPEST = 3
_SCALAR_ROWS = {'fx', 'fy', 'cx', 'cy', 'skew', 'width', 'height', *COEFFICIENTS}
_SHARED = INTRINSICS | LENS | SIZES | {'model', 'fisheye'}
#: The kinds of files that hold plain data.
KINDS = ('json', 'pickle', 'yaml', 'toml', 'arrays')
Fits = Callable[[Any], bool]


@dataclasses.dataclass(frozen=True)
class Found:
    """The cameras of a file.

    Args:
        cameras: Name, what the file holds of it, and its place. A camera that is the file has no
            name.
        shared: What holds for all of them, with its place.
        notes: How the file was understood, where another reading is possible.
    """

    cameras: tuple[tuple[str, dict, tuple], ...]
    shared: tuple[tuple[dict, tuple], ...] = ()
    notes: tuple[str, ...] = ()

    def within(self, others: dict, place: tuple) -> Found:
        """The same cameras, with the values that stand beside them."""
        beside = {key: value for key, value in others.items() if not _holds_cameras(value)}
        return dataclasses.replace(self, shared=(*self.shared, (beside, place)))


def content_of(file: File) -> Any:
    """What was parsed of a file of plain data, or None where it is of another kind."""
    return file.parsed(file.kind) if file.kind in KINDS else None


def is_camera(value: Any) -> bool:
    """Whether a value is a camera with intrinsics and a pose."""
    leaves = _leaves(value)
    return has_intrinsics(leaves) and has_pose(leaves)


def is_part(value: Any) -> bool:
    """Whether a value is a camera, or its intrinsics or its pose alone."""
    leaves = _leaves(value)
    return has_intrinsics(leaves) or has_pose(leaves)


def is_posed(value: Any) -> bool:
    """Whether a value is a camera, perhaps with intrinsics that stand beside it."""
    return has_pose(_leaves(value))


def _leaves(value: Any) -> Sequence[Leaf]:
    if not isinstance(value, dict) or len(value) > _LOOKED_AT:
        return ()
    try:
        return leaves_of(value, Node(value, ''))
    except CalibrationError:
        return ()


def find_cameras(content: Any, fits: Fits = is_camera) -> Found | None:
    """The cameras of a parsed file, or None where there are none.

    Args:
        content: What the parser built.
        fits: What one of them must be like at least; others may be incomplete.

    Raises:
        CalibrationError: There are several collections of cameras.
    """
    return _find(content, fits, (), 0, itertools.count())


def _find(
    content: Any, fits: Fits, place: tuple, depth: int, searched: Iterator[int]
) -> Found | None:
    if next(searched) > _SEARCHED:
        return None
    if isinstance(content, dict):
        found = _of_mapping(content, fits, place)
    elif isinstance(content, (list, tuple)):
        found = _of_list(content, fits, place)
    else:
        return None
    if found is not None or depth == _DEEPEST or not isinstance(content, dict):
        return found
    inside = []
    for key, value in list(content.items())[:_LOOKED_AT]:
        one = _find(value, fits, (*place, key), depth + 1, searched)
        if one is not None:
            inside.append((key, one))
    if len(inside) > 1:
        named = [pair for pair in inside if plain(pair[0]) == 'cameras']
        if len(named) != 1:
            raise CalibrationError(
                f'holds more than one rig: {", ".join(str(key)[:40] for key, _ in inside[:5])}; '
                'save the one that you mean into a file of its own',
                code='ambiguous',
                found=[str(key) for key, _ in inside],
            )
        inside = named
    if not inside:
        return None
    key, one = inside[0]
    return one.within({k: v for k, v in content.items() if k != key}, place)


def _of_mapping(content: dict, fits: Fits, place: tuple) -> Found | None:
    """Cameras under their names, one camera, or arrays of them."""
    members = [value for value in list(content.values())[:_LOOKED_AT] if isinstance(value, dict)]
    if sum(map(is_camera, members)) < 2 and fits(content):
        return Found((('', content, place),))
    if any(map(fits, members)):
        return _named(content, place)
    return (
        _of_arrays(content, fits, place)
        or _of_mappings(content, fits, place)
        or _of_flat_keys(content, fits, place)
    )


def _of_flat_keys(content: dict, fits: Fits, place: tuple) -> Found | None:
    """Cameras whose names are parts of the keys, or a stereo pair."""
    named = {key: value for key, value in content.items() if isinstance(value, dict)}
    beside = {key: value for key, value in content.items() if key not in named}
    cameras = stereo_pair(named, beside)
    if cameras is None:
        named, beside = by_camera(content)
        check_limit('cameras', len(named), 'cameras')
        cameras = stereo_pair(named, beside)
    notes = () if cameras is None else (STEREO_NOTE.format(first=next(iter(cameras))),)
    cameras = cameras or (named if len(named) > 1 else {})
    if not any(map(fits, cameras.values())):
        return None
    found = tuple((name, values, (*place, name)) for name, values in cameras.items())
    return Found(found, ((beside, place),) if beside else (), notes)


def _named(content: dict, place: tuple) -> Found:
    cameras, others = [], {}
    for key, value in content.items():
        if isinstance(value, dict) and _is_listed(value):
            cameras.append((name_of_key(key), value, (*place, key)))
        else:
            others[key] = value
    return Found(tuple(cameras), ((others, place),) if others else ())


def _is_listed(value: dict) -> bool:
    """Whether an object among cameras is one, if one that is not calibrated."""
    return is_part(value) or any(
        meaning_of((key,)).role in ('K', 'rotation', 'translation', 'matrix', 'rodrigues')
        for key in list(value)[:_LOOKED_AT]
    )


def _of_list(content: Sequence, fits: Fits, place: tuple) -> Found | None:
    if not any(map(fits, content[:_LOOKED_AT])):
        return None
    names = list_names(content)
    return Found(
        tuple(
            (name, value, (*place, index))
            for index, (name, value) in enumerate(zip(names, content))
            if isinstance(value, dict)
        )
    )


def _of_arrays(content: dict, fits: Fits, place: tuple) -> Found | None:
    """Arrays with a row for each camera, such as K (N, 3, 3), R (N, 3, 3), T (N, 3)."""
    if len(content) > _LOOKED_AT:
        return None
    rows = {len(value) for key, value in content.items() if _is_rows(key, value)}
    if len(rows) != 1:
        return None
    count = rows.pop()
    check_limit('cameras', count, 'cameras')
    entries: list[dict] = [{} for _ in range(count)]
    names, shared = [str(index) for index in range(count)], {}
    for key, value in content.items():
        role = meaning_of((key,)).role
        if role in ('names', 'name') and isinstance(value, (list, tuple)):
            texts = [text_of(item) for item in value]
            if len(texts) == count and all(texts):
                names = texts
        elif _each(key, value, count):
            for entry, row in zip(entries, value):
                entry[key] = row
        elif role in _SHARED:
            shared[key] = value
        else:
            for entry in entries:
                entry[key] = value
    if not any(fits({**shared, **entry}) for entry in entries[:1]):
        return None
    refuse_board_poses(content, shared, count)
    cameras = [(name, entry, place) for name, entry in zip(names, entries)]
    return Found(tuple(cameras), ((shared, place),) if shared else ())


def _is_rows(key: Any, value: Any) -> bool:
    """Whether a value is a row of intrinsics or extrinsics for each camera."""
    if not _is_sequence(value):
        return False
    meaning, first = meaning_of((key,)), value[0]
    if isinstance(first, dict):
        return is_group(key, meaning)
    if not _is_sequence(first):
        return False
    role = role_of(meaning.role, str(key), first, count_numbers(first))
    # Rows of three may be those of one matrix.
    return role in ('K', 'rotation', 'matrix', 'projection') or (
        role in ('rodrigues', 'translation', 'center', 'quaternion', 'wxyz', 'xyzw')
        and count_numbers(value) not in (9, 12, 16)
    )


def _each(key: Any, value: Any, count: int) -> bool:
    """Whether a value has one row for each of so many cameras."""
    if not _is_sequence(value) or len(value) != count:
        return False
    meaning, first = meaning_of((key,)), value[0]
    if isinstance(first, dict):
        return True
    role = role_of(meaning.role, str(key), first, count_numbers(first))
    one_by_one = role in _SCALAR_ROWS or (role == 'focal' and count != 2)
    return bool(role) and (one_by_one or _is_sequence(first))


def _is_sequence(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0 and len(value) > 0
    return isinstance(value, (list, tuple)) and len(value) > 0


def _of_mappings(content: dict, fits: Fits, place: tuple) -> Found | None:
    """Objects with an entry for each camera, such as intrinsics and extrinsics by name."""
    if len(content) > _LOOKED_AT:
        return None
    groups = {
        key: value
        for key, value in content.items()
        if isinstance(value, dict) and meaning_of((key,)).role and value
    }
    groups = {
        key: value for key, value in groups.items() if not (_SIZE_KEYS & set(map(plain, value)))
    }
    if len(groups) < 2:
        return None
    names = list(dict.fromkeys(name for value in groups.values() for name in value))
    check_limit('cameras', len(names), 'cameras')
    cameras = [
        (
            name_of_key(name),
            {key: value[name] for key, value in groups.items() if name in value},
            place,
        )
        for name in names
    ]
    if not any(fits(camera) for _, camera, _ in cameras[:_LOOKED_AT]):
        return None
    others = {key: value for key, value in content.items() if key not in groups}
    return Found(tuple(cameras), ((others, place),) if others else ())


_SIZE_KEYS = {'width', 'height', 'w', 'h', 'x', 'y', 'data'}


def _holds_cameras(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values())


def cameras_of_files(files: Sequence[File], fits: Fits = is_camera) -> Found | None:
    """The cameras of a file, of a file for each, or of files that hold parts of them.

    Raises:
        CalibrationError: Two files say different things of one camera.
    """
    if len(files) == 1:
        found = find_cameras(content_of(files[0]), fits)
        if found is not None and found.cameras[0][0] == '' and len(found.cameras) == 1:
            return dataclasses.replace(
                found, cameras=tuple(_named_by_file(files[0].path.stem, found))
            )
        return found
    merged: dict[str, tuple[dict, tuple]] = {}
    shared: list[tuple[dict, tuple]] = []
    names = name_by_file([file.path for file in files], files[0].path)
    for name_of_file, file in zip(names, files):
        found = find_cameras(content_of(file), is_part) if file.kind in KINDS else None
        if found is None:
            return None
        shared += found.shared
        for name, camera, place in _named_by_file(name_of_file, found):
            known = merged.setdefault(name, ({}, place))[0]
            twice = [key for key in camera if key in known and not _is_label(key)]
            if twice:
                raise CalibrationError(
                    f'{file.path}: camera {name!r} is in another of these files too; name one of '
                    'them',
                    code='duplicate',
                    file=file.path,
                    camera=name,
                    found=name,
                )
            known.update(camera)
    cameras = tuple((name, camera, place) for name, (camera, place) in merged.items())
    fitting = any(fits(camera) for _, camera, _ in cameras[:_LOOKED_AT])
    return Found(cameras, tuple(shared)) if fitting else None


def _is_label(key: Any) -> bool:
    return meaning_of((key,)).role in ('name', 'names', 'other')


def _named_by_file(name_of_file: str, found: Found) -> Iterator[tuple[str, dict, tuple]]:
    """The cameras, of which one that is the whole file has its own name or that of the file."""
    for name, camera, place in found.cameras:
        if not name and len(found.cameras) == 1:
            named = next((n for n in (value_of(camera, k) for k in NAME_KEYS[:8]) if n), '')
            name = named or name_of_file
        yield name, camera, place
