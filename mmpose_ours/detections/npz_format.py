"""This package's keypoint file in compact binary: NumPy's ``.npz``, without pickles.

============ ====================== =====================================================
``people``   (N, 17, 3) float32     ``u, v, score`` in pixels, score 0 where not found
``offsets``  (M + 1,) int64         view ``i`` has the people ``offsets[i]:offsets[i + 1]``
``views``    (M, 2) int32           the view's place in ``frames`` and in ``cameras``
``frames``   (F,) str               names, in order
``cameras``  (C,) str               names
``joints``   () str                 ``coco17``
``source``   () str                 as JSON: what found them, see the JSON's schema, or ``null``
============ ====================== =====================================================
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, BinaryIO, Mapping

import numpy as np

from mmpose_ours.detections.people import as_kept
from mmpose_ours.detections.stored import StoredDetections
from mmpose_ours.errors import FileFormatError

# What NumPy and zipfile raise for files that are damaged or something else.
BROKEN = (
    ValueError, EOFError, OSError, AttributeError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
SMALL = ('offsets', 'views', 'frames', 'cameras', 'joints', 'source')
NAMES = ('people', *SMALL)


def store_npz(path: Path) -> tuple[StoredDetections, Any]:
    """Lay the people out to be read instant by instant.

    Returns:
        The people, and ``source``.

    Raises:
        FileFormatError: It is no such file; names what is wrong.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in SMALL if name in file.files}
            missing = [name for name in NAMES if name not in file.files]
        if missing:
            raise FileFormatError(
                f'{path}: has no array {missing[0]!r}, expected {", ".join(NAMES)}; write it with '
                'mmpose_ours.detections.write_detections'
            )
        rows, shape, dtype = _unpacked(path)
    except FileFormatError:
        raise
    except BROKEN as error:
        raise FileFormatError(
            f'{path}: is no .npz of plain arrays, or breaks off ({error}); write it again'
        ) from error
    offsets, views = arrays['offsets'], arrays['views']
    frames, cameras = (arrays[name].astype(str).tolist() for name in ('frames', 'cameras'))
    if str(arrays['joints']) != 'coco17' or dtype != np.float32:
        raise FileFormatError(
            f'{path}: joints are {str(arrays["joints"])!r} in {dtype}, expected coco17 in '
            'float32; write it again'
        )
    if not (
        len(shape) == 3
        and shape[1:] == (17, 3)
        and views.ndim == 2
        and views.shape[1:] == (2,)
        and offsets.shape == (len(views) + 1,)
        and offsets.dtype.kind == views.dtype.kind == 'i'
        and offsets[0] == 0
        and offsets[-1] == shape[0]
        and (np.diff(offsets) >= 0).all()
        and (views >= 0).all()
        and (views < (len(frames), len(cameras))).all()
    ):
        raise FileFormatError(
            f'{path}: people {shape}, offsets {offsets.shape} and views {views.shape} do '
            'not belong together; write it again'
        )
    detections = StoredDetections(rows)
    of_frame: dict[str, dict[str, tuple[int, int]]] = {frame: {} for frame in frames}
    counts = np.diff(offsets).tolist()
    for (frame, camera), start, count in zip(views.tolist(), offsets.tolist(), counts):
        of_frame[frames[frame]][cameras[camera]] = start, count
    for frame_name, places in of_frame.items():
        detections.add_places(frame_name, places)
    try:
        source = json.loads(str(arrays['source']))
    except ValueError as error:
        raise FileFormatError(f'{path}: source is no JSON ({error}); write it again') from error
    return detections, source


def read_npz(path: Path) -> tuple[dict[str, dict[str, np.ndarray]], Any]:
    """Read the people, and ``source``; as :func:`store_npz`."""
    detections, source = store_npz(path)
    return dict(detections), source


def _unpacked(path: Path) -> tuple[BinaryIO, tuple[int, ...], np.dtype]:
    """The array ``people`` as a temporary file of its numbers alone, with shape and type.

    Raises:
        ValueError, OSError, ...: One of :data:`BROKEN`; it is damaged.
    """
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    rows = tempfile.TemporaryFile()
    with zipfile.ZipFile(path) as archive, archive.open('people.npy') as entry:
        version = np.lib.format.read_magic(entry)
        if version not in read_header:
            raise ValueError(f"people are in version {version} of NumPy's format")
        shape, by_columns, dtype = read_header[version](entry)
        if by_columns:
            raise ValueError('people lie column by column')
        shutil.copyfileobj(entry, rows)
    if rows.tell() != int(np.prod(shape, dtype=object)) * dtype.itemsize:
        raise ValueError(f'people have {rows.tell()} bytes, which is not {shape} of {dtype}')
    return rows, shape, dtype


class NpzSink:
    """Writes a file frame by frame; see :class:`mmpose_ours.detections.DetectionsWriter`.

    The people wait in a temporary file, since NumPy's header states how many there are.
    """

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._waiting = tempfile.TemporaryFile(dir=Path(file.name).parent)
        self._frames: list[str] = []
        self._cameras: dict[str, int] = {}
        self._views: list[tuple[int, int]] = []
        self._offsets = [0]

    def add(self, frame: str, views: Mapping[str, np.ndarray]) -> None:
        """Write one instant."""
        for camera, people in views.items():
            place = self._cameras.setdefault(camera, len(self._cameras))
            self._views.append((len(self._frames), place))
            self._offsets.append(self._offsets[-1] + len(people))
            self._waiting.write(as_kept(people).astype('<f4').tobytes())
        self._frames.append(frame)

    def finish(self, source: Mapping[str, Any] | None) -> None:
        """Put the arrays together."""
        small = {
            'offsets': np.array(self._offsets, np.int64),
            'views': np.array(self._views, np.int32).reshape(-1, 2),
            'frames': np.array(self._frames, str),
            'cameras': np.array(list(self._cameras), str),
            'joints': np.array('coco17'),
            'source': np.array(json.dumps(source)),
        }
        with zipfile.ZipFile(self._file, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, array in small.items():
                with archive.open(f'{name}.npy', 'w') as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
            with archive.open('people.npy', 'w', force_zip64=True) as entry, self._waiting as rows:
                shape = (self._offsets[-1], 17, 3)
                header = {'descr': '<f4', 'fortran_order': False, 'shape': shape}
                np.lib.format.write_array_header_1_0(entry, header)
                rows.seek(0)
                shutil.copyfileobj(rows, entry)
