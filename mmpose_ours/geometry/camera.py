"""One camera: where a point in the scene lands in its image.

Inside the package lengths are millimetres, the world is right-handed with z up,
and ``x_cam = R_w2c @ x_world + t_w2c`` (camera: x right, y down, z forward).
This package does **not** read files (see :mod:`mmpose_ours.calibration`).
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import ArrayLike

from mmpose_ours.errors import InputError
from mmpose_ours.geometry import projection
from mmpose_ours.geometry.camera_checks import (
    check_intrinsics,
    check_lens,
    check_rotation,
    checked_array,
    checked_size,
)
from mmpose_ours.geometry.lenses import LENSES, max_radius2
from mmpose_ours.text import argument

# Of a camera's name, which is also its image folder's.
LONGEST_NAME = 255


@dataclasses.dataclass(frozen=True, eq=False)
class Camera:
    """One calibrated camera.

    Args:
        name: Its name, also that of its image folder.
        K: (3, 3) intrinsic matrix in pixels of the full image (skew allowed).
        R_w2c: (3, 3) rotation, world to camera.
        t_w2c: (3,) translation in millimetres, world to camera.
        size: (width, height) in pixels, or None where nobody said.
        dist: The lens's coefficients, kept as given; for ``opencv`` 0, 4, 5, 8, 12 or 14
            in OpenCV's order ``k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4 [tx ty]]]]``.
        lens: The lens model, a key of :data:`mmpose_ours.geometry.lenses.LENSES`.

    Raises:
        InputError: An entry has the wrong shape, is not finite, R is not a
            rotation, the lens is unknown, or the principal point lies outside the image.

    Examples:
        A camera 4 m in front of a point that is 1 m above the floor sees it in the middle of the
        image, and a point behind the camera nowhere.

        >>> camera = Camera.looking_at('cam1', (0, -4000, 1000), (0, 0, 1000), 800, (1280, 720))
        >>> uv, valid = camera.project(np.array([[0.0, 0.0, 1000.0], [0.0, -5000.0, 1000.0]]))
        >>> uv[0].round(3).tolist(), valid.tolist()
        ([639.5, 359.5], [True, False])
        >>> camera.size, camera.K[0].tolist()
        ((1280, 720), [800.0, 0.0, 639.5])
    """

    name: str
    K: np.ndarray
    R_w2c: np.ndarray
    t_w2c: np.ndarray
    size: tuple[int, int] | None = None
    dist: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(5))
    lens: str = 'opencv'

    def __post_init__(self) -> None:
        put = functools.partial(object.__setattr__, self)
        put('name', str(self.name))
        if len(self.name) > LONGEST_NAME:
            raise InputError(
                f'a camera has a name of {len(self.name):,} characters, {self.name[:40]!r}..., '
                f'expected {LONGEST_NAME} or fewer, as file systems allow; give it another name',
                code='out-of-range',
                camera=self.name,
                found=len(self.name),
                expected=LONGEST_NAME,
            )
        put('K', checked_array(self.name, self.K, (3, 3), 'K'))
        put('R_w2c', checked_array(self.name, self.R_w2c, (3, 3), 'R'))
        put('t_w2c', checked_array(self.name, self.t_w2c, (3,), 't'))
        check_lens(self.name, self.lens, np.size(self.dist))
        put('dist', checked_array(self.name, self.dist, (np.size(self.dist),), 'distortion'))
        check_rotation(self.name, self.R_w2c)
        if self.size is not None:
            put('size', checked_size(self.name, self.size))
        check_intrinsics(self.name, self.K, self.size)

    @classmethod
    def from_center(
        cls,
        name: str,
        K: ArrayLike,
        R_w2c: ArrayLike,
        center_w: ArrayLike,
        size: tuple[int, int] | None = None,
        dist: ArrayLike = (0, 0, 0, 0, 0),
        lens: str = 'opencv',
    ) -> Camera:
        """Build from the camera centre in the world (the Campus/Shelf convention).

        Args:
            name: See :class:`Camera`, as for ``K``, ``size``, ``dist`` and ``lens``.
            K: (3, 3) pixels.
            R_w2c: (3, 3) rotation, world to camera.
            center_w: (3,) position in millimetres.
            size: (width, height) in pixels, or None.
            dist: The lens's coefficients.
            lens: The lens model.

        Raises:
            InputError: As :class:`Camera`.
        """
        R_w2c = np.asarray(R_w2c, dtype=np.float64).reshape(3, 3)
        t_w2c = -R_w2c @ np.asarray(center_w, dtype=np.float64).reshape(3)
        return cls(name, np.asarray(K), R_w2c, t_w2c, size, np.asarray(dist), lens)

    @classmethod
    def from_camera_to_world(
        cls,
        name: str,
        K: ArrayLike,
        R_c2w: ArrayLike,
        center_w: ArrayLike,
        size: tuple[int, int] | None = None,
        dist: ArrayLike = (0, 0, 0, 0, 0),
        lens: str = 'opencv',
    ) -> Camera:
        """Build from the camera's pose in the world (MMPose's ``SimpleCamera``).

        Args:
            name: See :class:`Camera`, as for ``K``, ``size``, ``dist`` and ``lens``.
            K: (3, 3) pixels.
            R_c2w: (3, 3) rotation, camera to world.
            center_w: (3,) position in millimetres.
            size: (width, height) in pixels, or None.
            dist: The lens's coefficients.
            lens: The lens model.

        Raises:
            InputError: As :class:`Camera`.
        """
        R_w2c = np.asarray(R_c2w, dtype=np.float64).reshape(3, 3).T
        return cls.from_center(name, K, R_w2c, center_w, size, dist, lens)

    @classmethod
    def looking_at(
        cls,
        name: str,
        center_w: ArrayLike,
        target_w: ArrayLike,
        focal_px: float,
        size: tuple[int, int],
    ) -> Camera:
        """Build an upright pinhole camera at ``center_w`` that looks at ``target_w``.

        Args:
            name: The camera's name.
            center_w: (3,) position in millimetres.
            target_w: (3,) point in the middle of the image, not straight above or below.
            focal_px: Focal length in pixels.
            size: (width, height) in pixels.

        Raises:
            InputError: The target is straight above or below the camera, or where it stands,
                so that no camera that looks at it is upright; or as :class:`Camera`.
        """
        center_w = np.asarray(center_w, dtype=np.float64)
        target_w = np.asarray(target_w, dtype=np.float64)
        forward = target_w - center_w
        distance, aside = np.linalg.norm(forward), np.linalg.norm(forward[:2])
        if aside <= 1e-9 * distance:
            raise InputError(
                f'camera {str(name)!r} at {tuple(center_w.tolist())}: its target '
                f'{tuple(target_w.tolist())} is straight above or below it, or where it '
                'stands, so it cannot be upright; choose a target aside of it',
                code='out-of-range',
                camera=str(name),
                found=tuple(target_w.tolist()),
            )
        forward /= distance
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        R_w2c = np.stack([right, np.cross(forward, right), forward])
        cx, cy = (size[0] - 1) / 2, (size[1] - 1) / 2
        K = np.array([[focal_px, 0, cx], [0, focal_px, cy], [0, 0, 1]])
        return cls.from_center(name, K, R_w2c, center_w, size)

    @functools.cached_property
    def center_w(self) -> np.ndarray:
        """(3,) position of the camera in the world, millimetres."""
        return -np.linalg.solve(self.R_w2c, self.t_w2c)

    @functools.cached_property
    def dist_full(self) -> np.ndarray:
        """The distortion padded with zeros to the lens's longest form, 14 for ``opencv``."""
        return np.concatenate([self.dist, np.zeros(LENSES[self.lens].lengths[-1] - len(self.dist))])

    @functools.cached_property
    def max_radius2(self) -> float:
        """Squared normalised radius beyond which the lens model folds back."""
        return max_radius2(self.lens, self.dist_full)

    @functools.cached_property
    def _numbers(self) -> projection.CameraNumbers:
        return projection.CameraNumbers.of(self)

    def to_camera(self, xyz_w: np.ndarray) -> np.ndarray:
        """Move world points (..., 3) in millimetres into the camera frame (..., 3)."""
        return np.stack(projection.to_camera(self._numbers, xyz_w), axis=-1)

    def project(self, xyz_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project world points into the image, lens distortion included.

        Args:
            xyz_w: World points in millimetres, (..., 3).

        Returns:
            ``uv`` (..., 2) pixels, NaN where not valid, and ``valid`` (...), True where
            the point lies before the camera and inside the lens model's range. A valid
            point may still fall outside the image: see :meth:`in_image`.
        """
        return projection.project(self._numbers, xyz_w)

    def need_size(self, why: str = '') -> tuple[int, int]:
        """The (width, height) of the image in pixels.

        Args:
            why: What it is needed for, a relative clause of the sentence that is raised.

        Raises:
            InputError: Nobody said it; the sentence says how to.
        """
        if self.size is None:
            raise InputError(
                f'camera {self.name!r} has no image size{f", {why}" if why else ""}; say it, for '
                f'example {argument("image_size", (1920, 1080))}, or where cameras differ '
                f'{argument("image_size", {self.name: (1920, 1080)})} for each',
                code='missing-value',
                camera=self.name,
            )
        return self.size

    def in_image(self, uv: np.ndarray) -> np.ndarray:
        """Tell which pixels (..., 2) lie inside the image; NaN does not.

        Raises:
            InputError: The image size is unknown.
        """
        u, v = np.moveaxis(np.asarray(uv), -1, 0)
        width, height = self.need_size()
        with np.errstate(invalid='ignore'):
            return (u >= -0.5) & (v >= -0.5) & (u < width - 0.5) & (v < height - 0.5)

    def normalise_points(self, uv: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """Take the lens off pixels of the image.

        Args:
            uv: Pixels of the real image, (..., 2).
            known: (...) which of them mean something; ``None`` is all.

        Returns:
            Undistorted rays ``(x/z, y/z)`` (..., 2) of the camera frame; NaN where no ray
            before the camera and inside the lens model's range ends at the pixel, and where
            the pixel means nothing.
        """
        return projection.normalise(self._numbers, uv, known)

    def resized(self, size: tuple[int, int]) -> Camera:
        """The camera of the same image, scaled to another (width, height) in pixels.

        Pixel centres are at whole numbers, so ``u_new + 0.5 = (u + 0.5) * width_new / width``.

        Raises:
            InputError: The camera's size is unknown, or the new one has another shape.
        """
        width, height = self.need_size()
        scale = np.array(size) / (width, height)
        # A pixel of rounding is no other shape.
        if np.abs(np.array((width, height)) * scale.mean() - size).max() > 1.0:
            raise InputError(
                f'camera {self.name!r}: {size[0]}x{size[1]} has another shape than its '
                f'{width}x{height} image; give a size of the same shape',
                code='wrong-shape',
                camera=self.name,
                found=tuple(size),
                expected=(width, height),
            )
        K = np.diag([*scale, 1.0]) @ self.K
        K[:2, 2] += (scale - 1) / 2
        return dataclasses.replace(self, K=K, size=(int(size[0]), int(size[1])))

    def in_world(self, new_from_old: np.ndarray, scale: float = 1.0) -> Camera:
        """Describe the same camera in a turned and rescaled world.

        Args:
            new_from_old: (3, 3) rotation A with ``x_new = scale * A @ x_old``.
            scale: New lengths per old length.
        """
        return dataclasses.replace(
            self,
            R_w2c=self.R_w2c @ np.asarray(new_from_old, dtype=np.float64).T,
            t_w2c=self.t_w2c * scale,
        )
