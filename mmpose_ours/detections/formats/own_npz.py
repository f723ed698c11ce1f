"""This package's keypoint file in compact binary: NumPy's ``.npz``, without pickles.

============ ====================== =====================================================
``people``   (N, J, 3) float32      ``u, v, score`` in pixels, score 0 where not found
``offsets``  (M + 1,) int64         view ``i`` has the people ``offsets[i]:offsets[i + 1]``
``views``    (M, 2) int32           the view's place in ``frames`` and in ``cameras``
``frames``   (F,) str               names, in order
``cameras``  (C,) str               names
``joints``   () str                 the skeleton's name, or the skeleton as JSON
``source``   () str                 as JSON: what found them, see the JSON's schema, or ``null``
============ ====================== =====================================================
"""

from __future__ import annotations

import collections
import itertools
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any, Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.detections.arrays import as_kept
from mmpose_ours.detections.formats.own_json import KeypointFile, check_source
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.json_files import parse_json
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.arrays import ArrayFile, Header, open_arrays
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeleton_json import from_json, to_json

# Kind and shape of each array; None is any number.
ARRAYS: dict[str, tuple[str, tuple[int | None, ...]]] = {
    'people': ('f', (None, None, 3)),
    'offsets': ('i', (None,)),
    'views': ('i', (None, 2)),
    'frames': ('U', (None,)),
    'cameras': ('U', (None,)),
    'joints': ('U', ()),
    'source': ('U', ()),
}
# So many of them tell a damaged file of this kind from one of another tool.
_TELLING = 3
_AT_ONCE = 1 << 16


def has_other_arrays(path: Path) -> bool:
    """Whether a file holds arrays, and not these; nobody knows it of a damaged one."""
    try:
        with open_arrays(path) as file:
            return len(ARRAYS.keys() & file.headers.keys()) < _TELLING
    except (InputError, OSError):
        return False


def store_npz(path: Path) -> KeypointFile:
    """Lay the people out to be read frame by frame.

    Raises:
        FileFormatError: It is no such file; names what is wrong.
        OSError: There is no room for temporary files; names their folder.
    """
    with open_arrays(path) as file:
        _check_headers(path, file.headers)
        offsets, views = file.read('offsets'), file.read('views')
        frames, cameras = (_names(path, file, name) for name in ('frames', 'cameras'))
        joints, text = (str(file.read(name)[()]) for name in ('joints', 'source'))
        people = file.headers['people']
        assert people is not None
        skeleton = _skeleton(joints, path)
        if people.shape[1] != len(skeleton):
            raise _bad(
                path,
                f'people have {people.shape[1]} joints',
                f'{len(skeleton)} joints of {skeleton.name}',
                people.shape[1],
                len(skeleton),
            )
        _check_views(path, offsets, views, people.shape[0], frames, cameras)
        source = _parsed(text, 'source', path)
        if source is not None:
            check_source(source, path)
        rows = file.unpack('people')
    detections = StoredDetections(skeleton, rows)
    order = np.argsort(views[:, 0], kind='stable')
    of_frame = np.bincount(views[:, 0], minlength=len(frames)).tolist()
    places = _rows(views[order, 1], offsets[:-1][order], np.diff(offsets)[order])
    for frame, count in zip(frames, of_frame):
        here = itertools.islice(places, count)
        detections.add_places(frame, {cameras[camera]: (at, n) for camera, at, n in here})
    return KeypointFile(skeleton, detections, source)


def _skeleton(joints: str, path: Path) -> Skeleton:
    place = Place(path, 'joints')
    if joints.startswith('{'):
        return from_json(_parsed(joints, 'joints', path), place)
    return from_json(joints, place)


def _parsed(text: str, name: str, path: Path) -> Any:
    """The JSON that one of the arrays holds."""
    try:
        return parse_json(text.encode('utf-8'), f'{path}: {name}')
    except FileFormatError as error:
        error.file = str(path)
        raise


def _bad(
    path: Path,
    found: str,
    expected: str,
    value: Any,
    wanted: Any,
    code: str = 'wrong-shape',
) -> FileFormatError:
    return FileFormatError(
        f'{path}: {found}, expected {expected}; write it with '
        'mmpose_ours.detections.write_detections',
        code=code,
        file=path,
        found=value,
        expected=wanted,
    )


def _check_headers(path: Path, headers: Mapping[str, Header | None]) -> None:
    """Refuse arrays that are missing, or not what the table above says."""
    for name, (kinds, shape) in ARRAYS.items():
        if name not in headers:
            raise _bad(
                path,
                f'has no array {name!r}',
                ', '.join(ARRAYS),
                list(headers),
                list(ARRAYS),
                'missing-value',
            )
        header = headers[name]
        if (
            header is None
            or header.dtype.kind not in kinds
            or len(header.shape) != len(shape)
            or any(wanted not in (None, side) for wanted, side in zip(shape, header.shape))
        ):
            found = 'objects' if header is None else f'{header.dtype} of shape {header.shape}'
            wanted = tuple('N' if side is None else side for side in shape)
            kind = {'f': 'float32', 'i': 'whole numbers', 'U': 'text'}[kinds]
            raise _bad(
                path,
                f'array {name!r} is {found}',
                f'{kind} of shape {wanted}',
                None if header is None else (str(header.dtype), header.shape),
                (kind, wanted),
            )
    people = headers['people']
    if people is None or people.dtype != np.dtype('<f4') or people.by_columns:
        raise _bad(
            path,
            f'people are {people and people.dtype}',
            'float32, row by row',
            None if people is None else str(people.dtype),
            'float32',
        )


def _names(path: Path, file: ArrayFile, name: str) -> list[str]:
    """The names of frames or cameras, each once."""
    header = file.headers[name]
    assert header is not None
    limits().check(name, header.shape[0], name, path)
    names = file.read(name).tolist()
    if len(set(names)) < len(names):
        twice = collections.Counter(names).most_common(1)[0][0]
        raise FileFormatError(
            f'{path}: {name} has {twice[:80]!r} twice, of which one would be lost; keep one',
            code='duplicate',
            file=path,
            found=twice,
            **{name[:-1]: twice},
        )
    return names


def _check_views(
    path: Path,
    offsets: np.ndarray,
    views: np.ndarray,
    people: int,
    frames: Sequence[str],
    cameras: Sequence[str],
) -> None:
    """Refuse views that point elsewhere, or that are there twice."""
    if not (
        offsets.shape == (len(views) + 1,)
        and offsets[0] == 0
        and offsets[-1] == people
        # Not by differences, which overflow.
        and (offsets[1:] >= offsets[:-1]).all()
        and (views >= 0).all()
        and (views < (len(frames), len(cameras))).all()
    ):
        raise _bad(
            path,
            f'{people} people, offsets {offsets.shape} and views {views.shape} of {len(frames)} '
            f'frames and {len(cameras)} cameras do not belong together',
            'those of one recording',
            (people, offsets.shape, views.shape),
            (len(frames), len(cameras)),
            'conflict',
        )
    most = int(np.diff(offsets).max(initial=0))
    limits().check('people_per_view', most, 'people in one view', path)
    places = np.sort(views[:, 0].astype(np.int64) * len(cameras) + views[:, 1])
    twice = np.flatnonzero(places[1:] == places[:-1])
    if len(twice):
        frame, camera = (n for n in divmod(int(places[twice[0]]), len(cameras)))
        raise FileFormatError(
            f'{path}: frame {frames[frame][:80]!r} has camera {cameras[camera][:80]!r} twice; keep '
            'one',
            code='duplicate',
            file=path,
            frame=frames[frame],
            camera=cameras[camera],
        )


def _rows(*columns: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Rows of whole numbers, without a list of them all."""
    for start in range(0, len(columns[0]), _AT_ONCE):
        yield from zip(*(column[start : start + _AT_ONCE].tolist() for column in columns))


class NpzSink:
    """Writes a file frame by frame; see :class:`mmpose_ours.detections.DetectionsWriter`.

    The people wait in a temporary file, since NumPy's header states how many there are.
    """

    def __init__(self, file: IO[bytes], skeleton: Skeleton):
        self._file, self._skeleton = file, skeleton
        self._waiting = tempfile.TemporaryFile(dir=Path(file.name).parent)
        self._frames: list[str] = []
        self._cameras: dict[str, int] = {}
        self._views: list[tuple[int, int]] = []
        self._offsets = [0]

    def add(self, frame: str, views: Mapping[str, np.ndarray]) -> None:
        """Write one frame."""
        for camera, people in views.items():
            place = self._cameras.setdefault(camera, len(self._cameras))
            self._views.append((len(self._frames), place))
            self._offsets.append(self._offsets[-1] + len(people))
            self._waiting.write(as_kept(people, self._skeleton).astype('<f4').tobytes())
        self._frames.append(frame)

    def finish(self, source: Mapping[str, Any] | None) -> None:
        """Put the arrays together."""
        joints = to_json(self._skeleton)
        small: dict[str, np.ndarray] = {
            'offsets': np.array(self._offsets, np.int64),
            'views': np.array(self._views, np.int32).reshape(-1, 2),
            'frames': np.array(self._frames, str),
            'cameras': np.array(list(self._cameras), str),
            'joints': np.array(joints if isinstance(joints, str) else json.dumps(joints)),
            'source': np.array(json.dumps(source)),
        }
        with zipfile.ZipFile(self._file, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, array in small.items():
                with archive.open(f'{name}.npy', 'w') as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
            with archive.open('people.npy', 'w', force_zip64=True) as entry, self._waiting as rows:
                shape = (self._offsets[-1], len(self._skeleton), 3)
                header = {'descr': '<f4', 'fortran_order': False, 'shape': shape}
                np.lib.format.write_array_header_1_0(entry, header)
                rows.seek(0)
                shutil.copyfileobj(rows, entry)
