"""Whether both sides compute the same: checked before anything is timed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.problem import read_problem, voxel_centers
from benchmarks.worker import Worker

# Heatmaps and volumes hold values from 0 to 1; joints are those of 64 voxels along a cube.
VALUE_TOLERANCE, JOINT_TOLERANCE_MM = 1e-4, 0.1
# A voxel this close to the border of an image may fall on either side of it in single precision.
BORDER_PX = 0.05
TAIL = np.exp(-0.5 * 3.0**2)


class DisagreementError(RuntimeError):
    """The two sides do not compute the same: their times do not compare."""


def check_agreement(folder: Path, ours: Worker, stock: Worker) -> dict[str, Any]:
    """Compare what both sides compute on 3 people of a problem.

    Returns:
        ``heatmaps``, ``coarse_projection`` and ``person_projection`` (largest difference),
        ``joints_mm`` (largest distance of the same joint), ``unclear_voxels`` (share of voxels
        left out, because they project onto the border of an image).

    Raises:
        DisagreementError: A difference is beyond its tolerance.
    """
    files = {side: folder / f'outputs_{side}.npz' for side in ('ours', 'stock')}
    ours.ask('outputs', file=str(files['ours']))
    stock.ask('outputs', file=str(files['stock']))
    outputs = {side: dict(np.load(file)) for side, file in files.items()}
    settings, rig, space = read_problem(folder)

    clear = _clear(rig, voxel_centers(space.center_mm, space.size_mm, settings['bins']))
    cubes = np.load(folder / 'people_3.npz')['poses'][:, [11, 12]].mean(1)
    clear_cubes = np.stack(
        [_clear(rig, voxel_centers(c, (2000.0,) * 3, settings['person_bins'])) for c in cubes]
    )
    found = dict(
        heatmaps=_heatmap_difference(outputs['ours']['heatmaps'], outputs['stock']['heatmaps']),
        coarse_projection=_largest(outputs, 'coarse', clear.reshape(settings['bins'])),
        person_projection=_largest(
            outputs, 'person', clear_cubes.reshape(-1, 1, *settings['person_bins'])
        ),
        joints_mm=_joint_distance(outputs['ours']['poses'], outputs['stock']['poses']),
    )
    allowed = dict.fromkeys(found, VALUE_TOLERANCE)
    # Rounding moves a joint by a share of a voxel; small volumes have large ones.
    allowed['joints_mm'] = JOINT_TOLERANCE_MM * 64 / settings['person_bins'][0]
    for name, difference in found.items():
        if not difference <= allowed[name]:
            raise DisagreementError(
                f'{name}: ours and stock differ by {difference:.3g}, {allowed[name]:g} is '
                'allowed; their times would not compare'
            )
    return dict(found, unclear_voxels=float(1 - clear.mean()))


def bfloat16_error_mm(folder: Path) -> dict[str, float]:
    """How far bfloat16 moves joints, against float32, in the cubes around 3 people."""
    outputs = np.load(folder / 'outputs_ours.npz')
    moved = np.linalg.norm(outputs['in_cubes_bfloat16'] - outputs['in_cubes'], axis=-1)
    return dict(median=float(np.median(moved)), largest=float(moved.max()))


def _clear(rig, points: np.ndarray) -> np.ndarray:
    """Which points project clearly inside or outside of every image, before every camera."""
    clear = np.ones(len(points), dtype=bool)
    for camera in rig:
        uv, valid = camera.project(points)
        border = np.minimum(np.abs(uv), np.abs(uv - np.array(camera.size))).min(-1)
        clear &= valid & (border > BORDER_PX)
    return clear


def _largest(outputs: dict, name: str, clear: np.ndarray) -> float:
    """Largest difference of volumes (..., J, X, Y, Z) over the clear voxels."""
    return float((np.abs(outputs['ours'][name] - outputs['stock'][name]) * clear).max())


def _heatmap_difference(ours: np.ndarray, stock: np.ndarray) -> float:
    """Largest difference of heatmaps within three sigmas of a peak.

    Beyond, where a peak is below ``TAIL``, stock draws one pixel more.
    """
    difference = np.abs(ours - stock)
    drawn = np.minimum(ours, stock) > TAIL
    if (difference[~drawn] > TAIL).any() or not drawn.any():
        return float(difference.max())
    return float(difference[drawn].max())


def _joint_distance(ours: np.ndarray, stock: np.ndarray) -> float:
    """Largest distance in mm between joints (P, J, 3); infinite for different numbers of people."""
    if ours.shape != stock.shape:
        return float('inf')
    return float(np.linalg.norm(ours - stock, axis=-1).max())
