"""What COLMAP's files hold: cameras, images, rigs and frames, and the camera models.

Text and binary files hold the same records; see
:mod:`mmpose_ours.calibration.formats.colmap.text_files` and
:mod:`mmpose_ours.calibration.formats.colmap.binary_files`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, NoReturn, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats.camera_axes import HALF_PIXEL
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.schema import LARGEST_NUMBER
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import LENSES

# A rig of ten cameras and an hour of frames; reading them takes seconds.
MAX_RECORDS = 200_000
LARGEST_ID = 2**32 - 1

POSE = ('QW', 'QX', 'QY', 'QZ', 'TX', 'TY', 'TZ')
IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SENSOR_TYPES = {'CAMERA': 0, 'IMU': 1}
# The last model that every COLMAP since 2016 knows; a newer one only where none of these fits.
_LAST_OLD_MODEL = 11


@dataclasses.dataclass(frozen=True)
class Model:
    """A camera model: ``f [fy] cx cy`` and coefficients, in the order of our lens.

    Args:
        number: Its number in binary files.
        lens: A key of :data:`mmpose_ours.geometry.lenses.LENSES`; empty for a model that is no
            lens.
        focals: One focal length or two.
        coefficients: How many; the lens's others are zero.
    """

    number: int
    lens: str
    focals: int
    coefficients: int = 0

    @property
    def length(self) -> int:
        """How many parameters it has."""
        return self.focals + 2 + self.coefficients


MODELS: dict[str, Model] = {
    'SIMPLE_PINHOLE': Model(0, 'opencv', 1),
    'PINHOLE': Model(1, 'opencv', 2),
    'SIMPLE_RADIAL': Model(2, 'opencv', 1, 1),
    'RADIAL': Model(3, 'opencv', 1, 2),
    'OPENCV': Model(4, 'opencv', 2, 4),
    'OPENCV_FISHEYE': Model(5, 'fisheye', 2, 4),
    'FULL_OPENCV': Model(6, 'opencv', 2, 8),
    'FOV': Model(7, 'fov', 2, 1),
    'SIMPLE_RADIAL_FISHEYE': Model(8, 'fisheye', 1, 1),
    'RADIAL_FISHEYE': Model(9, 'fisheye', 1, 2),
    'THIN_PRISM_FISHEYE': Model(10, 'thin_prism_fisheye', 2, 8),
    'RAD_TAN_THIN_PRISM_FISHEYE': Model(11, 'rad_tan_thin_prism_fisheye', 2, 12),
    'SIMPLE_DIVISION': Model(12, 'division', 1, 1),
    'DIVISION': Model(13, 'division', 2, 1),
    'SIMPLE_FISHEYE': Model(14, 'fisheye', 1),
    'FISHEYE': Model(15, 'fisheye', 2),
    'EUCM': Model(16, 'eucm', 2, 2),
    'EQUIRECTANGULAR': Model(17, '', 0),
}
NAMES_BY_NUMBER = {model.number: name for name, model in MODELS.items()}


@dataclasses.dataclass(frozen=True)
class CameraRecord:
    """Intrinsics: model name, (width, height) and the model's parameters."""

    id: int
    model: str
    size: tuple[int, int]
    params: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class ImageRecord:
    """An image: world to camera as :data:`POSE`, its camera and its path."""

    id: int
    pose: tuple[float, ...]
    camera_id: int
    name: str


@dataclasses.dataclass(frozen=True)
class RigRecord:
    """Cameras mounted together: rig to camera as :data:`POSE` by camera id, None unknown."""

    id: int
    sensors: Mapping[int, tuple[float, ...] | None]


@dataclasses.dataclass(frozen=True)
class FrameRecord:
    """One frame of a rig: world to rig as :data:`POSE`, image ids by camera id."""

    id: int
    rig_id: int
    pose: tuple[float, ...]
    images: Mapping[int, int]


@dataclasses.dataclass
class Records:
    """The content of all files of one reconstruction."""

    cameras: list[CameraRecord] = dataclasses.field(default_factory=list)
    images: list[ImageRecord] = dataclasses.field(default_factory=list)
    rigs: list[RigRecord] = dataclasses.field(default_factory=list)
    frames: list[FrameRecord] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where in a file a record stands, for messages: a line, or ``image 3``."""

    path: PathLike
    where: str

    def fail(
        self,
        is_what: str,
        wanted: str,
        *,
        code: str = 'file-format',
        found: Any = None,
        expected: Any = None,
    ) -> NoReturn:
        """Raise a CalibrationError that names file, place, found and expected.

        Args:
            is_what: What was found, as the sentence says it.
            wanted: What was expected, as the sentence says it.
            code: See :data:`mmpose_ours.errors.CODES`.
            found: The error's field.
            expected: The error's field; None is ``wanted``.

        Raises:
            CalibrationError: Always.
        """
        raise CalibrationError(
            f'{self.path}: {self.where} {is_what}, expected {wanted}; {EXPORT_AGAIN}',
            code=code,
            file=self.path,
            found=found,
            expected=wanted if expected is None else expected,
        )

    def fail_count(self, found: int, unit: str, wanted: str, expected: Any = None) -> NoReturn:
        """Raise a CalibrationError about another number of ``unit`` than there should be."""
        self.fail(f'has {found} {unit}', wanted, code='wrong-shape', found=found, expected=expected)

    def fail_twice(self, camera_id: int) -> NoReturn:
        """Raise a CalibrationError about a camera that is there twice."""
        self.fail(
            f'has the camera {camera_id} twice', 'each once', code='duplicate', found=camera_id
        )

    def numbers(self, labels: Sequence[str], values: Sequence[Any]) -> tuple[float, ...]:
        """Finite numbers, of which there is one for each label.

        Raises:
            CalibrationError: One is none; names its label.
        """
        try:
            found = tuple(float(value) for value in values)
        except ValueError:
            found = ()
        if len(found) == len(labels) and all(abs(value) <= LARGEST_NUMBER for value in found):
            return found
        if len(values) != len(labels):
            self.fail_count(len(values), 'numbers', ' '.join(labels), len(labels))
        return tuple(
            Node(value, self.path, (f'{self.where}, {label}',)).number()
            for label, value in zip(labels, values)
        )

    def whole(self, label: str, value: Any, largest: int = LARGEST_ID) -> int:
        """A whole number from 0 to ``largest``.

        Raises:
            CalibrationError: It is none.
        """
        number = Node(value, self.path, (f'{self.where}, {label}',)).whole()
        if not 0 <= number <= largest:
            self.fail(
                f'has {label} {number}',
                f'0 to {largest}',
                code='out-of-range',
                found=number,
                expected=(0, largest),
            )
        return number

    def camera(self, id: int, model: str, size: tuple[Any, Any], params: Sequence) -> CameraRecord:
        """A camera of a known model with as many parameters as it has.

        Raises:
            CalibrationError: The model is none, its parameters do not fit, or the size is
                none.
        """
        if model not in MODELS:
            self.fail(
                f'has the camera model {model[:40]!r}',
                f'one of {", ".join(MODELS)}',
                code='unknown-name',
                found=model,
                expected=list(MODELS),
            )
        length = MODELS[model].length
        if len(params) != length:
            wanted = f'the {length} of the camera model {model}'
            self.fail_count(len(params), 'parameters', wanted, length)
        width, height = Node(size, self.path, (f'{self.where}, size',)).image_size()
        labels = [f'parameter {i + 1}' for i in range(len(params))]
        return CameraRecord(id, model, (width, height), self.numbers(labels, params))


def to_lens(record: CameraRecord) -> tuple[np.ndarray, np.ndarray, str]:
    """K (3, 3) for OpenCV's pixel centres, coefficients, and lens of a camera that has one."""
    model = MODELS[record.model]
    fx, fy = record.params[0], record.params[model.focals - 1]
    cx, cy = (value - HALF_PIXEL for value in record.params[model.focals : model.focals + 2])
    given = record.params[model.focals + 2 :]
    length = next(n for n in LENSES[model.lens].lengths if n >= len(given))
    dist = np.zeros(length)
    dist[: len(given)] = given
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), dist, model.lens


def from_camera(id: int, camera: Camera) -> CameraRecord:
    """A camera in the smallest model that holds it exactly; it needs a size."""
    fx, fy, (cx, cy) = camera.K[0, 0], camera.K[1, 1], camera.K[:2, 2]

    def holds(model: Model) -> bool:
        return (
            model.lens == camera.lens
            and (model.focals == 2 or fx == fy)
            and not camera.dist_full[model.coefficients :].any()
        )

    name, model = min(
        (item for item in MODELS.items() if holds(item[1])),
        key=lambda item: (item[1].number > _LAST_OLD_MODEL, item[1].length),
    )
    numbers = [fx, fy][: model.focals] + [cx + HALF_PIXEL, cy + HALF_PIXEL]
    params = [*numbers, *camera.dist_full[: model.coefficients]]
    assert camera.size is not None  # HOLDS.check
    return CameraRecord(id, name, camera.size, tuple(float(value) for value in params))
