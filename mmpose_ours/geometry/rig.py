"""The cameras of a site, by name and in order."""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
from typing import Iterator, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry import projection
from mmpose_ours.geometry.camera import Camera

# Every pair of so many cameras is compared, and of more only those that lie outermost along
# some directions.
MANY_CAMERAS = 200
_DIRECTIONS = 256


def list_names(names: Sequence[str], most: int = 50, sep: str = ', ') -> str:
    """Names of cameras for a message, the first ones where there are many."""
    more = f' and {len(names) - most:,} more' if len(names) > most else ''
    return sep.join(names[:most]) + more


@dataclasses.dataclass(frozen=True, eq=False)
class CameraRig:
    """The ordered, named cameras of one site.

    Raises:
        InputError: Two cameras share a name, or there are none.

    Examples:
        >>> rig = CameraRig((
        ...     Camera.looking_at('left', (-3000, -3000, 2000), (0, 0, 1000), 800, (1280, 720)),
        ...     Camera.looking_at('right', (3000, -3000, 2000), (0, 0, 1000), 800, (1280, 720)),
        ... ))
        >>> rig.names, len(rig), rig['right'].size
        (('left', 'right'), 2, (1280, 720))
        >>> uv, valid = rig.project(np.zeros((5, 3)))
        >>> uv.shape, bool(valid.all())
        ((2, 5, 2), True)
        >>> rig.select(['right']).names
        ('right',)
    """

    cameras: tuple[Camera, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, 'cameras', tuple(self.cameras))
        if not self.cameras:
            raise InputError('a rig needs at least one camera, got none', code='no-data')
        counts = collections.Counter(self.names)
        repeated = sorted(name for name, count in counts.items() if count > 1)
        if repeated:
            raise InputError(
                f'camera names must be unique, repeated: {list_names(repeated)}',
                code='duplicate',
                camera=repeated[0],
                found=repeated,
            )

    def __len__(self) -> int:
        return len(self.cameras)

    def __iter__(self) -> Iterator[Camera]:
        return iter(self.cameras)

    def __getitem__(self, name: str) -> Camera:
        """The camera of a name.

        Raises:
            KeyError: No camera has it; lists those that there are.
        """
        if name not in self._by_name:
            raise KeyError(f'no camera {name!r} in the rig; it has {list_names(self.names)}')
        return self._by_name[name]

    def __deepcopy__(self, memo: dict) -> CameraRig:
        """The rig itself: it never changes, and every sample of a dataset carries it."""
        return self

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The cameras' names, in order."""
        return tuple(camera.name for camera in self.cameras)

    @functools.cached_property
    def _by_name(self) -> dict[str, Camera]:
        return {camera.name: camera for camera in self.cameras}

    @functools.cached_property
    def centers_w(self) -> np.ndarray:
        """(V, 3) camera positions in millimetres."""
        return np.stack([camera.center_w for camera in self.cameras])

    @functools.cached_property
    def distances_mm(self) -> np.ndarray:
        """(V, V) distances between the cameras in millimetres."""
        return np.linalg.norm(self.centers_w[:, None] - self.centers_w, axis=-1)

    @functools.cached_property
    def farthest_pair(self) -> tuple[int, int, float]:
        """The two cameras that are farthest apart, and their distance in millimetres.

        Of more than 200 cameras the distance is exact within 1 %, in linear time.
        """
        return farthest_pair(self.centers_w)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A short digest that is equal for equal rigs (names, numbers and order)."""
        digest = hashlib.sha1()
        for camera in self.cameras:
            digest.update(repr((camera.name, camera.size, camera.lens)).encode())
            for array in (camera.K, camera.dist_full, camera.R_w2c, camera.t_w2c):
                digest.update(array.tobytes())
        return digest.hexdigest()[:16]

    def select(self, names: Sequence[str]) -> CameraRig:
        """The rig of the named cameras, in the order given.

        Raises:
            InputError: A name is not in the rig; lists those that are.
        """
        missing = [str(name) for name in names if str(name) not in self._by_name]
        if missing:
            raise InputError(
                f'no camera {list_names([repr(name) for name in missing])} in the rig; '
                f'it has {list_names(self.names)}',
                code='unknown-camera',
                camera=missing[0],
                found=missing[0],
                expected=self.names,
            )
        return CameraRig(tuple(self[str(name)] for name in names))

    def sample(self, most: int) -> CameraRig:
        """At most so many of the cameras, in their order: the same random ones at every call."""
        if len(self) <= most:
            return self
        chosen = np.random.default_rng(0).choice(len(self), most, replace=False)
        return CameraRig(tuple(self.cameras[i] for i in sorted(chosen)))

    def with_size(self, size: tuple[int, int]) -> CameraRig:
        """Fill in the image size of the cameras that have none.

        Args:
            size: (width, height) in pixels.

        Raises:
            InputError: A principal point lies outside an image of that size.
        """
        return CameraRig(
            tuple(dataclasses.replace(c, size=size) if c.size is None else c for c in self)
        )

    def moved(self, shift_mm: np.ndarray) -> CameraRig:
        """The rig in a world whose origin moved: ``x_new = x_old + shift_mm``."""
        return CameraRig(
            tuple(
                dataclasses.replace(c, t_w2c=c.t_w2c - c.R_w2c @ np.asarray(shift_mm)) for c in self
            )
        )

    def in_world(self, new_from_old: np.ndarray, scale: float = 1.0) -> CameraRig:
        """The rig in a turned and rescaled world; see :meth:`Camera.in_world`."""
        return CameraRig(tuple(camera.in_world(new_from_old, scale) for camera in self))

    def project(self, xyz_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project world points (..., 3) in mm: ``uv`` (V, ..., 2) and ``valid`` (V, ...)."""
        xyz_w = np.asarray(xyz_w, dtype=np.float64)
        points = xyz_w.reshape(-1, 3)
        uv, valid = np.empty((len(self), len(points), 2)), np.empty((len(self), len(points)), bool)
        for rows, numbers in self._numbers:
            uv[rows], valid[rows] = projection.project(numbers, points)
        shape = len(self), *xyz_w.shape[:-1]
        return uv.reshape(*shape, 2), valid.reshape(shape)

    def normalise_points(self, uv: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """Take the lenses off pixels (V, ..., 2); see :meth:`Camera.normalise_points`."""
        uv = np.asarray(uv, dtype=np.float64)
        pixels = uv.reshape(len(self), -1, 2)
        known = None if known is None else known.reshape(pixels.shape[:2])
        rays = np.empty(pixels.shape)
        for rows, numbers in self._numbers:
            some = None if known is None else known[rows]
            rays[rows] = projection.normalise(numbers, pixels[rows], some)
        return rays.reshape(uv.shape)

    @functools.cached_property
    def _numbers(self) -> list[tuple[list[int] | int, projection.CameraNumbers]]:
        """Indices of cameras and their numbers: together those with a lens of OpenCV's."""
        together = [
            row for row, c in enumerate(self) if c.lens == 'opencv' and not c.dist_full[12:].any()
        ]
        parts: list[tuple[list[int] | int, projection.CameraNumbers]] = [
            (row, projection.CameraNumbers.of(camera))
            for row, camera in enumerate(self)
            if row not in set(together)
        ]
        if together:
            several = [self.cameras[row] for row in together]
            parts.append((together, projection.CameraNumbers.of_several(several)))
        return parts

    def sees(self, xyz_w: np.ndarray) -> np.ndarray:
        """Tell which cameras see which world points (..., 3): (V, ...) bool.

        Raises:
            InputError: An image size is unknown.
        """
        uv, _ = self.project(xyz_w)
        sizes = np.array([camera.need_size() for camera in self])
        edge = sizes.reshape(len(self), *(1,) * (uv.ndim - 2), 2) - 0.5
        with np.errstate(invalid='ignore'):
            return np.all((uv >= -0.5) & (uv < edge), axis=-1)


def farthest_pair(points: np.ndarray) -> tuple[int, int, float]:
    """Find the two points that are farthest apart.

    Args:
        points: (N, 3), in any unit.

    Returns:
        Their indices and their distance; of more than 200 points the distance is exact within
        1 %, in linear time.
    """
    index = np.arange(len(points))
    if len(points) > MANY_CAMERAS:
        # Directions of a Fibonacci spiral: one is within 9 degrees of the farthest pair's.
        height = (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
        angle = np.pi * (1 + 5**0.5) * np.arange(_DIRECTIONS)
        across = np.sqrt(1 - height * height)
        directions = np.stack([across * np.cos(angle), across * np.sin(angle), height])
        along = points @ directions
        index = np.unique(np.concatenate([along.argmin(0), along.argmax(0)]))
    some = points[index]
    distances = np.linalg.norm(some[:, None] - some, axis=-1)
    a, b = np.unravel_index(distances.argmax(), distances.shape)
    return int(index[a]), int(index[b]), float(distances[a, b])
