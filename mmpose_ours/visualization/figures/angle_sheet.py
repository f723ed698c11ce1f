"""Joint angles over time on one sheet: a panel per angle, left and right in two colours."""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.kinematics.joint_angles import LIMB_ANGLES, TRUNK_ANGLES, JointAngles
from mmpose_ours.visualization.figures.sheet import add_panel, new_sheet, pixels_of, write_image

# Of left and right limbs; blue and vermilion differ for every kind of colour vision.
COLOURS = {'r': '#d55e00', 'l': '#0072b2', '': '#333333'}
COLUMNS = 4
# Inches: a panel, and the space around it for numbers and names.
PANEL, GAP, MARGIN = (3.1, 1.35), (0.75, 0.62), (0.7, 0.75)
# An axis that spans less shows noise as motion.
MIN_SPAN_DEG = 10.0


def draw_angles(angles: JointAngles, title: str = '') -> np.ndarray:
    """Draw the angles that are known in some frame; a line ends where an angle is not known.

    Args:
        angles: Of one person.
        title: Text above the image.

    Returns:
        (H, W, 3) uint8 RGB image.
    """
    panels = [(name, ('',)) for name in TRUNK_ANGLES] + [(name, ('r', 'l')) for name in LIMB_ANGLES]
    drawn = [(name, sides) for name, sides in panels if _known(angles, name, sides)]
    rows = max(1, math.ceil(len(drawn) / COLUMNS))
    width = 2 * MARGIN[0] + COLUMNS * PANEL[0] + (COLUMNS - 1) * GAP[0]
    height = 2 * MARGIN[1] + rows * PANEL[1] + (rows - 1) * GAP[1]
    sheet = new_sheet(width, height)
    sheet.text(MARGIN[0] / width, 1 - 0.28 / height, title, fontsize=13, va='center')
    across = 1 - MARGIN[0] / width
    for letter, label in (('l', 'left'), ('r', 'right')):
        sheet.text(across, 1 - 0.28 / height, label, fontsize=11, color=COLOURS[letter],
                   ha='right', va='center')  # fmt: skip
        across -= 0.55 / width
    for index, (name, sides) in enumerate(drawn):
        row, column = divmod(index, COLUMNS)
        left = MARGIN[0] + column * (PANEL[0] + GAP[0])
        bottom = height - MARGIN[1] - PANEL[1] - row * (PANEL[1] + GAP[1])
        axes = add_panel(sheet, (left, bottom, *PANEL))
        for side in sides:
            values = angles.of(f'{name}_{side}' if side else name)
            alone = _alone(values)
            axes.plot(angles.seconds, values, color=COLOURS[side], linewidth=1.3)
            axes.plot(angles.seconds[alone], values[alone], '.', color=COLOURS[side], markersize=3)
        low, high = axes.get_ylim()
        if high - low < MIN_SPAN_DEG:
            middle = (low + high) / 2
            axes.set_ylim(middle - MIN_SPAN_DEG / 2, middle + MIN_SPAN_DEG / 2)
        if len(angles.seconds) > 1:
            axes.set_xlim(float(angles.seconds[0]), float(angles.seconds[-1]))
        axes.set_title(name.replace('_', ' '), fontsize=10, loc='left')
        axes.tick_params(labelsize=8)
        axes.grid(color='#dddddd', linewidth=0.6)
        axes.spines[['top', 'right']].set_visible(False)
        if column == 0:
            axes.set_ylabel('degrees', fontsize=9)
        if index >= len(drawn) - COLUMNS:
            axes.set_xlabel('time (s)', fontsize=9)
    return pixels_of(sheet)


def write_angles_image(path: PathLike, angles: JointAngles, title: str = '') -> None:
    """Write :func:`draw_angles`' image to a file, whole or not at all.

    Raises:
        InputError: The file's ending is that of no format that holds the image.
        OSError: The file cannot be written.
    """
    write_image(path, draw_angles(angles, title))


def _known(angles: JointAngles, name: str, sides: tuple[str, ...]) -> bool:
    names = [f'{name}_{side}' if side else name for side in sides]
    return any(np.isfinite(angles.of(one)).any() for one in names)


def _alone(values: np.ndarray) -> np.ndarray:
    """(T,) where a value is known between two that are not, which no line shows."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    return known[1:-1] & ~known[:-2] & ~known[2:]
