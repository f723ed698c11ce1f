"""MATLAB: stereo pairs of Bouguet's toolbox and of the Computer Vision Toolbox, read only.

==============  ==================================================================
unit            millimetre, both toolboxes' default; a struct with other ``WorldUnits`` is
                converted
world           that of camera 1: z along its optical axis, y down
image size      ``nx ny``; ``ImageSize`` = [height width]
==============  ==================================================================

**Bouguet's** ``Calib_Results_stereo.mat``: ``KK`` (or ``fc cc alpha_c``) and ``kc`` with
``_left`` and ``_right``; ``R`` (or the Rodrigues vector ``om``) and ``T`` with
``x_right = R x_left + T``; ``kc`` is k1 k2 p1 p2 k3, ``alpha_c`` the skew as a share of fx; the
centre of the first pixel is (0, 0).

**Computer Vision Toolbox**: a struct of ``stereoParameters``, as ``toStruct`` makes it, under any
name, its fields as variables of the file, or as JSON of ``jsonencode``. MATLAB can only be read
where no object is saved: ``s = toStruct(stereoParams); save('pair.mat', 's', '-v7')``.

==========================  =======================================================
``IntrinsicMatrix``         for **row** vectors, the transpose of K; ``K`` itself since R2022b;
                            else ``FocalLength``, ``PrincipalPoint`` and ``Skew``
``RotationOfCamera2``,      for **row** vectors: ``x_2 = x_1 R + T``
``TranslationOfCamera2``
``PoseCamera2``             since R2022b for columns, ``x_2 = R x_1 + Translation``, or as the 4x4
                            matrix ``A``
``RadialDistortion``,       k1 k2 [k3] and p1 p2, OpenCV's meaning
``TangentialDistortion``
pixels                      the centre of the first one is **(1, 1)**: 1 is taken off the
                            principal point, as ``stereoParametersToOpenCV`` does, where
                            ``toStruct`` made the struct (which then has ``Version``, ``WorldUnits``
                            or the like); one made by hand is taken as it is, with a note
==========================  =======================================================

Source: http://robots.stanford.edu/cs223b04/JeanYvesCalib (parameters, stereo example);
https://www.mathworks.com/help/vision/ref (``stereoParameters``, ``cameraParameters``,
``stereoParametersToOpenCV``).
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.opencv.storage_reader import rotation
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.parsers.matfiles import Unread, read_open_mat

CONVENTION = 'from camera 1 to camera 2; RotationOfCamera2 and IntrinsicMatrix are transposed'
UNIT, UP = 'mm', None

_CAMERAS = ('CameraParameters1', 'CameraParameters2')
_SIDES = ('left', 'right')
# That of a session of the Stereo Camera Calibrator app is the second.
_CLASSES = ('stereoParameters', 'vision.internal.calibration.tool.Session', 'cameraParameters')
# Where MATLAB's first pixel has its centre.
_FIRST_PIXEL = 1.0
# Fields of a camera that `toStruct` writes, and that nobody writes by hand.
_OF_TO_STRUCT = (
    'Version',
    'EstimateSkew',
    'NumRadialDistortionCoefficients',
    'ReprojectionErrors',
    'WorldPoints',
    'WorldUnits',
)
_MM_PER_WORLD_UNIT = {
    'mm': 1.0, 'millimeters': 1.0, 'cm': 10.0, 'centimeters': 10.0, 'm': 1000.0, 'meters': 1000.0,
    'in': 25.4, 'inches': 25.4, 'ft': 304.8, 'feet': 304.8,
}  # fmt: skip


def recognise(source: Source) -> str:
    """Say why a file is a stereo pair of MATLAB's, or return an empty string."""
    if source.one.kind not in ('mat', 'json'):
        return ''
    content = _content(source.one)
    if any(True for _ in _pairs(content)):
        return f'a struct with {" and ".join(_CAMERAS)}'
    for key in ('KK_', 'cc_'):
        names = [key + side for side in _SIDES]
        if isinstance(content, dict) and all(name in content for name in names):
            return f"Bouguet's variables {' and '.join(names)}"
    if _objects(content):
        return f'an object {_objects(content)[0]}'
    return ''


def _content(file: File) -> Any:
    """Variables of a MAT file, those of plain data only; or the content of a JSON file."""
    return file.json if file.kind == 'json' else file.once('matlab', lambda: _variables(file))


def _variables(file: File) -> dict[str, Any]:
    try:
        with file.opened() as stream:
            return read_open_mat(stream, file.path, plain_only=True)
    except FileFormatError as error:
        raise error.reworded(CalibrationError, str(error), file=file.path) from error


def _objects(content: Any) -> list[str]:
    """Classes of the Computer Vision Toolbox of which the file holds objects."""
    values = content.values() if isinstance(content, dict) else ()
    return [v.what for v in values if isinstance(v, Unread) and v.what in _CLASSES]


def _pairs(content: Any) -> Iterator[tuple[tuple[str, ...], dict]]:
    """The structs of stereo parameters and where they are: a variable, or the file itself."""
    if isinstance(content, dict):
        if content.keys() >= set(_CAMERAS):
            yield (), content
        for name, value in content.items():
            if isinstance(value, dict) and value.keys() >= set(_CAMERAS):
                yield (name,), value


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The two cameras, ``1`` and ``2`` or ``left`` and ``right``, in millimetres and the world of
        the first.

    Raises:
        CalibrationError: The file is damaged or holds no pair or several, or a value is missing
            or impossible.
    """
    file = source.one
    if file.kind not in ('mat', 'json'):
        raise CalibrationError(
            f'{file.path}: is no MAT file, expected one of version 5 to 7 or JSON',
            code='file-format',
            file=file.path,
            found=file.kind,
            expected=('mat', 'json'),
        )
    content = _content(file)
    pairs = list(_pairs(content))
    objects = _objects(content)
    if objects and not pairs:
        raise CalibrationError(
            f'{file.path}: holds an object {objects[0]}, which only MATLAB can read; save a struct '
            "of the stereoParameters: s = toStruct(stereoParams); save('pair.mat', 's', '-v7')",
            code='cannot-express',
            file=file.path,
            found=objects[0],
            expected='struct',
        )
    if len(pairs) > 1:
        names = ['.'.join(place) for place, _ in pairs]
        raise CalibrationError(
            f'{file.path}: holds more than one stereo pair ({", ".join(names[:10])}); save the one '
            'that you mean in a file of its own',
            code='ambiguous',
            file=file.path,
            found=names,
        )
    notes = ['the world is that of camera 1: z along its optical axis, y down']
    with about(file.path):
        if pairs:
            place, struct = pairs[0]
            cameras = _of_struct(Node(struct, file.path, place))
            notes.append(
                'MATLAB counts pixels from 1, so 1 was taken off both coordinates of the '
                'principal points'
                if all(_is_of_matlab(struct[key]) for key in _CAMERAS)
                else 'the principal points are taken as they are: this is not all that '
                '`toStruct` writes, so the file does not say whether its pixels are counted from '
                '0, as here, or from 1, as in MATLAB'
            )
        else:
            cameras = _of_bouguet(Node(content, file.path))
        return Reading(CameraRig(tuple(cameras)), notes=tuple(notes))


def _of_bouguet(root: Node) -> list[Camera]:
    if not isinstance(root.value, dict) or 'T' not in root.value:
        root.fail(
            'has no stereo pair',
            f"Bouguet's R and T, or a struct with {' and '.join(_CAMERAS)}",
            code='missing-value',
            found=list(root.value)[:100] if isinstance(root.value, dict) else None,
            expected='T',
        )
    R = rotation([root.get('R'), root.get('om')])
    if R is None:
        root.fail('has T but no R', 'R or om', code='missing-value', found='T', expected='R')
    poses = ((np.eye(3), np.zeros(3)), (R, root['T'].array(3, what='translation')))
    return [_bouguet_camera(root.of_camera(side), *pose) for side, pose in zip(_SIDES, poses)]


def _bouguet_camera(root: Node, R: np.ndarray, T: np.ndarray) -> Camera:
    side = root.camera or ''
    matrix = root.get(f'KK_{side}')
    if matrix is not None:
        K = matrix.array(3, 3, what='intrinsic matrix')
    else:
        fx, fy = root[f'fc_{side}'].array(2, what='focal lengths')
        cx, cy = root[f'cc_{side}'].array(2, what='principal point')
        skew = root.get(f'alpha_c_{side}')
        s = 0.0 if skew is None else float(skew.array(1, what='skew')[0])
        K = np.array([[fx, s * fx, cx], [0, fy, cy], [0, 0, 1]])
    size = [root.get(f'{key}_{side}', key) for key in ('nx', 'ny')]
    sides = [node.array(1)[0] for node in size if node is not None]
    dist = root[f'kc_{side}'].one_of((4, 5), 'k1 k2 p1 p2 k3')
    return Camera(
        side,
        K=K,
        R_w2c=R,
        t_w2c=T,
        size=Node(sides, root.path, ('nx, ny',), side).image_size() if len(sides) == 2 else None,
        dist=dist,
    )


def _of_struct(struct: Node) -> list[Camera]:
    R, T = _pose_of_camera_2(struct)
    unit = _world_unit(struct)
    poses = ((np.eye(3), np.zeros(3)), (R, T * unit))
    return [
        _camera(str(number), struct[key].of_camera(str(number)), *pose)
        for number, key, pose in zip((1, 2), _CAMERAS, poses)
    ]


def _pose_of_camera_2(struct: Node) -> tuple[np.ndarray, np.ndarray]:
    """R (3, 3) and T (3,) for column vectors, from camera 1 to camera 2."""
    R = struct.get('RotationOfCamera2')
    if R is not None:
        T = struct['TranslationOfCamera2'].array(3, what='translation')
        return R.array(3, 3, what='rotation for row vectors').T, T
    pose = struct.get('PoseCamera2')
    if pose is None:
        struct.fail(
            'has no pose of camera 2',
            'RotationOfCamera2 and TranslationOfCamera2, or PoseCamera2',
            code='missing-value',
            found=list(struct.value)[:100],
            expected='RotationOfCamera2',
        )
    whole = pose.get('A') if isinstance(pose.value, dict) else pose
    if whole is not None:
        return rigid(whole, 'from camera 1 to camera 2')
    return (
        pose['R'].array(3, 3, what='rotation'),
        pose['Translation'].array(3, what='translation'),
    )


def _world_unit(struct: Node) -> float:
    """Millimetres per unit; MATLAB's default is the millimetre."""
    for holder in (struct, *(struct[key] for key in _CAMERAS)):
        stated = holder.get('WorldUnits')
        if stated is not None and isinstance(stated.value, str) and stated.value:
            if stated.value.lower() not in _MM_PER_WORLD_UNIT:
                stated.fail(
                    f'is {stated.value[:40]!r}',
                    f'one of {", ".join(_MM_PER_WORLD_UNIT)}',
                    code='unknown-name',
                    expected=list(_MM_PER_WORLD_UNIT),
                )
            return _MM_PER_WORLD_UNIT[stated.value.lower()]
    return 1.0


def _camera(name: str, node: Node, R: np.ndarray, T: np.ndarray) -> Camera:
    K = _intrinsics(node)
    if _is_of_matlab(node.value):
        K[:2, 2] -= _FIRST_PIXEL
    radial = _coefficients(node, 'RadialDistortion', (2, 3))
    p1, p2 = _coefficients(node, 'TangentialDistortion', (2,))
    k1, k2, k3 = np.pad(radial, (0, 3 - len(radial)))
    return Camera(name, K, R, T, _size(node), np.array([k1, k2, p1, p2, k3]))


def _is_of_matlab(camera: Any) -> bool:
    """Whether MATLAB wrote the parameters of a camera, whose pixels are counted from 1."""
    return isinstance(camera, dict) and any(key in camera for key in _OF_TO_STRUCT)


def _intrinsics(node: Node) -> np.ndarray:
    """K (3, 3) in MATLAB's pixels."""
    if 'MappingCoefficients' in node:
        node['MappingCoefficients'].fail(
            "is of MATLAB's fisheye model",
            'a camera with K; OpenCV has no such lens',
            code='cannot-express',
            expected='K',
        )
    matrix = node.get('K')
    if matrix is not None:
        return matrix.array(3, 3, what='intrinsic matrix').copy()
    matrix = node.get('IntrinsicMatrix')
    if matrix is not None:
        rows = matrix.array(3, 3, what='transpose of the intrinsic matrix')
        if rows[:2, 2].any():
            matrix.fail(
                'has the principal point in its last column',
                'in its last row, as MATLAB has it for row vectors: then RotationOfCamera2 would '
                'be in doubt too',
                code='conflict',
                found=rows.tolist(),
            )
        return rows.T.copy()
    fx, fy = node['FocalLength'].array(2, what='focal lengths')
    cx, cy = node['PrincipalPoint'].array(2, what='principal point')
    skew = node.get('Skew')
    s = 0.0 if skew is None else float(skew.array(1, what='skew')[0])
    return np.array([[fx, s, cx], [0, fy, cy], [0, 0, 1]])


def _coefficients(node: Node, key: str, counts: tuple[int, ...]) -> np.ndarray:
    found = node.get(key)
    if found is None or not len(found.numbers()):
        return np.zeros(counts[-1])
    return found.one_of(counts, 'distortion coefficients')


def _size(node: Node) -> tuple[int, int] | None:
    """(width, height); MATLAB leaves the size empty where nobody said it."""
    found = node.get('ImageSize')
    if found is None or not len(found.numbers()):
        return None
    height, width = found.array(2, what='image height and width')
    both = Node([width, height], found.path, found.place, found.camera)
    return both.image_size()
