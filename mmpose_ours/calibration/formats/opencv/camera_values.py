"""The keys and values of one camera in a FileStorage, in the spellings that are met.

Which mappings are cameras is :mod:`mmpose_ours.calibration.formats.opencv.file_storage`'s.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.formats.opencv.storage_reader import find, is_matrix, rotation
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import LENSES

# Lower case, the most telling first.
MATRIX = ('camera_matrix', 'cameramatrix', 'k', 'm', 'mtx', 'intrinsic_matrix', 'intrinsics')
DIST = ('distortion_coefficients', 'distcoeffs', 'dist_coeffs', 'dist_coeff', 'distcoef', 'd',
        'dist', 'distortion')  # fmt: skip
_OPENPOSE_POSE, _OPENPOSE_MATRIX = ('cameramatrix',), ('intrinsics',)
_ROTATION = (('r', 'rotation_matrix', 'rot', 'rotation'), ('rvec', 'rodrigues'))
_TRANSLATION = ('t', 'tvec', 'translation', 'translation_vector')
_WIDTH, _HEIGHT = ('image_width', 'imagewidth', 'width'), ('image_height', 'imageheight', 'height')
_SIZE = ('image_size', 'imagesize', 'size')
_FISHEYE = ('fisheye', 'fisheye_model')
_MODEL = 'distortion_model'  # ROS's
_FISHEYE_MODELS = ('fisheye', 'equidistant')


def find_matrix(entry: Node) -> Node | None:
    """The node of K, if there is one."""
    return find(entry, MATRIX if _openpose_pose(entry) is None else _OPENPOSE_MATRIX)


def find_pose(entry: Node) -> tuple[np.ndarray, np.ndarray] | None:
    """R (3, 3) and T (3,), world to camera; None without either.

    Raises:
        CalibrationError: There is one without the other, or either has another shape.
    """
    whole = _openpose_pose(entry)
    if whole is not None:
        return rigid(whole, 'world to camera')
    R = rotation([find(entry, names) for names in _ROTATION])
    T = find(entry, _TRANSLATION)
    if R is None and T is None:
        return None
    if R is None or T is None:
        found, missing = ('T', 'R') if R is None else ('R', 'T')
        entry.fail(
            f'has {found} but no {missing}',
            'both R and T (or neither)',
            code='missing-value',
            found=found,
            expected=missing,
        )
    return R, T.array(3, what='translation')


def _openpose_pose(entry: Node) -> Node | None:
    """OpenPose's CameraMatrix, which is [R t] and not K."""
    found = find(entry, _OPENPOSE_POSE)
    if found is None or not is_matrix(found.value):
        return None
    return found if (found.value.get('rows'), found.value.get('cols')) == (3, 4) else None


def to_camera(
    name: str,
    matrix: Node,
    dist: Node | None,
    pose: tuple[np.ndarray, np.ndarray],
    entry: Node,
    notes: list[str],
) -> Camera:
    """The camera of a mapping.

    Args:
        name: The camera's name.
        matrix: K.
        dist: The distortion coefficients; without them the lens has none, which is noted.
        pose: R (3, 3) and T (3,), world to camera.
        entry: The mapping with the lens model and the image size.
        notes: Gets sentences that a user should see.

    Raises:
        CalibrationError: A value has another shape, or the camera is impossible.
    """
    lens = _lens(entry)
    lengths = LENSES[lens].lengths
    if dist is None:
        notes.append(f'camera {name!r} has no distortion in {entry.path}; taken for none')
    return Camera(
        name,
        K=matrix.array(3, 3, what='intrinsic matrix'),
        R_w2c=pose[0],
        t_w2c=pose[1],
        size=_size(entry),
        dist=(
            np.zeros(4) if dist is None else dist.one_of(lengths, f'distortion of a {lens} lens')
        ),
        lens=lens,
    )


def _lens(entry: Node) -> str:
    flag = find(entry, _FISHEYE)
    model = find(entry, (_MODEL,))
    fisheye = flag is not None and flag.flag('whether the lens is a fisheye')
    if model is not None and model.text('name of a lens model') in _FISHEYE_MODELS:
        fisheye = True
    return 'fisheye' if fisheye else 'opencv'


def _size(entry: Node) -> tuple[int, int] | None:
    width, height, size = (find(entry, names) for names in (_WIDTH, _HEIGHT, _SIZE))
    if width is not None and height is not None:
        both = Node([width.value, height.value], entry.path, width.place, entry.camera)
        return both.image_size()
    return None if size is None else size.image_size()
