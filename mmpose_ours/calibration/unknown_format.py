"""What to say of files that are no known calibration: what is in them, and what comes nearest.

Nothing here decides what a file is; it is called only after every reader refused.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats.krt.leaves import MOST_NUMBERS, count_numbers
from mmpose_ours.calibration.formats.krt.spellings import meaning_of
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.text import argument

#: A calibration of one camera that can be written by hand; unit and up axis are said beside it.
EXAMPLE = (
    '{"cam1": {"K": [[900, 0, 640], [0, 900, 360], [0, 0, 1]], '
    '"R_w2c": [[1, 0, 0], [0, 0, -1], [0, 1, 0]], "t_w2c": [0, 1.5, 4], '
    '"dist": [0, 0, 0, 0, 0], "size": [1280, 720]}}'
)
# Keys, tags and attributes by which a format is known; one of several apart by |, and with * the
# beginning of a key. Formats without such keys are left out.
_NEEDS = {
    'panoptic': (('json',), 'cameras name K R t distCoef resolution'),
    'campus': (('json',), 'R T fx fy cx cy k p'),
    'opencv': (
        ('yaml', 'xml', 'json'),
        'camera_matrix|cameraMatrix|M1|K1 distortion_coefficients|distCoeffs|D1 R|rvec T|tvec',
    ),
    'easymocap': (('yaml',), 'names K_* dist_*|D_* R_*|Rot_* T_*'),
    'anipose': (('toml',), 'name size matrix distortions rotation translation'),
    'caliscope': (('toml',), 'port|cam_id size matrix distortions rotation translation'),
    'qualisys': (('xml',), 'cameras camera transform intrinsic fov_video'),
    'vicon': (('xml',), 'Camera KeyFrame ORIENTATION POSITION FOCAL_LENGTH PRINCIPAL_POINT'),
    'agisoft': (('xml',), 'chunk sensors sensor calibration cameras camera transform'),
    'crossview': (('json',), 'cameras K Tw|pose'),
    'mmpose': (('json', 'pickle'), 'R|R_c2w|R_w2c T|T_c2w|T_w2c f c k p'),
    'nerfstudio': (('json',), 'frames file_path transform_matrix fl_x|camera_angle_x w h'),
    'thu': (('json',), 'K R|RT T|RT imgSize distCoeff'),
    'xrprimer': (('json',), 'class_name extrinsic_r extrinsic_t intrinsic width height world2cam'),
    'multical': (('json',), 'cameras camera_poses K dist image_size R T'),
    'aist': (('json',), 'name size matrix distortions rotation translation'),
    'calibio': (('json',), 'Calibration cameras model transform polymorphic_name'),
    'mccalib': (('yaml',), 'nb_camera camera_matrix distortion_vector camera_pose_matrix'),
    'jarvis': (('yaml',), 'intrinsicMatrix distortionCoefficients R T'),
    'kalibr': (('yaml',), 'camera_model intrinsics distortion_coeffs T_cn_cnm1 resolution'),
}
_GENERIC_KINDS = ('json', 'pickle', 'yaml', 'toml', 'arrays')
_NEAREST, _LEAST_SHARE = 3, 0.3
_MOST_KEYS, _MOST_VALUES, _DEEPEST = 12, 3000, 5


@dataclasses.dataclass(frozen=True)
class Closest:
    """A format that a file comes near to.

    Args:
        format: Its name.
        found: What of it is there.
        lacks: What is missing.
    """

    format: str
    found: tuple[str, ...]
    lacks: tuple[str, ...]


def closest_formats(source: Source) -> list[Closest]:
    """The formats that files come nearest to, the nearest first; at most three.

    Args:
        source: The files.
    """
    near = []
    for file in source.files[:_MOST_KEYS]:
        keys = _keys(file)
        for format, (kinds, needs) in _NEEDS.items():
            if file.kind in kinds:
                near.append(_closeness(format, needs.split(), keys))
        if file.kind in _GENERIC_KINDS:
            near.append(_closeness_of_matrices(keys))
    shares = {id(one): len(one.found) / (len(one.found) + len(one.lacks)) for one in near}
    near = [one for one in near if shares[id(one)] >= _LEAST_SHARE]
    near.sort(key=lambda one: (-shares[id(one)], one.format != 'krt'))
    return list({one.format: one for one in reversed(near)}.values())[::-1][:_NEAREST]


def _closeness(format: str, needs: Sequence[str], keys: set[str]) -> Closest:
    found: list[str] = []
    lacks: list[str] = []
    for need in needs:
        hit = next((key for name in need.split('|') for key in _matching(name, keys)), None)
        (lacks if hit is None else found).append(need.replace('|', ' or ') if hit is None else hit)
    return Closest(format, tuple(found), tuple(lacks))


def _matching(name: str, keys: set[str]) -> list[str]:
    if name.endswith('*'):
        return sorted(key for key in keys if key.startswith(name[:-1]))[:1]
    return [name] if name in keys else []


def _closeness_of_matrices(keys: set[str]) -> Closest:
    """How near keys are to K, R and T under any names."""
    by_role: dict[str, str] = {}
    for key in sorted(keys):
        by_role.setdefault(meaning_of((key,)).role, key)
    parts = {
        'K (3x3, or fx fy cx cy)': ('K', 'fx', 'focal', 'projection'),
        'R (3x3 or Rodrigues vector)': ('rotation', 'rodrigues', 'quaternion', 'wxyz', 'matrix'),
        'T (3 numbers)': ('translation', 'center', 'matrix', 'tx'),
    }
    found: list[str] = []
    lacks: list[str] = []
    for what, roles in parts.items():
        hit = next((by_role[role] for role in roles if role in by_role), None)
        (lacks if hit is None else found).append(what if hit is None else hit)
    return Closest('krt', tuple(dict.fromkeys(found)), tuple(lacks))


def _keys(file: File) -> set[str]:
    """The keys of an object, or the tags and attributes of XML, to some depth and number."""
    return set(itertools.islice(_walk(_content(file)), _MOST_VALUES))


def _walk(content: Any) -> Iterator[str]:
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in level[:_MOST_VALUES]:
            if isinstance(value, dict):
                yield from (str(key)[:80] for key in value)
                inner += value.values()
            elif isinstance(value, (list, tuple)) and not 0 <= count_numbers(value) <= MOST_NUMBERS:
                inner += value[:_MOST_KEYS]
            elif hasattr(value, 'tag') and hasattr(value, 'attrib'):
                yield str(value.tag)
                yield from map(str, value.attrib)
                inner += list(value)[:_MOST_VALUES]
        level = inner


def _content(file: File) -> Any:
    kind = file.kind
    return file.parsed(kind) if kind in ('xml', *_GENERIC_KINDS) else None


def describe_file(file: File) -> str:
    """What is in a file, in a few words: its kind, its size, and its keys with their shapes."""
    content = _content(file)
    about = f'{Path(file.path).name} is {_KINDS.get(file.kind, file.kind)} of {file.size:,} bytes'
    if isinstance(content, dict):
        shown = [f'{str(key)[:40]} ({shape(value)})' for key, value in content.items()][:_MOST_KEYS]
        more = len(content) - len(shown)
        keys = ', '.join(shown) + (f' and {more:,} more' if more else '')
        inside = _first_entry(content)
        return f'{about} with the keys {keys}{inside}' if content else f'{about} without keys'
    if isinstance(content, (list, tuple, np.ndarray)):
        inside = _entries(content[0], ' whose first has the keys') if len(content) else ''
        return f'{about}, {shape(content)}{inside}'
    if hasattr(content, 'tag'):
        tags = list(dict.fromkeys(str(child.tag)[:40] for child in content))[:_MOST_KEYS]
        return f'{about}, <{str(content.tag)[:40]}> with {", ".join(tags) or "nothing"} in it'
    return about


_KINDS = {'json': 'JSON', 'toml': 'TOML', 'yaml': 'YAML', 'xml': 'XML', 'mat': 'a MATLAB file',
          'pickle': 'a pickle', 'arrays': 'a NumPy file', 'text': 'text',
          'binary': 'binary data'}  # fmt: skip


def _first_entry(content: dict) -> str:
    key, value = next(((k, v) for k, v in content.items() if isinstance(v, (dict, list))), ('', 0))
    if isinstance(value, list):
        value = value[0] if value else 0
    return _entries(value, f'; the first entry of {str(key)[:40]} has the keys')


def _entries(value: Any, words: str) -> str:
    if not isinstance(value, dict) or not value:
        return ''
    shown = [f'{str(key)[:40]} ({shape(inner)})' for key, inner in value.items()][:_MOST_KEYS]
    return f'{words} {", ".join(shown)}'


def shape(value: Any) -> str:
    """The kind of a value, and how large it is."""
    if isinstance(value, dict):
        return f'object of {len(value):,}'
    if isinstance(value, np.ndarray):
        return 'x'.join(map(str, value.shape)) + ' numbers'
    if isinstance(value, (list, tuple)):
        return _list_shape(value)
    if isinstance(value, str):
        return 'text'
    return 'nothing' if value is None else 'number'


def _list_shape(value: Sequence[Any]) -> str:
    sides: list[int] = []
    inner: Any = value
    while isinstance(inner, (list, tuple)) and len(sides) < 4:
        sides.append(len(inner))
        inner = inner[0] if inner else None
    is_number = isinstance(inner, (int, float)) and not isinstance(inner, bool)
    return f'{"x".join(map(str, sides))} numbers' if is_number else f'list of {len(value):,}'


def unknown_format(source: Source, formats: Sequence[str]) -> CalibrationError:
    """The error for files that fit no format.

    Args:
        source: The files.
        formats: The names of all formats.
    """
    shown = [describe_file(file) for file in source.files[:3]]
    others = len(source.files) - len(shown)
    more = f' and {others:,} more files' if others else ''
    nearest = [
        f'{one.format} (missing: {", ".join(one.lacks)})' if one.lacks else one.format
        for one in closest_formats(source)
    ]
    near = (
        f'; nearest formats: {", ".join(nearest)}'
        if nearest
        else '; if these cameras have no calibration, `mmpose-ours calibrate` finds their poses '
        'from people (docs/self_calibration.md)'
    )
    return CalibrationError(
        f'{source.path}: its content fits no known format: {"; ".join(shown)}{more}{near}; name '
        f'the format with {argument("format")} ({", ".join(formats)}) to learn what is missing, or '
        f'write a JSON such as {EXAMPLE} with an entry for each camera (`mmpose-ours formats` '
        'shows the others)',
        code='file-format',
        file=source.path,
        found=shown,
        expected=list(formats),
    )
