"""What is said of a file or folder that fits no format: what it is, what is nearest, what to do."""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, Mapping, NamedTuple

from mmpose_ours.detections.formats.delimited import head_of
from mmpose_ours.detections.formats.source import Source, folders_in
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.parsers.arrays import open_arrays
from mmpose_ours.recordings.endings import IMAGE_ENDINGS, VIDEO_ENDINGS

# The smallest keypoint file: a joint of a person, seen by one camera in one frame.
SMALLEST = (
    '{"joints": {"name": "mine", "joints": ["nose"]}, '
    '"frames": {"0": {"cam1": [[[320, 240, 0.9]]]}}}'
)
OWN_KEYS = ('joints', 'frames')
_OWN_LAYOUT = "{'joints', 'frames': {frame: {camera: [[[u, v, score], ...], ...]}}}"

# Files that are not read, and how to get some that are.
_DEEPLABCUT = (
    "deeplabcut.analyze_videos_converth5_to_csv(folder, '.mp4') writes DeepLabCut's as CSV"
)
_SLEAP = "'sio convert labels.slp -o cam1.csv' of sleap-io writes SLEAP's as CSV"
_DETECT = 'images and videos hold no keypoints yet: detect people first (docs/keypoints_2d.md)'
_OPENPOSE = "OpenPose's are read as JSON, which its option write_json writes"
_NO_2D = 'these are 3D poses, not 2D keypoints'
_EXPORTS = {
    '.h5': f'{_DEEPLABCUT}, and {_SLEAP}',
    '.hdf5': f'{_DEEPLABCUT}, and {_SLEAP}',
    '.slp': _SLEAP,
    '.yml': _OPENPOSE,
    '.yaml': _OPENPOSE,
    '.xml': _OPENPOSE,
    '.trc': _NO_2D,
    '.c3d': _NO_2D,
    '.bvh': _NO_2D,
    **dict.fromkeys((*IMAGE_ENDINGS, *VIDEO_ENDINGS), _DETECT),
}
# Endings, keys and formats that a sentence lists, files that are counted, and depth that is looked
# into.
_MOST, _MOST_FILES, _MOST_FOLDERS, _DEPTH = 6, 10_000, 100, 4
# Folders in each other that are looked through.
_DEEPEST = 20


class Near(NamedTuple):
    """A format that has something in common with what was found.

    Args:
        name: Its name.
        lacks: Which of its keys are not there; nothing where only the ending is the same.
        layout: What it looks like.
    """

    name: str
    lacks: tuple[str, ...]
    layout: str

    def __str__(self) -> str:
        lacks = f'lacks {", ".join(self.lacks)}; ' if self.lacks else ''
        return f'{self.name} ({lacks}looks like {self.layout})'


def unrecognised(source: Source, formats: Mapping[str, ModuleType]) -> FileFormatError:
    """The error that a file or folder fits no format.

    Args:
        source: What was named.
        formats: The readers, each with ``ENDINGS``, ``KEYS`` and ``LAYOUT``. Those without keys
            may have ``lacking(source)``, which says what is missing.

    Returns:
        With the fields ``found``, a sentence on what is there, and ``expected``, the names of the
        nearest formats, or of all where none is near. Its code is ``'no-data'`` where there are no
        files.
    """
    path = source.path
    endings = _endings(path)
    first = next(
        (file for file in _walk(path) if file.suffix.lower() in _looked_into(formats)), None
    )
    found, keys = _content(first)
    is_file = path.is_file()
    held = found or f'a {path.suffix or "nameless"} file' if is_file else _folder(endings)
    if not is_file and not path.is_dir():
        held = 'neither a file nor a folder'
    elif found and first is not None and not is_file:
        held += f'; {first.name} is {found}'
    near = _nearest(source, keys, first, formats)
    names = [each.name for each in near] or [*formats]
    exports = [advice for ending, advice in _EXPORTS.items() if ending in endings]
    below = _recognised_below(path, formats)
    if below:
        listed = ', '.join(f"'{each.relative_to(path)}'" for each in below[:_MOST])
        more = ' and others' * (len(below) > _MOST)
        which = 'that folder' if len(below) == 1 else 'one of these folders'
        return FileFormatError(
            f'{path}: is {held}, and fits no known format, but {listed}{more} below it does; name '
            f'{which}',
            code='file-format',
            file=path,
            found=held,
            expected=[str(each) for each in below],
        )
    parts = [
        f'{path}: is {held}, and fits no known format',
        f'nearest: {"; ".join(map(str, near))}' if near else f'known: {", ".join(formats)}',
        *dict.fromkeys(exports[:2]),
        f'or write the keypoints as JSON, in the smallest case {SMALLEST}: by frame and camera a '
        'list of people, a list of joints each, [u, v, score] in pixels or null (docs/keypoints_2d'
        '.md)',
    ]
    return FileFormatError(
        '; '.join(parts),
        code='file-format' if endings else 'no-data',
        file=path,
        found=held,
        expected=names,
    )


def _recognised_below(path: Path, formats: Mapping[str, ModuleType]) -> list[Path]:
    """The folders right in a folder that fit a format, or else those in one of these."""
    level = folders_in(path)[:_MOST_FOLDERS]
    for _ in range(_DEEPEST):
        if not level or len(level) > _MOST_FOLDERS:
            break
        found = [folder for folder in level if _fits(Source(folder), formats)]
        if found or len(level) > 1:
            return found
        level = folders_in(level[0])
    return []


def _fits(source: Source, formats: Mapping[str, ModuleType]) -> bool:
    for module in formats.values():
        with contextlib.suppress(InputError, OSError):
            if module.recognise(source.of(module.ENDINGS)):
                return True
    return False


def _looked_into(formats: Mapping[str, ModuleType]) -> set[str]:
    return {ending for module in formats.values() for ending in module.ENDINGS} | {'.npz'}


def _walk(path: Path) -> Iterator[Path]:
    """The file, or the files of a folder and those below, up to a number."""
    if path.is_file():
        return iter([path])
    return iter(sorted(itertools.islice(_files_below(path), _MOST_FILES)))


def _files_below(folder: Path) -> Iterator[Path]:
    """Files of a folder and those below, to a depth; links of folders are not followed.

    Neither ``rglob`` nor ``os.walk``, which call themselves for each folder in a folder.
    """
    folders = [(folder, 0)]
    while folders:
        place, depth = folders.pop()
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST:
                        folders.append((Path(entry.path), depth + 1))
                elif entry.is_file() and not entry.name.startswith('.'):
                    yield Path(entry.path)


def _endings(path: Path) -> collections.Counter[str]:
    return collections.Counter(file.suffix.lower() for file in _walk(path))


def _folder(endings: collections.Counter[str]) -> str:
    """What a folder holds, in words."""
    if not endings:
        return 'an empty folder'
    most = [f'{count} {ending or "nameless"}' for ending, count in endings.most_common(_MOST)]
    more = ' and others' if len(endings) > _MOST else ''
    return f'a folder of files ({", ".join(most)}{more})'


def _content(file: Path | None) -> tuple[str, set[str]]:
    """What a file holds, in words, and the keys or columns in it."""
    ending = '' if file is None else file.suffix.lower()
    if file is None or ending in ('.pkl', '.pickle'):
        return '', set()
    try:
        if ending == '.json':
            data = read_json(file)
            return f'JSON, {_kind(data)}', set(_keys(data))
        if ending in ('.npy', '.npz'):
            with open_arrays(file) as arrays:
                shapes = [
                    (name, header and header.shape) for name, header in arrays.headers.items()
                ]
            listed = ', '.join(f'{name[:40]} {shape}'.strip() for name, shape in shapes[:_MOST])
            return f'arrays of shape {listed}', set()
        rows = head_of(file, _MOST)
    except (InputError, OSError):
        return '', set()
    cells = [cell.strip() for row in rows for cell in row[:100]]
    keys = {*cells, *(f'<node>{cell[-2:]}' for cell in cells if cell[-2:] in ('.x', '.y'))}
    first = ', '.join(show(cell) for cell in rows[0][:_MOST]) if rows else ''
    return (f'text that begins with {first}', keys) if rows else ('', set())


def _kind(data: Any) -> str:
    if type(data) is dict:
        more = ', ...' if len(data) > _MOST else ''
        return f'an object with the keys {", ".join(map(show, [*data][:_MOST])) or "none"}{more}'
    if type(data) is list:
        first = f' of {len(data)}, the first {_kind(data[0])}' if data else ''
        return f'a list{first}' if data else 'an empty list'
    return show(data)


def _keys(data: Any, depth: int = _DEPTH) -> Iterator[str]:
    """The keys of objects, and of the first things in them and in lists."""
    if type(data) is dict:
        yield from itertools.islice(data, 100)
    inner = (
        [*data.values()][:_MOST] if type(data) is dict else data[:1] if type(data) is list else []
    )
    for value in inner if depth else ():
        yield from _keys(value, depth - 1)


def _nearest(
    source: Source, keys: set[str], first: Path | None, formats: Mapping[str, ModuleType]
) -> list[Near]:
    """The formats that share most keys, or at least the ending."""
    ending = '' if first is None else first.suffix.lower()
    own = 'json', ('.json',), OWN_KEYS, _OWN_LAYOUT
    near = []
    for name, endings, wanted, layout in [
        own,
        *((name, m.ENDINGS, m.KEYS, m.LAYOUT) for name, m in formats.items()),
    ]:
        shared = keys.intersection(wanted)
        lacks = tuple(key for key in wanted if key not in keys)
        if ending in endings and (shared or ending != '.json'):
            if not wanted and hasattr(formats[name], 'lacking'):
                lacks = (formats[name].lacking(source.of(endings)),)
            near.append((-len(shared), len(lacks), Near(name, lacks, layout)))
    return [each for *_, each in sorted(near)][:3]
