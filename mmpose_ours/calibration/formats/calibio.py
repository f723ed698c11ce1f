"""calib.io Camera Calibrator: the JSON of its parameters.

==============  ==================================================================
unit            metre
world           that of the first camera; no axis is fixed as up
extrinsics      ``transform``: ``rotation`` rx ry rz a Rodrigues **vector**,
                ``translation`` x y z the translation; **world to camera**
intrinsics      ``f``, ``ar`` = fy / fx, ``cx``, ``cy`` [, ``skew``], pixels, each a ``val``
distortion      ``k1 .. k6``, ``p1 p2``, ``s1 .. s4``, ``tauX tauY``, OpenCV's meaning
image size      ``imageSize`` width, height; before 2.0 ``imageWidth``, ``imageHeight``
==============  ==================================================================

The parameters lie under ``Calibration.cameras[].model.ptr_wrapper.data``. The lens model's name
stands at the first camera of that model only; the others repeat its number. Names are serial
numbers where there are some, else 0, 1 and so on.

Source: calib.io's own readers for OpenCV and MATLAB (``readCalibParameters.cpp`` and ``.m``,
public domain), which hand rotation and translation to OpenCV's stereo functions; public programs
that rectify and project with the same numbers, and multiply the translations by 1000 to have
millimetres.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpose_ours.calibration.errors import about
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_vector

CONVENTION = 'rotation is a Rodrigues vector, translation the translation'
UNIT, UP = 'm', None

_ORDER = ('k1', 'k2', 'p1', 'p2', 'k3', 'k4', 'k5', 'k6', 's1', 's2', 's3', 's4', 'tauX', 'tauY')
# How many of these OpenCV takes
_COUNTS = (5, 8, 12, 14)
_MODELS = {'libCalib::CameraModelOpenCV', 'libCalib::CameraModelMatlab'}
# cereal marks the first object of a type with the highest bit of its number.
_FIRST = 1 << 31


def recognise(source: Source) -> str:
    """Say why a file is calib.io's, or return an empty string."""
    data = source.one.parsed('json')
    calibration = _calibration(data)
    cameras = calibration.get('cameras') if isinstance(calibration, dict) else None
    for camera in cameras if isinstance(cameras, list) else ():
        model = camera.get('model') if isinstance(camera, dict) else None
        if isinstance(model, dict) and 'ptr_wrapper' in model:
            return "'Calibration' with cameras whose model lies under ptr_wrapper"
    return ''


def _calibration(data: Any) -> Any:
    if not isinstance(data, dict):
        return None
    return next((data[key] for key in ('Calibration', 'calibration') if key in data), None)


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, metres.

    Raises:
        CalibrationError: A value is missing or impossible, or a lens is of another model.
    """
    root = Node.of(source.one, 'json')
    calibration = root.get('Calibration', 'calibration') or root['Calibration']
    cameras = calibration['cameras'].elements()
    if not cameras:
        calibration['cameras'].fail('is empty', 'one entry for each camera', code='no-data')
    models: dict[int, str] = {}
    names = _names(cameras)
    with about(source.path):
        found = [_camera(name, n.of_camera(name), models) for name, n in zip(names, cameras)]
        return Reading(CameraRig(tuple(found)))


def _names(cameras: list[Node]) -> list[str]:
    serials = [camera.get('name', 'serial') for camera in cameras]
    names = [
        '' if node is None or node.value == 'unknown' else node.text('name') for node in serials
    ]
    distinct = all(names) and len(set(names)) == len(names)
    return names if distinct else [str(index) for index in range(len(cameras))]


def _camera(name: str, node: Node, models: dict[int, str]) -> Camera:
    model = node['model']
    _check_model(model, models)
    data = model['ptr_wrapper']['data']
    parameters = data['parameters']
    f, aspect = _value(parameters, 'f'), _value(parameters, 'ar', 1.0)
    K = np.array(
        [
            [f, _value(parameters, 'skew', 0.0), _value(parameters, 'cx')],
            [0, f * aspect, _value(parameters, 'cy')],
            [0, 0, 1],
        ]
    )
    dist = np.array([_value(parameters, key, 0.0) for key in _ORDER])
    used = next(count for count in _COUNTS if not dist[count:].any())
    rotation, translation = node['transform']['rotation'], node['transform']['translation']
    rvec = [rotation[key].number('Rodrigues vector') for key in ('rx', 'ry', 'rz')]
    return Camera(
        name=name,
        K=K,
        R_w2c=from_vector(np.array(rvec)),
        t_w2c=np.array([translation[key].number('translation') for key in 'xyz']),
        size=_size(data),
        dist=dist[:used],
    )


def _check_model(model: Node, models: dict[int, str]) -> None:
    """Refuse lens models other than OpenCV's and MATLAB's."""
    number, name = model.get('polymorphic_id'), model.get('polymorphic_name')
    key = None if number is None else number.whole('number of the lens model') & (_FIRST - 1)
    if name is not None and key is not None:
        models[key] = name.text('lens model')
    known = name.text('lens model') if name is not None else models.get(key or 0)
    if known is not None and known not in _MODELS:
        model.fail(
            f'is {known!r}',
            'a lens of OpenCV or MATLAB; calibrate with that model',
            'lens model',
            code='cannot-express',
            found=known,
            expected=sorted(_MODELS),
        )


def _value(parameters: Node, key: str, default: float | None = None) -> float:
    found = parameters.get(key)
    if found is None and default is not None:
        return default
    return parameters[key]['val'].number()


def _size(data: Node) -> tuple[int, int] | None:
    holder = data.get('CameraModelCRT') or data
    base = holder.get('CameraModelBase')
    if base is None:
        return None
    size = base.get('imageSize')
    keys = ('imageWidth', 'imageHeight') if size is None else ('width', 'height')
    place = base if size is None else size
    pair = [place[key].value for key in keys]
    return Node(pair, place.path, (*place.place, keys[0]), place.camera).image_size()
