"""A sheet of people from a bank of poses, a few dozen beside each other."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from mmpose_ours.errors import PathLike
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.poses.coverage import standardised
from mmpose_ours.synthetic.poses.pose_bank import PoseBank
from mmpose_ours.visualization.figures.sheet import add_panel, new_sheet, pixels_of, write_image
from mmpose_ours.visualization.labels import plain

COCO17 = SKELETONS['coco17']
LEFT_COLOUR, RIGHT_COLOUR, MIDDLE_COLOUR, FLOOR_COLOUR = '#c2410c', '#2f6f9f', '#555555', '#c9ced1'
COLUMNS, ROWS = 9, 4
# Inches: a person's panel, and what stands above all of them.
CELL, TITLE_HEIGHT = (1.35, 1.75), 0.42
# What a panel shows of the world: metres to each side, from a little below the floor upwards.
SIDE_MM, BELOW_MM, ABOVE_MM = 950.0, 180.0, 2280.0
# Seen from the front, a little from the left and from above.
AZIMUTH, ELEVATION = np.deg2rad((35.0, 12.0))


def draw_poses(bank: PoseBank, title: str = '') -> np.ndarray:
    """Draw evenly spread poses of a bank, all facing the same way.

    Args:
        bank: The poses, in millimetres, z up.
        title: Text above the image.

    Returns:
        (H, W, 3) uint8 RGB image: left limbs orange, right ones blue, the floor as a cross of
        a metre's length.
    """
    count = min(len(bank), COLUMNS * ROWS)
    few = bank.take(np.linspace(0, len(bank) - 1, count).astype(int))
    rows = -(-count // COLUMNS)
    width, height = COLUMNS * CELL[0], rows * CELL[1] + TITLE_HEIGHT
    sheet = new_sheet(width, height)
    sheet.text(0.5, 1 - 0.5 * TITLE_HEIGHT / height, plain(title, None), fontsize=11,
               ha='center', va='center')  # fmt: skip
    for index, (pose, visible) in enumerate(zip(_facing(few), few.visible)):
        row, column = divmod(index, COLUMNS)
        bottom = height - TITLE_HEIGHT - (row + 1) * CELL[1]
        axes = add_panel(sheet, (column * CELL[0], bottom, *CELL))
        _draw_person(axes, pose, visible)
    return pixels_of(sheet)


def write_poses_image(path: PathLike, bank: PoseBank, title: str = '') -> None:
    """Write :func:`draw_poses`'s image to a file, whole or not at all.

    Raises:
        InputError: The file's ending is that of no format that holds the image.
        OSError: The file cannot be written.
    """
    write_image(path, draw_poses(bank, title))


def _facing(bank: PoseBank) -> np.ndarray:
    """(N, 17, 3) poses turned to face +x, as large and as high as they are."""
    turned = standardised(bank).poses
    root = COCO17.root_of(bank.poses)
    size = np.linalg.norm(bank.poses - root[:, None], axis=-1).sum(1)
    size = size / np.maximum(np.linalg.norm(turned, axis=-1).sum(1), 1e-9)
    turned = turned * size[:, None, None]
    turned[..., 2] += root[:, None, 2]
    return turned


def _on_paper(xyz: np.ndarray) -> np.ndarray:
    """(..., 3) world to (..., 2) paper, in parallel projection."""
    across = xyz[..., 1] * np.cos(AZIMUTH) - xyz[..., 0] * np.sin(AZIMUTH)
    away = xyz[..., 0] * np.cos(AZIMUTH) + xyz[..., 1] * np.sin(AZIMUTH)
    up = xyz[..., 2] * np.cos(ELEVATION) - away * np.sin(ELEVATION)
    return np.stack([across, up], axis=-1)


def _draw_person(axes: Axes, pose: np.ndarray, visible: np.ndarray) -> None:
    floor = np.array([[[-500, 0, 0], [500, 0, 0]], [[0, -500, 0], [0, 500, 0]]], dtype=float)
    axes.add_collection(LineCollection(list(_on_paper(floor)), colors=FLOOR_COLOUR, linewidths=1.0))
    limbs = [pair for pair in COCO17.limb_indices if visible[pair].all()]
    colours = [_colour(*pair) for pair in limbs]
    lines = list(_on_paper(pose[np.array(limbs, dtype=int).reshape(-1, 2)]))
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=1.7, capstyle='round'))
    axes.plot(*_on_paper(pose[visible]).T, '.', color=MIDDLE_COLOUR, markersize=2.4)
    axes.set_xlim(-SIDE_MM, SIDE_MM)
    axes.set_ylim(-BELOW_MM, ABOVE_MM)
    axes.set_aspect('equal')
    axes.set_axis_off()


def _colour(first: int, second: int) -> str:
    sides = {COCO17.joints[joint].partition('_')[0] for joint in (first, second)} - {'nose'}
    if sides == {'left'}:
        return LEFT_COLOUR
    return RIGHT_COLOUR if sides == {'right'} else MIDDLE_COLOUR
