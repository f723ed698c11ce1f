"""EasyMocap: ``intri.yml`` and ``extri.yml``.

==============  ==================================================================
unit            metre
world           right-handed, **z up** (EasyMocap's convention; its files do not say)
extrinsics      world to camera, ``T_<name>`` translation: ``x_cam = R x_world + T``;
                ``R_<name>`` is the Rodrigues **vector** (3x1 or 1x3), ``Rot_<name>``
                the matrix
intrinsics      ``K_<name>`` 3x3 in pixels of the full image, skew possible
distortion      ``dist_<name>`` (or ``D_<name>``), OpenCV's order, 4 or 5 as EasyMocap
                writes it, longer forms are read
image size      ``W_<name>`` and ``H_<name>``, which many files do not have; values
                below 1 stand for unknown
cannot hold     k4 k5 k6, fisheye lenses
==============  ==================================================================

Traps: one of the two files alone is no calibration; ``R_`` looks like a matrix and is a
vector; the list ``names`` decides which cameras there are and their order, so keys of
other cameras are left out, as EasyMocap does; ``names: - 01`` without quotes is the
number 1. EasyMocap writes six digits behind the point.

Source: https://github.com/zju3dv/EasyMocap (``easymocap/mytools/camera_utils.py``) and
https://chingswy.github.io/easymocap-public-doc (Calibration).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.opencv import storage_writer as storage_text
from mmpose_ours.calibration.formats.opencv.storage_reader import (
    is_matrix,
    may_be_storage,
    read_storage,
    rotation,
)
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import LENSES
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import to_vector
from mmpose_ours.io.disk.files import write_files_whole

CONVENTION = 'T is the translation, R_ a Rodrigues vector'
UNIT, UP = 'm', 'z'
HOLDS = Holds('EasyMocap', coefficients=5, skew=True)

INTRI, EXTRI = 'intri.yml', 'extri.yml'
_DIST = ('dist_', 'D_')
_ROTATION = ('Rot_', 'R_')


def recognise(source: Source) -> str:
    """Say why files are EasyMocap's, or return an empty string."""
    if not _is_folder(source) and not all(may_be_storage(file) for file in source):
        return ''
    reasons = []
    for tree in _trees(source):
        for prefix, beside, what in (('K_', _DIST, 'matrix'), ('T_', _ROTATION, 'translation')):
            key = _telling_key(tree, prefix, beside)
            if key:
                reasons.append(f'a {what} by the name of each camera ({key})')
    return ' and '.join(reasons)


def _is_folder(source: Source) -> bool:
    return len(source.files) > 1 and Path(source.path).is_dir()


def _trees(source: Source) -> list[Node]:
    """The files' contents; a data set's folder may hold other files, which are left out."""
    if not _is_folder(source):
        return [read_storage(file) for file in source]
    trees = []
    for file in source:
        if may_be_storage(file):
            try:
                trees.append(read_storage(file))
            except CalibrationError:
                if file.path.name in (INTRI, EXTRI):
                    raise
    return trees


def _telling_key(tree: Node, prefix: str, beside: tuple[str, ...]) -> str:
    """A key ``<prefix><name>`` that holds a matrix and has one with another prefix beside it."""
    for key, value in tree.value.items():
        if isinstance(key, str) and key.startswith(prefix) and is_matrix(value):
            name = key[len(prefix) :]
            if name and any(is_matrix(tree.value.get(other + name)) for other in beside):
                return key
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: Both files, in any order and of any names, or the folder that holds them.

    Returns:
        The cameras in the order of the intrinsics' ``names``, metres, z up; those that
        only one of the files knows are ``uncalibrated``.

    Raises:
        CalibrationError: One of the two files is missing or broken, ``R_`` and ``Rot_``
            contradict each other, or a camera is impossible.
    """
    trees = _trees(source)
    intri = _the_one(source, trees, 'K_', f'intrinsics (K_<name>; {INTRI})')
    extri = _the_one(source, trees, 'T_', f'extrinsics (T_<name>; {EXTRI})')
    names = list(dict.fromkeys(_names(intri, 'K_') + _names(extri, 'T_')))
    cameras, uncalibrated = [], []
    with about(source.path):
        for name in names:
            camera = _camera(intri, extri, name)
            cameras += [] if camera is None else [camera]
            uncalibrated += [name] if camera is None else []
        if not cameras:
            listed = ', '.join(names[:10]) or 'none'
            raise CalibrationError(
                f'{source.path}: no camera has both intrinsics and a pose (listed: {listed}), '
                f'expected K_, R_ and T_ followed by a name of the list; {EXPORT_AGAIN}',
                code='no-data',
                file=source.path,
                found=names,
            )
        return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated), _left_out(intri, names))


def _the_one(source: Source, trees: list[Node], prefix: str, what: str) -> Node:
    """The file whose keys have a prefix."""
    found = [tree for tree in trees if any(_with_prefix(tree, prefix))]
    if len(found) == 1:
        return found[0]
    if found:
        files = ', '.join(str(tree.path) for tree in found)
        raise CalibrationError(
            f'{files}: each holds {what}; name one of them',
            code='ambiguous',
            file=source.path,
            found=[str(tree.path) for tree in found],
        )
    raise CalibrationError(
        f'{source.path}: holds no {what}, which a second file of EasyMocap has; name both '
        'files or the folder that holds them',
        code='missing-value',
        file=source.path,
        expected=prefix,
    )


def _with_prefix(tree: Node, prefix: str) -> list[str]:
    keys = [key for key in tree.value if isinstance(key, str)]
    return [key[len(prefix) :] for key in keys if key.startswith(prefix) and len(key) > len(prefix)]


def _names(tree: Node, prefix: str) -> list[str]:
    """Names in the order of the list; EasyMocap writes ``none`` for a camera left out."""
    listed = tree.get('names')
    if listed is None:
        return _with_prefix(tree, prefix)
    names = [element.text('name of a camera') for element in listed.elements()]
    return [name for name in names if name != 'none']


def _left_out(intri: Node, names: list[str]) -> tuple[str, ...]:
    others = sorted(set(_with_prefix(intri, 'K_')) - set(names))
    if not others:
        return ()
    return (
        f"{intri.path}: has a K_ for {', '.join(others[:10])} too, which the list 'names' leaves "
        'out, so it is left out here as EasyMocap does',
    )


def _camera(intri: Node, extri: Node, name: str) -> Camera | None:
    """The camera, or None where one of the files does not know it."""
    intri, extri = intri.of_camera(name), extri.of_camera(name)
    if f'K_{name}' not in intri or f'T_{name}' not in extri:
        return None
    R = rotation([extri.get(prefix + name) for prefix in _ROTATION])
    if R is None:
        extri.fail(
            f'has T_{name} but no rotation',
            f'R_{name} or Rot_{name}',
            code='missing-value',
            found=f'T_{name}',
            expected=[f'R_{name}', f'Rot_{name}'],
        )
    dist = intri.get(*(prefix + name for prefix in _DIST))
    if dist is None:
        intri.fail(
            f'has K_{name} but no distortion',
            f'dist_{name} (zeros for none)',
            code='missing-value',
            found=f'K_{name}',
            expected=f'dist_{name}',
        )
    return Camera(
        name,
        K=intri[f'K_{name}'].array(3, 3, what='intrinsic matrix'),
        R_w2c=R,
        t_w2c=extri[f'T_{name}'].array(3, what='translation'),
        size=_size(intri, name),
        dist=dist.one_of(LENSES['opencv'].lengths, "distortion in OpenCV's order"),
    )


def _size(intri: Node, name: str) -> tuple[int, int] | None:
    width, height = intri.get(f'W_{name}'), intri.get(f'H_{name}')
    if width is None or height is None:
        return None
    size = width.whole('image width'), height.whole('image height')
    return size if min(size) > 0 else None


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig in metres, z up, both files whole or not at all.

    Args:
        rig: The cameras.
        path: The folder, made where it is missing, or one of the two files in it.

    Raises:
        CalibrationError: A camera's name cannot be part of a key.
    """
    folder = Path(path)
    folder = folder.parent if folder.name in (INTRI, EXTRI) else folder
    storage_text.check_names(rig, path, HOLDS.title)
    intri: dict = {'names': list(rig.names)}
    extri: dict = {'names': list(rig.names)}
    for camera in rig:
        name = camera.name
        intri[f'K_{name}'] = camera.K
        # EasyMocap's own writer takes 4 or 5.
        intri[f'dist_{name}'] = camera.dist_full[None, : 4 if len(camera.dist) == 4 else 5]
        if camera.size is not None:
            intri[f'H_{name}'], intri[f'W_{name}'] = camera.size[1], camera.size[0]
        extri[f'R_{name}'] = to_vector(camera.R_w2c).reshape(3, 1)
        extri[f'Rot_{name}'] = camera.R_w2c
        extri[f'T_{name}'] = np.reshape(camera.t_w2c, (3, 1))
    texts = {INTRI: storage_text.to_yaml(intri), EXTRI: storage_text.to_yaml(extri)}
    write_files_whole(folder, texts)
