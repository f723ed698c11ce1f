"""OpenCV FileStorage: YAML, XML or JSON that ``cv2.FileStorage`` reads and writes.

==============  ==================================================================
unit            not in the file: that of the board's squares (written: millimetre)
world           not in the file: of a stereo pair camera ``1``, of camera files
                whatever their poses refer to (written: z up)
extrinsics      ``R`` and ``T`` world to camera, ``T`` translation:
                ``x_cam = R x_world + T``; of a stereo pair from camera 1 to 2
intrinsics      3x3 in pixels of the full image; OpenCV ignores a skew
distortion      OpenCV's order, 0, 4, 5, 8, 12 or 14; with ``fisheye`` or
                ``fisheye_model`` 1 the four of ``cv2.fisheye``
image size      ``image_width`` and ``image_height``, or ``image_size``; a stereo pair
                has none
cannot hold     other lenses, skew
==============  ==================================================================

Four layouts are read:

- a **stereo pair**, one file or two: ``M1 D1 M2 D2 R T`` as OpenCV's ``stereo_calib``
  writes ``intrinsics.yml`` and ``extrinsics.yml``, also ``cameraMatrix1 distCoeffs1``,
  ``K1 D1`` and the like. ``R1 R2 P1 P2 Q`` describe rectified images and are ignored.
- **one file per camera**, which has the file's name (or its folder's, where all files are
  called alike): ``camera_matrix``,
  ``distortion_coefficients``, ``image_width``, ``image_height`` as OpenCV's calibration
  sample (and ROS) writes them, with ``R`` (or ``rvec``) and ``T`` (or ``tvec``). Without
  a pose the camera is not calibrated. ``rvecs``, ``tvecs`` and ``extrinsic_parameters``
  are poses of the board, one for each view, and are ignored. OpenPose's 3D module (and the
  files of RICH and PROX) has ``CameraMatrix`` for [R t], 3x4, ``Intrinsics`` for K, and
  ``Distortion``.
- **two files per camera**, one with its ``camera_matrix`` and one with its pose, as WILDTRACK
  and MultiviewX have them in a folder of each kind: ``intr_CVLab1.xml`` and
  ``extr_CVLab1.xml``. What is left of the names without ``intr`` and ``extr`` names the camera.
  Those of WILDTRACK are in centimetres; its folders ``intrinsic_original`` and
  ``intrinsic_zero`` hold two intrinsics for each camera, of which only one may be named.
- **one file for a rig**, ours: a sequence ``cameras`` of such mappings, each with its
  ``name``. For a pair the file has ``M1 D1 M2 D2 R T`` as well.

Traps: a D of 14 values may be a rational model, so that cutting it to five is wrong; a
camera file without distortion is taken for a lens without it, which is said.

Source: https://docs.opencv.org/4.x (``samples/cpp/stereo_calib.cpp``, tutorial
"Camera calibration With OpenCV"); https://github.com/CMU-Perceptual-Computing-Lab/openpose
(``src/openpose/3d/cameraParameterReader.cpp``); https://github.com/hou-yz/MultiviewX.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence, Tuple

import numpy as np

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.checks.sanity import check_file_names
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.opencv import storage_writer as storage_text
from mmpose_ours.calibration.formats.opencv.camera_tree import camera_tree, rig_tree
from mmpose_ours.calibration.formats.opencv.camera_values import (
    DIST,
    MATRIX,
    find_matrix,
    find_pose,
    to_camera,
)
from mmpose_ours.calibration.formats.opencv.file_pairs import join_files
from mmpose_ours.calibration.formats.opencv.storage_reader import (
    find,
    is_matrix,
    may_be_storage,
    read_storage,
)
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_files_whole, write_whole

CONVENTION = 'T is the translation'
UNIT = UP = None
WRITTEN = ('mm', 'z')
# Files with a camera_matrix and a pose under another name, say a 4x4 matrix, are the generic one's.
YIELDS = True
HOLDS = Holds('OpenCV FileStorage', coefficients=14, lenses=('opencv', 'fisheye'))

_PAIRS = (('1', '2'), ('_1', '_2'), ('left', 'right'), ('_left', '_right'), ('_l', '_r'))
# The name of a camera and the mappings that hold its lens and its pose, mostly the same.
_Entry = Tuple[str, Optional[Node], Optional[Node]]
# Where these stand without camera matrices, the stereo pair's other file is missing.
_RECTIFIED = ('p1', 'p2', 'q', 'r1', 'r2', 'e', 'f')


def recognise(source: Source) -> str:
    """Say why files are OpenCV's, or return an empty string."""
    if not all(may_be_storage(file) for file in source):
        return ''
    reasons = [_reason(read_storage(file), file.kind) for file in source]
    if any(reasons):  # a pose tells nothing by itself, but beside a camera matrix
        reasons = [
            reason or _reason_of_pose(read_storage(file)) for file, reason in zip(source, reasons)
        ]
    return ' and '.join(dict.fromkeys(reasons)) if all(reasons) else ''


def _reason(tree: Node, kind: str) -> str:
    """Why a FileStorage has to do with cameras; only OpenCV's matrices tell."""
    cameras = tree.value.get('cameras')
    for camera in cameras[:1] if isinstance(cameras, list) else ():
        if isinstance(camera, dict) and is_matrix(camera.get('camera_matrix')):
            return "a sequence 'cameras' whose entries hold a camera_matrix"
    pair = _pair_of_matrices(tree)
    if pair is not None and all(is_matrix(node.value) for node in pair):
        return f'the camera matrices {pair[0].place[-1]} and {pair[1].place[-1]}'
    matrix, R, T = find(tree, MATRIX), find(tree, ('r',)), find(tree, ('t',))
    plain = kind == 'yaml' and matrix is not None and matrix.place[-1] == 'camera_matrix'
    if matrix is not None and (plain or is_matrix(matrix.value)):
        return f'the matrix of a camera, {matrix.place[-1]}'
    other = find(tree, ('intrinsicmatrix',))  # JARVIS's
    if all(x is not None and is_matrix(x.value) for x in (R, T)) and other is None:
        return 'the pose R, T of a stereo pair'
    return ''


def _reason_of_pose(tree: Node) -> str:
    if find_matrix(tree) is not None or find_pose(tree) is None:
        return ''
    return 'the pose of a camera'


def _pair_names(names: Sequence[str]) -> list[tuple[str, str]]:
    """Names of the two cameras' values, e.g. M1 and M2.

    EasyMocap's K_1 and D_1 are left out: one letter takes no underscore.
    """
    return [
        (name + first, name + second)
        for name in names
        for first, second in _PAIRS
        if first[0] != '_' or len(name) > 4
    ]


def _pair_of_matrices(tree: Node) -> tuple[Node, Node] | None:
    for names in _pair_names(MATRIX):
        first, second = (find(tree, (name,)) for name in names)
        # k1 and k2 may also be coefficients.
        if first is not None and second is not None:
            if all(isinstance(node.value, (dict, list)) for node in (first, second)):
                return first, second
    return None


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: One file, a stereo pair's two files, or a file per camera (also their folder).

    Returns:
        The cameras in file order, in the unit and axes of their poses.

    Raises:
        CalibrationError: A file is broken, no layout fits, or a camera is impossible.
    """
    trees = [read_storage(file) for file in source]
    if any('cameras' in tree for tree in trees):
        return _read_rig(read_storage(source.one), source.any_pose)
    for tree in trees:
        matrices = _pair_of_matrices(tree)
        if matrices is not None:
            return _read_pair(source, matrices, tree, trees)
    if len(trees) <= 2 and all(find(tree, MATRIX) is None for tree in trees):
        if any(find(tree, _RECTIFIED) is not None for tree in trees):
            raise CalibrationError(
                f'{source.path}: holds the pose of a stereo pair but no camera matrices '
                '(M1, D1, M2, D2); name the file of the intrinsics too',
                code='missing-value',
                file=source.path,
                expected=['M1', 'D1', 'M2', 'D2'],
            )
    return _reading(source.path, _by_file(source, trees), source.any_pose)


def _by_file(source: Source, trees: Sequence[Node]) -> list[_Entry]:
    """The cameras of files that hold one each, or its intrinsics and its pose apart."""
    lenses: list[Node] = []
    poses: list[Node] = []
    for tree in trees:
        has_matrix, has_pose = find_matrix(tree) is not None, find_pose(tree) is not None
        if has_matrix != has_pose:
            (lenses if has_matrix else poses).append(tree)
    if lenses and poses:
        pairs = join_files(lenses, poses, source.path)
        if any(lens is not None and pose is not None for _, lens, pose in pairs):
            whole = [tree for tree in trees if tree not in lenses and tree not in poses]
            names = name_by_file([Path(tree.path) for tree in whole], source.path)
            return [*zip(names, whole, whole), *pairs]
    return list(zip(name_by_file(source.paths, source.path), trees, trees))


def _read_rig(tree: Node, any_pose: bool) -> Reading:
    entries = tree['cameras'].elements()
    named = [(entry['name'].text('name'), entry, entry) for entry in entries]
    return _reading(tree.path, named, any_pose)


def _reading(path: PathLike, entries: Sequence[_Entry], any_pose: bool) -> Reading:
    """The cameras of named mappings; without a pose they have the identity if any will do."""
    cameras: list[Camera] = []
    uncalibrated: list[str] = []
    notes: list[str] = []
    with about(path):
        for name, lens, placed in entries:
            entry = None if lens is None else lens.of_camera(name)
            matrix = None if entry is None else find_matrix(entry)
            pose = None if placed is None else find_pose(placed.of_camera(name))
            if pose is None and any_pose:
                pose = np.eye(3), np.zeros(3)
            if entry is None or matrix is None or pose is None:
                uncalibrated.append(name)
            else:
                cameras.append(to_camera(name, matrix, find(entry, DIST), pose, entry, notes))
        if not cameras:
            listed = ', '.join(uncalibrated[:10]) or 'none'
            raise CalibrationError(
                f'{path}: no camera has both a camera_matrix and a pose R, T (listed: {listed}); '
                'add the pose of each camera, or for a stereo pair name the file with R and T too',
                code='no-data',
                file=path,
                found=uncalibrated,
            )
        return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated), tuple(notes))


def _read_pair(
    source: Source, matrices: tuple[Node, Node], tree: Node, trees: Sequence[Node]
) -> Reading:
    """Two cameras by the file with their matrices and that with the pose of the second."""
    if len(trees) > 2:
        raise CalibrationError(
            f'{source.path}: {len(trees)} files, but {tree.path} holds a stereo pair; name its '
            'intrinsics and its extrinsics only',
            code='ambiguous',
            file=source.path,
            found=len(trees),
            expected=2,
        )
    poses = [pose for pose in map(find_pose, trees) if pose is not None]
    if len(poses) != 1:
        found = 'no' if not poses else 'more than one'
        raise CalibrationError(
            f'{source.path}: holds the camera matrices of a stereo pair and {found} pose R, T '
            'between them, expected one; name the file of the intrinsics and that of the '
            'extrinsics',
            code='ambiguous' if poses else 'missing-value',
            file=source.path,
            found=len(poses),
            expected=1,
        )
    dists = zip(*_pair_names(DIST))
    origin = (np.eye(3), np.zeros(3))
    notes: list[str] = []
    with about(source.path):
        cameras = []
        for name, matrix, names, pose in zip('12', matrices, dists, (origin, poses[0])):
            named = tree.of_camera(name)
            dist = find(named, names)
            cameras.append(to_camera(name, matrix.of_camera(name), dist, pose, named, notes))
        notes.append(
            'the world of a stereo pair is that of its camera 1: z along its optical axis, y down'
        )
        return Reading(CameraRig(tuple(cameras)), notes=tuple(notes))


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig, whole or not at all.

    Args:
        rig: The cameras in millimetres, z up.
        path: A file that ends in ``.yml``, ``.yaml``, ``.xml`` or ``.json`` for all cameras;
            any other path is a folder, into which each camera gets a file of its name.

    Raises:
        CalibrationError: A camera's name cannot be read back, or the folder holds other files,
            which would be read as cameras too.
    """
    storage_text.check_names(rig, path, HOLDS.title)
    to_text = storage_text.WRITERS.get(Path(path).suffix.lower())
    if to_text is not None:
        with write_whole(path) as file:
            file.write(to_text(rig_tree(rig)))
        return
    check_file_names(rig, path=path)
    contents = {f'{camera.name}.yml': storage_text.to_yaml(camera_tree(camera)) for camera in rig}
    _check_folder(Path(path), contents)
    write_files_whole(path, contents)


def _check_folder(folder: Path, contents: dict) -> None:
    if not folder.is_dir():
        return
    others = sorted(
        inside.name
        for inside in folder.iterdir()
        if inside.is_file() and not inside.name.startswith('.') and inside.name not in contents
    )
    if others:
        raise CalibrationError(
            f'{folder}: already holds {", ".join(others[:5])}, which would be read as a camera of '
            'this rig; name a new folder, or one file (rig.yml)',
            code='conflict',
            file=folder,
            found=others,
        )
