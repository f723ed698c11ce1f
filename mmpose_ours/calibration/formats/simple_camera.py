"""MMPose's cameras: ``SimpleCamera`` dictionaries in JSON or a pickle, Human3.6M's included.

==============  ==================================================================
unit, world     none fixed (MMPose's Human3.6M files: metre, z up)
extrinsics      ``R`` 3x3 **camera to world**, ``T`` camera **centre**; or ``R_c2w T_c2w``
                with the same meaning; or ``R_w2c T_w2c``, world to camera
intrinsics      ``K`` 2x3 or 3x3, or ``f`` = fx fy and ``c`` = cx cy, pixels
distortion      ``k`` = k1 k2 k3 or k1 .. k6 and ``p`` = p1 p2, OpenCV's meaning; MMPose
                bends only where it has both
image size      ``w h`` (or ``width height``, ``res``), else none
layout          name -> camera, a list (``name`` in each, else its index), or either under
                ``cameras``; a pickle's keys may be pairs: ('S1', '54138969') is
                ``S1_54138969``, of the rig S1
==============  ==================================================================

By content, files are recognised that only MMPose writes: K of 2x3, f and c with k and p, the pairs
with ``c2w``, or keys that are pairs. Other files with K, R and T are read by
:mod:`mmpose_ours.calibration.formats.krt`, which asks what they mean; named as MMPose's they are
read as above.

A dump of ``SimpleCamera.param`` has the same keys but for **row** vectors: ``R_c2w``,
``R_w2c`` and K transposed. It holds both pairs, from which that is seen.

Source: https://github.com/open-mmlab/mmpose/blob/v0.29.0/mmpose/core/camera/single_camera.py.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.formats.krt.layout import content_of, name_of_key, text_of
from mmpose_ours.calibration.formats.krt.leaves import count_numbers, leaves_of
from mmpose_ours.calibration.formats.krt.reader import about_unused
from mmpose_ours.calibration.formats.krt.values import Values, lens_of, size_of
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'R is camera to world, T is the camera centre'
UNIT = UP = None

_PAIRS = (('R', 'T'), ('R_c2w', 'T_c2w'), ('R_w2c', 'T_w2c'))
# Those of SimpleCamera and of MMPose's files; cameras with others are somebody else's.
_KEYS = {
    'R', 'T', 'R_c2w', 'T_c2w', 'R_w2c', 'T_w2c', 'K', 'f', 'c', 'k', 'p', 'w', 'h', 'width',
    'height', 'res_w', 'res_h', 'res', 'name', 'id',
}  # fmt: skip


def recognise(source: Source) -> str:
    """Say why a file holds MMPose's cameras, or return an empty string.

    K, R and T alone do not tell: other projects mean the opposite with them.
    """
    file = source.one
    for key, camera in _cameras(content_of(file)):
        keys = camera.keys() if isinstance(camera, dict) else set()
        pair = next((pair for pair in _PAIRS if set(pair) <= keys), None)
        if not pair or not ('K' in keys or {'f', 'c'} <= keys) or not keys <= _KEYS:
            continue
        lens = 'K' if 'K' in keys else 'f, c'
        simple = count_numbers(camera['K']) == 6 if lens == 'K' else {'k', 'p'} <= keys
        if simple or pair != ('R', 'T') or isinstance(key, tuple):
            return f'camera {name_of_key(key)[:40]!r} holds {", ".join(pair)}, {lens}'
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, unit and axes unknown.

    Raises:
        CalibrationError: It is neither JSON nor a pickle of plain data, or a value is missing
            or impossible.
    """
    file = source.one
    content = content_of(file)
    if content is None:
        # Which says where the syntax breaks
        _ = file.pickle if file.kind == 'pickle' else file.json
    found = [(name_of_key(key), camera) for key, camera in _cameras(content)]
    check_limit('cameras', len(found), 'cameras', file.path)
    if not found:
        raise CalibrationError(
            f'{file.path}: holds no cameras, expected a dictionary or list of them; name the '
            'camera file itself',
            code='no-data',
            file=file.path,
        )
    unused: dict[str, int] = {}
    with about(source.path):
        rig = CameraRig(
            tuple(
                _camera(name, Node(camera, file.path, (name,), name), unused)
                for name, camera in found
            )
        )
    return Reading(rig, notes=tuple(about_unused(unused)), rigs=_rigs(content))


def _cameras(content: Any) -> Iterator[tuple[Any, Any]]:
    """Keys, or names, and cameras of any layout."""
    if isinstance(content, dict) and isinstance(content.get('cameras'), (dict, list)):
        content = content['cameras']
    if isinstance(content, dict):
        yield from content.items()
    elif isinstance(content, list):
        for index, camera in enumerate(content):
            name = camera.get('name') if isinstance(camera, dict) else None
            yield text_of(name) or str(index), camera


def _rigs(content: Any) -> dict[str, tuple[str, ...]]:
    """The cameras of each rig, which is the first of a pair of names."""
    rigs: dict[str, list[str]] = {}
    for key in content if isinstance(content, dict) else ():
        if isinstance(key, tuple) and len(key) == 2:
            rigs.setdefault(text_of(key[0]), []).append(name_of_key(key))
    return {name: tuple(cameras) for name, cameras in rigs.items()}


def _camera(name: str, node: Node, unused: dict[str, int]) -> Camera:
    R_w2c, t_w2c, rows = _pose(node)
    if 'K' in node:
        K = node['K'].one_of((6, 9), 'K of 2x3 or 3x3')
        K = K.reshape(3, -1).T if rows else K.reshape(-1, 3)
        K = K if len(K) == 3 else np.vstack([K, (0, 0, 1)])
    else:
        (fx, fy), (cx, cy) = (node[key].array(2, what='pixels') for key in 'fc')
        K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    _check_lens(node)
    values = Values(leaves_of(node.value, node), node)
    size, (lens, dist) = size_of(values), lens_of(values)
    unused.update({leaf.key: leaf.count for leaf in values.unused() if leaf.key not in _KEYS})
    return Camera(name, K, R_w2c, t_w2c, size, dist, lens)


def _pose(node: Node) -> tuple[np.ndarray, np.ndarray, bool]:
    """R and t, world to camera, and whether the file is for row vectors."""
    pairs = {}
    for R_key, T_key in _PAIRS:
        if R_key in node and T_key in node:
            pairs[R_key] = node[R_key].array(3, 3), node[T_key].array(3)
    if 'R_c2w' in pairs and 'R_w2c' in pairs:
        (R_c2w, center_w), (R_w2c, t_w2c) = pairs['R_c2w'], pairs['R_w2c']
        near = 1e-4 * max(1.0, np.abs(center_w).max())
        if np.abs(R_c2w.T - R_w2c).max() < 1e-3:
            if np.abs(R_w2c @ center_w + t_w2c).max() < near:
                return R_w2c, t_w2c, False
            if np.abs(center_w @ R_w2c + t_w2c).max() < near:
                return R_w2c.T, t_w2c, True
        node['R_w2c'].fail(
            'and T_w2c do not undo R_c2w and T_c2w', 'the same pose in both', code='conflict'
        )
    for key in ('R', 'R_c2w'):
        if key in pairs:
            R_c2w, center_w = pairs[key]
            return R_c2w.T, -R_c2w.T @ center_w, False
    if 'R_w2c' in pairs:
        return (*pairs['R_w2c'], False)
    node.fail(
        'has no R and T',
        'R (camera to world) and T (camera centre)',
        code='missing-value',
        found=list(node.value),
        expected=['R', 'T'],
    )


def _check_lens(node: Node) -> None:
    """Refuse half a lens: SimpleCamera leaves the lens straight then."""
    if 'k' in node or 'p' in node:
        node['k'].one_of((2, 3, 6), 'k1 k2 k3 or k1 .. k6')
        node['p'].array(2, what='p1 p2')
