"""The capture volume: the box in which people are searched."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.errors import InputError

# mm. No edge of a capture volume is shorter.
MIN_SIZE_MM = 500.0


@dataclasses.dataclass(frozen=True)
class CaptureVolume:
    """The axis-aligned box in which people are searched, axes along the world's.

    Args:
        center_mm: (x, y, z) of the middle of the box.
        size_mm: (x, y, z) edge lengths.

    Raises:
        InputError: An entry is not finite, a size is not positive, or the box is not of
            a room's size (0.5 m to 1 km), which means another unit than millimetres.

    Examples:
        >>> space = CaptureVolume(center_mm=(0, 0, 1000), size_mm=(6000, 4000, 2400))
        >>> space.contains(np.array([[0.0, 0.0, 900.0], [0.0, 2500.0, 900.0]])).tolist()
        [True, False]
    """

    center_mm: tuple[float, float, float]
    size_mm: tuple[float, float, float]

    def __post_init__(self) -> None:
        for field in ('center_mm', 'size_mm'):
            values = tuple(float(value) for value in getattr(self, field))
            finite = np.isfinite(values).all()
            if len(values) != 3 or not finite:
                raise InputError(
                    f'space {field} must be three finite numbers, got {values}',
                    code='wrong-shape' if finite else 'not-finite',
                    found=values,
                )
            object.__setattr__(self, field, values)
        if min(self.size_mm) < MIN_SIZE_MM or max(self.size_mm) > 1e6:
            raise InputError(
                f'a capture volume of {self.size_mm} mm is no room for people; '
                'sizes are millimetres (8 m = 8000)',
                code='out-of-range',
                found=self.size_mm,
                expected=(500, 1e6),
            )

    def __deepcopy__(self, memo: dict) -> CaptureVolume:
        """The space itself: it never changes, and every sample of a dataset carries it."""
        return self

    @property
    def lower_mm(self) -> np.ndarray:
        """(3,) smallest corner."""
        return np.asarray(self.center_mm) - np.asarray(self.size_mm) / 2

    @property
    def upper_mm(self) -> np.ndarray:
        """(3,) largest corner."""
        return np.asarray(self.center_mm) + np.asarray(self.size_mm) / 2

    def contains(self, xyz_w: np.ndarray, margin_mm: float = 0.0) -> np.ndarray:
        """Tell which world points (..., 3) lie inside, or outside by ``margin_mm``: (...) bool."""
        xyz_w = np.asarray(xyz_w)
        inside = (xyz_w >= self.lower_mm - margin_mm) & (xyz_w <= self.upper_mm + margin_mm)
        return np.asarray(inside.all(-1))
