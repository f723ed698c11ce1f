"""Nerfstudio: ``transforms.json``, also of instant-ngp and Blender's NeRF data sets.

==============  ==================================================================
unit            none in the file; nerfstudio scales scenes as it likes (written: metre)
world           right-handed, the up axis is not in the file (written: z up)
extrinsics      ``transform_matrix`` 4x4 or 3x4, **camera to world** with OpenGL's camera
                axes: x right, **y up**, z **back**; its last column is the camera centre
intrinsics      ``fl_x fl_y cx cy`` for all frames or in each; or ``camera_angle_x``
                (radians), ``x_fov`` (degrees); no skew. Pixels count from the **corner**
                of the first one: ``cx cy`` are 0.5 larger than OpenCV's, and the middle
                of the image is ``w/2 h/2``
distortion      ``k1 k2 p1 p2 k3`` with OpenCV's meaning; ``OPENCV_FISHEYE`` (or
                ``is_fisheye``): ``k1 k2 k3 k4`` of ``cv2.fisheye``
image size      ``w`` and ``h``; Blender's data sets have none
cannot hold     k4 k5 k6, skew, lenses of two kinds in one file, unknown image sizes
==============  ==================================================================

Names: the folder of ``file_path`` where the folders differ, else the file name without its
ending (with it where ``front.jpg`` and ``front.png`` differ in nothing else); ``.png`` is written
behind every name.

Traps: nerfstudio's k4 of a lens that is no fisheye multiplies r^8, OpenCV's k4 does not, so
it must be zero; its documentation gives a fisheye no p1 p2, which are left out. Nerfstudio
prefers the value for all frames and instant-ngp the frame's own, so they must agree.
``applied_transform`` and ``applied_scale`` are in the poses already.

Source: https://docs.nerf.studio/quickstart/data_conventions.html,
``nerfstudio/cameras/cameras.py`` (rays through pixel + 0.5) and
https://github.com/NVlabs/instant-ngp (``src/nerf_loader.cu``).
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.camera_axes import FLIP_Y_AND_Z, HALF_PIXEL
from mmpose_ours.calibration.image_size import size_of_camera
from mmpose_ours.calibration.parsing.image_names import check_image_count, name_cameras
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.text import argument

CONVENTION = 'transform_matrix is camera to world, OpenGL axes'
UNIT = UP = None
WRITTEN = ('m', 'z')
HOLDS = Holds('transforms.json', coefficients=5, lenses=('opencv', 'fisheye'), needs_size=True)

_PERSPECTIVE = ('SIMPLE_PINHOLE', 'PINHOLE', 'SIMPLE_RADIAL', 'RADIAL', 'OPENCV')
_FISHEYE = 'OPENCV_FISHEYE'
# Keys with which instant-ngp tells lenses that are not ours
_OTHER_LENSES = ('ftheta_p0', 'latlong', 'equirectangular', 'orthographic')


def recognise(source: Source) -> str:
    """Say why a file is a transforms.json, or return an empty string."""
    data = source.one.parsed('json')
    frames = data.get('frames') if isinstance(data, dict) else None
    for frame in frames if isinstance(frames, list) else ():
        if isinstance(frame, dict) and {'transform_matrix', 'file_path'} & frame.keys():
            return "a list 'frames' whose entries hold transform_matrix or file_path"
    return ''


def read(source: Source) -> Reading:
    """Read a rig in the file's own unit and axes.

    Args:
        source: The file; its ``image_size`` is taken where the file has none.

    Returns:
        The frames in file order, each a camera; those without a pose or a focal length are
        ``uncalibrated``.

    Raises:
        CalibrationError: A value is missing or impossible, a lens is not ours, or the
            images' paths do not tell the cameras apart.
    """
    whole = Node.of(source.one, 'json')
    frames = whole['frames'].elements()
    check_image_count(len(frames), source.path)
    images = [frame['file_path'].text('path of the image') for frame in frames]
    names = name_cameras(images, source.path)
    notes: list[str] = []
    cameras, uncalibrated = [], []
    with about(source.path):
        for name, frame in zip(names, frames):
            size = size_of_camera(source.image_size, name)
            values = _Values(whole.of_camera(name), frame.of_camera(name), size)
            if 'transform_matrix' in frame and values.has_focal_length:
                cameras.append(_camera(name, values, notes))
            else:
                uncalibrated.append(name)
        if not cameras:
            listed = ', '.join(names[:10]) or 'none'
            raise CalibrationError(
                f'{source.path}: no frame has both transform_matrix and a focal length (frames: '
                f'{listed}), expected fl_x or camera_angle_x; export the file again',
                code='no-data',
                file=source.path,
                found=names,
            )
        if 'applied_transform' in whole or 'applied_scale' in whole:
            notes.append(
                'the world was turned, moved or scaled when the file was made '
                '(applied_transform, applied_scale); poses are taken as they are'
            )
        return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated), tuple(dict.fromkeys(notes)))


def _same(own: object, common: object) -> bool:
    """Whether two plain values are equal; lists are not compared, however deep they are."""
    return isinstance(own, (int, float, str)) and own == common


class _Values:
    """The values of one frame: its own, or those for all frames."""

    def __init__(self, whole: Node, frame: Node, image_size: tuple[int, int] | None):
        self.whole, self.frame = whole, frame
        width, height = self.find('w'), self.find('h')
        self.size = image_size
        if width is not None and height is not None:
            sides = Node((width.value, height.value), frame.path, frame.place, frame.camera)
            self.size = sides.image_size('w and h, the image size in pixels')
        self.has_focal_length = any(
            self.find(key) for key in ('fl_x', 'x_fov', 'camera_angle_x')
        )  # fmt: skip

    def find(self, key: str) -> Node | None:
        """The node of a key.

        Raises:
            CalibrationError: The frame and the whole file say different things.
        """
        own, common = self.frame.get(key), self.whole.get(key)
        if own is not None and common is not None and not _same(own.value, common.value):
            own.fail(
                'differs from the value for all frames, of which tools read one or the other',
                f'one {key!r}',
                code='conflict',
                expected=common.value,
            )
        return own if own is not None else common

    def number(self, key: str, default: float) -> float:
        found = self.find(key)
        return default if found is None else found.number()

    def focal_length(self, axis: str, side: int) -> float | None:
        """Pixels along an axis, from itself or from the angle of view."""
        given = self.find(f'fl_{axis}')
        if given is not None:
            return given.number('focal length in pixels')
        for key, radians in ((f'{axis}_fov', math.pi / 180), (f'camera_angle_{axis}', 1.0)):
            angle = self.find(key)
            if angle is not None:
                value = angle.number() * radians
                if not 1e-6 < value < math.pi - 1e-6:
                    angle.fail(
                        f'is {angle.number():g}',
                        'an angle of view below 180 degrees',
                        code='out-of-range',
                    )
                if self.size is None:
                    raise CalibrationError(
                        f'{angle.path}: camera {angle.camera!r} has the angle {key} but no image '
                        'size (w, h) to make pixels of it; say '
                        f'{argument("image_size", (1920, 1080))}',
                        code='missing-value',
                        file=angle.path,
                        camera=angle.camera,
                        found=key,
                        expected='image_size',
                    )
                return 0.5 * self.size[side] / math.tan(value / 2)
        return None

    def principal_point(self) -> tuple[float, float]:
        """OpenCV's, the middle of the image where none is said."""
        point = []
        for side, key in enumerate(('cx', 'cy')):
            found = self.find(key)
            if found is None and self.size is None:
                self.frame.fail(
                    f'has no {key!r} and no image size',
                    f'{key!r} or w and h',
                    code='missing-value',
                    found=list(self.frame.value),
                    expected=key,
                )
            value = self.size[side] / 2 if found is None else found.number()  # type: ignore[index]
            point.append(value - HALF_PIXEL)
        return point[0], point[1]

    def is_fisheye(self) -> bool:
        """Whether the lens is a fisheye.

        Raises:
            CalibrationError: It is neither that nor a perspective one.
        """
        for key in _OTHER_LENSES:
            found = self.find(key)
            if found is not None and found.value not in (False, 0):
                found.fail(
                    'tells a lens without a model here',
                    self._lenses(),
                    code='cannot-express',
                    found=key,
                    expected=(*_PERSPECTIVE, _FISHEYE),
                )
        flag = self.find('is_fisheye')
        model = self.find('camera_model')
        stated = '' if model is None else model.text()
        if model is not None and stated not in (*_PERSPECTIVE, _FISHEYE):
            model.fail(
                f'is {stated[:40]!r}',
                self._lenses(),
                code='unknown-name',
                expected=(*_PERSPECTIVE, _FISHEYE),
            )
        return stated == _FISHEYE or (flag is not None and flag.flag())

    @staticmethod
    def _lenses() -> str:
        return f'a camera_model of {", ".join(_PERSPECTIVE)} or {_FISHEYE}'


def _camera(name: str, values: _Values, notes: list[str]) -> Camera:
    R_c2w, center_w = rigid(values.frame['transform_matrix'], 'camera to world')
    R_w2c = FLIP_Y_AND_Z @ R_c2w.T
    fisheye = values.is_fisheye()
    fx = values.focal_length('x', 0)
    fy = values.focal_length('y', 1)
    cx, cy = values.principal_point()
    k1, k2, k3, k4, p1, p2 = (values.number(k, 0.0) for k in ('k1', 'k2', 'k3', 'k4', 'p1', 'p2'))
    if fisheye and (p1 or p2):
        notes.append('p1 and p2 are left out, a fisheye lens of nerfstudio has k1 k2 k3 k4 only')
    if not fisheye and k4:
        node = values.find('k4')
        assert node is not None
        node.fail(
            f'is {k4:g}, which multiplies r^8 here and has no place in the lens model of OpenCV',
            '0 (or camera_model OPENCV_FISHEYE)',
            code='cannot-express',
            expected=0,
        )
    return Camera(
        name,
        K=np.array([[fx, 0, cx], [0, fx if fy is None else fy, cy], [0, 0, 1]], dtype=np.float64),
        R_w2c=R_w2c,
        t_w2c=-R_w2c @ center_w,
        size=values.size,
        dist=np.array([k1, k2, k3, k4] if fisheye else [k1, k2, p1, p2, k3]),
        lens='fisheye' if fisheye else 'opencv',
    )


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig in metres, z up, whole or not at all.

    Args:
        rig: The cameras; the image of each is ``images/<name>.png``.
        path: The file.

    Raises:
        CalibrationError: Some lenses are fisheyes and others are not: nerfstudio knows one
            kind for all frames.
    """
    fisheyes = [camera.name for camera in rig if camera.lens == 'fisheye']
    if 0 < len(fisheyes) < len(rig):
        raise CalibrationError(
            f'{path}: camera {fisheyes[0]!r} is a fisheye and others are not, but nerfstudio has '
            'one camera_model for all frames; write two files ('
            f'{argument("cameras")}) or another format',
            code='cannot-express',
            file=path,
            camera=fisheyes[0],
            found=fisheyes,
        )
    frames = [_frame(camera) for camera in rig]
    model = _FISHEYE if fisheyes else 'OPENCV'
    write_json(path, {'camera_model': model, 'frames': frames}, indent=1)


def _frame(camera: Camera) -> dict:
    width, height = camera.size or (0, 0)
    k = camera.dist_full
    order = ('k1', 'k2', 'k3', 'k4') if camera.lens == 'fisheye' else ('k1', 'k2', 'p1', 'p2', 'k3')
    matrix = np.eye(4)
    matrix[:3, :3] = camera.R_w2c.T @ FLIP_Y_AND_Z
    matrix[:3, 3] = camera.center_w
    return {
        'file_path': f'images/{camera.name}.png',
        'w': width,
        'h': height,
        'fl_x': float(camera.K[0, 0]),
        'fl_y': float(camera.K[1, 1]),
        'cx': float(camera.K[0, 2]) + HALF_PIXEL,
        'cy': float(camera.K[1, 2]) + HALF_PIXEL,
        **{key: float(value) for key, value in zip(order, k)},
        'transform_matrix': matrix.tolist(),
    }
