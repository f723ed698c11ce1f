"""What stands still behind the people: a grid on the floor, the capture volume."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.visualization.figures.perspective import ring

GRID_MM = 1000.0
# A wider room gets a coarser grid.
MAX_LINES = 40
# Beyond the cameras and the space.
MARGIN_MM = 500.0
# The floor is z = 0 unless the capture volume begins farther away from it.
MAX_FLOOR_MM = 500.0


@dataclasses.dataclass(frozen=True, eq=False)
class Backdrop:
    """Lines of the scene.

    Args:
        grid: Segments (2, 3) on the floor, millimetres.
        box: Polylines (N, 3): ring on the floor, ring above, edges between; none without a
            space.
        grid_mm: Distance between the grid's lines.
        floor_mm: The z of the floor.
    """

    grid: list[np.ndarray]
    box: list[np.ndarray]
    grid_mm: float
    floor_mm: float = 0.0

    @classmethod
    def of(cls, rig: CameraRig, space: CaptureVolume | None) -> Backdrop:
        """The lines for a rig and its space: the floor below all cameras and the space."""
        spots = rig.centers_w[:, :2]
        if space is not None:
            spots = np.concatenate([spots, [space.lower_mm[:2], space.upper_mm[:2]]])
        low, high = spots.min(0) - MARGIN_MM, spots.max(0) + MARGIN_MM
        step = GRID_MM
        while ((high - low) / step).max() > MAX_LINES:
            step *= 2
        low, high = np.floor(low / step) * step, np.ceil(high / step) * step
        x, y = (np.arange(a, b + 1, step) for a, b in zip(low, high))
        z = 0.0 if space is None else _floor(space)
        grid = [np.array([[v, low[1], z], [v, high[1], z]]) for v in x]
        grid += [np.array([[low[0], v, z], [high[0], v, z]]) for v in y]
        return cls(grid, [] if space is None else _box(space), step, z)


def _floor(space: CaptureVolume) -> float:
    """The z of the floor: 0, or where the volume begins if that is somewhere else."""
    low = float(space.lower_mm[2])
    return 0.0 if abs(low) <= MAX_FLOOR_MM else low


def _box(space: CaptureVolume) -> list[np.ndarray]:
    low, high = space.lower_mm, space.upper_mm
    floor = max(_floor(space), float(low[2]))
    corners: np.ndarray = np.array(ring(low.tolist(), high.tolist()))
    below, above = (np.column_stack([corners, np.full(4, z)]) for z in (floor, high[2]))
    closed = [np.append(level, level[:1], axis=0) for level in (below, above)]
    return [*closed, *(np.stack(edge) for edge in zip(below, above))]
