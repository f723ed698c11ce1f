"""OpenCap: a pickle for each camera, ``Cam0/cameraIntrinsicsExtrinsics.pickle`` and so on.

==============  ==================================================================
unit            millimetre
world           that of the checkerboard: x and y along its rows and columns; no axis is
                fixed as up (for a board on a wall mostly -y or y, by how it hangs)
extrinsics      ``rotation`` 3x3, ``translation`` the translation: **world to camera**
intrinsics      ``intrinsicMat`` 3x3 in pixels, of the image as the video shows it
distortion      ``distortion`` in OpenCV's order
image size      ``imageSize`` = **height, width**
==============  ==================================================================

``rotation_EulerAngles`` is the Rodrigues vector of the same rotation and is not read. A
camera's name is its folder's, or the file's where the files differ. ``cameraIntrinsics.pickle``
has no pose: uncalibrated. Of the two solutions that OpenCap tries (``..._soln0.pickle``), the
chosen one stands in the file without a number.

Source: https://github.com/stanfordnmbl/opencap-core (``utilsChecker.py``: ``calcExtrinsics``,
``rotateIntrinsics``, ``generate3Dgrid``).
"""

from __future__ import annotations

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'translation is the translation'
UNIT, UP = 'mm', None

_LENS, _POSE = {'intrinsicMat', 'distortion', 'imageSize'}, {'rotation', 'translation'}


def recognise(source: Source) -> str:
    """Say why files are OpenCap's, or return an empty string."""
    if any(_LENS | _POSE <= _keys(file) for file in source):
        return 'pickles with intrinsicMat, rotation and translation'
    return ''


def _keys(file: File) -> set:
    data = file.parsed('pickle')
    return {key for key in data if isinstance(key, str)} if isinstance(data, dict) else set()


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: One file per camera; files of other kinds are ignored.

    Returns:
        The cameras in the order of the files, millimetres; those without a pose are
        ``uncalibrated``.

    Raises:
        CalibrationError: A file is no pickle of plain data, no camera has a pose, or a value is
            missing or impossible.
    """
    files = [file for file in source if 'intrinsicMat' in _keys(file)]
    for file in source if not files else ():
        _ = file.pickle  # which says what is wrong with it
    if not any(_POSE <= _keys(file) for file in files):
        raise CalibrationError(
            f'{source.path}: no pickle with intrinsicMat, rotation and translation; name the '
            'cameraIntrinsicsExtrinsics.pickle of each camera, or the folder of their folders',
            code='no-data',
            file=source.path,
            found=[str(file.path) for file in files],
        )
    posed = [file for file in files if _POSE <= _keys(file)]
    lost = [file for file in files if not _POSE <= _keys(file)]
    names = name_by_file([file.path for file in posed], source.path)
    nodes = [Node.of(file, 'pickle').of_camera(name) for file, name in zip(posed, names)]
    with about(source.path):
        rig = CameraRig(tuple(_camera(name, node) for name, node in zip(names, nodes)))
    return Reading(rig, tuple(_unposed(lost, names, source)))


def _unposed(lost: list[File], names: list[str], source: Source) -> list[str]:
    """Cameras that have a lens only, but not those whose pose stands in another file."""
    found = name_by_file([file.path for file in lost], source.path) if lost else []
    folders = [file.path.resolve().parent.name for file in lost]
    return [
        name for name, folder in zip(found, folders) if name not in names and folder not in names
    ]


def _camera(name: str, node: Node) -> Camera:
    height, width = node['imageSize'].array(2, what='image height and width in pixels')
    size = Node([width, height], node.path, (*node.place, 'imageSize'), name).image_size()
    return Camera(
        name=name,
        K=node['intrinsicMat'].array(3, 3, what='intrinsic matrix'),
        R_w2c=node['rotation'].array(3, 3, what='rotation'),
        t_w2c=node['translation'].array(3, what='millimetres'),
        size=size,
        dist=node['distortion'].one_of((4, 5, 8, 12, 14), "distortion in OpenCV's order"),
    )
