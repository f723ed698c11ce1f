"""Every file format that is read, with an example; for ``mmpose-ours formats`` and its two pages.

The examples are files in ``mmpose_ours/examples``: two cameras 4 m from the middle and 1 m above
the floor, at right angles to each other, and people before two cameras. A test reads each of them.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator

import numpy as np

from mmpose_ours.calibration.format_table import FORMATS as CALIBRATIONS
from mmpose_ours.calibration.format_table import writable_formats
from mmpose_ours.detections.format_table import IMPORTERS
from mmpose_ours.detections.formats import own_json, own_npz
from mmpose_ours.errors import InputError
from mmpose_ours.io.package_files import PACKAGE
from mmpose_ours.io.parsers.arrays import open_arrays
from mmpose_ours.io.parsers.matfiles import read_mat
from mmpose_ours.io.parsers.pickles import read_pickle

CALIBRATION, KEYPOINTS = 'calibration', 'keypoints'
FAMILIES = (CALIBRATION, KEYPOINTS)
EXAMPLES = PACKAGE / 'examples'
_OWN: dict[str, ModuleType] = {'json': own_json, 'npz': own_npz}


@dataclasses.dataclass(frozen=True)
class Format:
    """One file format.

    Args:
        family: One of :data:`FAMILIES`.
        name: Its name in options and messages.
        title: What writes it, in a line.
        about: The layout: units, axes, meaning of the values, source.
        unit: Of lengths; None where files do not say it, or have none.
        up: Which axis points up; likewise.
        is_written: Whether this package writes it, too.
    """

    family: str
    name: str
    title: str
    about: str
    unit: str | None = None
    up: str | None = None
    is_written: bool = False

    def examples(self) -> dict[str, list[Path]]:
        """The files of each example, by its name: the format's, with a word for other layouts."""
        folders = sorted((EXAMPLES / self.family).glob(f'{self.name}*'))
        mine = [f for f in folders if f.name == self.name or f.name.startswith(f'{self.name}-')]
        return {
            folder.name: sorted(path for path in folder.rglob('*') if path.is_file())
            for folder in mine
        }


def all_formats() -> list[Format]:
    """Every format, in the order in which they are tried."""
    found = []
    for name, module in CALIBRATIONS.items():
        written = name in writable_formats()
        title, about = _documentation(module)
        found.append(Format(CALIBRATION, name, title, about, module.UNIT, module.UP, written))
    for name, module in {**_OWN, **IMPORTERS}.items():
        found.append(Format(KEYPOINTS, name, *_documentation(module), is_written=name in _OWN))
    return found


def find_formats(name: str) -> list[Format]:
    """The formats of a name: a tool may have one of each family.

    Raises:
        InputError: There is none.
    """
    known = all_formats()
    found = [format for format in known if format.name == name]
    if not found:
        names = list(dict.fromkeys(format.name for format in known))
        raise InputError(
            f'unknown format {name!r}; known: {", ".join(names)}',
            code='unknown-name',
            found=name,
            expected=names,
        )
    return found


def write_examples(format: Format, folder: Path) -> list[Path]:
    """Copy the examples of a format into a folder of its name; the folders of each.

    Raises:
        InputError: The folder holds them already.
    """
    targets = []
    for name in format.examples():
        target = folder / format.family / name
        if target.exists():
            raise InputError(
                f'{target}: is there already; name another folder', code='conflict', file=target
            )
        shutil.copytree(EXAMPLES / format.family / name, target)
        targets.append(target)
    return targets


def text_of(path: Path) -> str:
    """A file of an example to be read by people: its text, or the structure of binary data."""
    suffix = path.suffix.lower()
    if suffix in ('.pickle', '.pkl'):
        return '\n'.join(_structure(read_pickle(path)))
    if suffix == '.mat':
        return '\n'.join(_structure(read_mat(path)))
    if suffix in ('.npy', '.npz'):
        with open_arrays(path) as file:
            arrays = {name: file.read(name) for name in file.headers}
            return '\n'.join(_structure(arrays if suffix == '.npz' else [*arrays.values()][0]))
    content = path.read_bytes()
    is_utf16 = content.startswith((b'\xff\xfe', b'\xfe\xff'))
    text = content.decode('utf-16' if is_utf16 else 'utf-8-sig')
    return '\n'.join(text.splitlines()).strip()


def markdown(family: str) -> str:
    """The page of one family: a section per format with its layout and example."""
    title, command = {
        CALIBRATION: ('Calibration formats', 'convert-calibration IN OUT --from FORMAT --to ...'),
        KEYPOINTS: ('2D keypoint formats', 'mmpose-ours keypoints IN OUT --format FORMAT'),
    }[family]
    what = {
        CALIBRATION: 'The examples are of two cameras at (0, -4, 1) m and (4, 0, 1) m, z up, which '
        'look horizontally over the origin.',
        KEYPOINTS: 'The examples are of frame 7 of the cameras `cam_a` and `cam_b`.',
    }[family]
    lines = [
        f'# {title}',
        '',
        'With this page you can see what the files of each tool look like, and write one by hand.',
        f'A file is recognised by its content; `{command}` names its format. {what}',
        '',
        '```bash',
        'mmpose-ours formats                          # all formats, a line each',
        'mmpose-ours formats NAME                     # the layout and an example',
        'mmpose-ours formats NAME --write FOLDER      # the example as files',
        'mmpose-ours inspect FILE_OR_FOLDER           # what your files are',
        '```',
        '',
    ]
    for format in all_formats():
        if format.family == family:
            lines += _section(format)
    return '\n'.join(lines).rstrip() + '\n'


def _section(format: Format) -> Iterator[str]:
    yield from (f'## `{format.name}`', '', format.title, '')
    if format.about:
        yield from ('```text', *format.about.splitlines(), '```', '')
    for name, paths in format.examples().items():
        for path in paths:
            place = path.relative_to(EXAMPLES / format.family / name)
            yield from (f'`{place.as_posix()}`:', '', '```text', text_of(path), '```', '')


def _documentation(module: ModuleType) -> tuple[str, str]:
    """The first sentence of a reader's docstring, and the rest of it."""
    text = re.sub(r':(?:\w+:)?\w+:`~?([^`]*)`', r'`\1`', inspect.cleandoc(module.__doc__ or ''))
    title, _, about = text.partition('\n\n')
    return ' '.join(title.replace('``', '`').split()), about.strip()


def _structure(value: Any, name: str = '', indent: int = 0) -> Iterator[str]:
    """Keys and shapes of data that is no text."""
    start = '  ' * indent + (f'{name}: ' if name else '')
    if isinstance(value, dict):
        if start.strip():
            yield start.rstrip()
        for key, entry in value.items():
            yield from _structure(entry, str(key), indent + bool(start.strip()))
    elif isinstance(value, np.ndarray) and value.dtype == object:
        yield f'{start}{"x".join(map(str, value.shape))} cells'
        for entry in value.ravel()[:1]:
            yield from _structure(entry, '(each)', indent + 1)
    elif isinstance(value, np.ndarray):
        shape = 'x'.join(map(str, value.shape)) or 'a number'
        few = f' {value.tolist()}' if value.size <= 9 else ''
        yield f'{start}{shape} {value.dtype}{few}'
    elif isinstance(value, (list, tuple)) and not all(isinstance(v, (int, float)) for v in value):
        yield f'{start}a list of {len(value)}'
        for entry in value[:1]:
            yield from _structure(entry, '(each)', indent + 1)
    else:
        yield f'{start}{value!r}'
