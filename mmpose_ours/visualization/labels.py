"""Names beside points of a drawing, so that none covers another or leaves the panel."""

from __future__ import annotations

from typing import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mmpose_ours.text import printable

LONGEST = 20
# Pixels from the point, and degrees to either side of the direction that is tried first.
DISTANCES = (7, 14, 22, 32, 44, 58, 76, 100, 130)
TURNS = (0, 25, -25, 50, -50, 75, -75, 100, -100, 130, -130, 180)
# A name farther away than this is tied to its point by a line.
TIED = 12
POINT_PX, GAP_PX = 5.0, 2.0


def plain(text: str, longest: int | None = LONGEST) -> str:
    """A text as it is, whatever Matplotlib takes for a formula or cannot draw, and not too long.

    Args:
        text: A name, a title.
        longest: How many characters it is cut to; None leaves it whole.
    """
    text = printable(text)
    if longest is not None and len(text) > longest:
        text = f'{text[: longest - 1]}…'
    return text.replace('$', r'\$')


def write_names(
    axes: Axes,
    points: np.ndarray,
    names: Sequence[str],
    away_from: np.ndarray,
    *,
    size: float = 9.0,
    colour: str = '#222222',
) -> list[np.ndarray]:
    """Write a name beside each point.

    Args:
        axes: The panel; its limits must be final.
        points: (N, 2) points in the panel's coordinates.
        names: N names.
        away_from: (2,) point that names turn away from first.
        size: Font size in points.
        colour: Of the names.

    Returns:
        For each name the box in pixels that it covers: left, bottom, right, top.
    """
    canvas = axes.figure.canvas
    assert isinstance(canvas, FigureCanvasAgg), 'made by new_sheet'
    renderer = canvas.get_renderer()
    panel = axes.get_window_extent()
    inside = np.array([panel.x0, panel.y0, panel.x1, panel.y1])
    anchors = axes.transData.transform(np.asarray(points, dtype=float).reshape(-1, 2))
    middle = axes.transData.transform(away_from)
    # Boxes that a name must not cover: the points, then the names already written.
    taken = [np.array([*(a - POINT_PX), *(a + POINT_PX)]) for a in anchors]
    written: list[np.ndarray] = []
    for index, (name, anchor) in enumerate(zip(names, anchors)):
        label = axes.annotate(
            plain(name), anchor, xycoords='figure pixels', fontsize=size, color=colour,
            ha='center', va='center', zorder=7, annotation_clip=False,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground='white')],
        )  # fmt: skip
        extent = label.get_window_extent(renderer)
        half = np.array([extent.width, extent.height]) / 2 + GAP_PX
        others = np.stack([*taken[:index], *taken[index + 1 :], *written] or [np.zeros(4)])
        spot, distance = _free_spot(anchor, anchor - middle, half, others, inside)
        label.set_position(tuple(spot))
        label.xyann = tuple(spot)
        label.anncoords = 'figure pixels'
        written.append(np.array([*(spot - half), *(spot + half)]))
        if distance > TIED:
            edge = spot + np.clip(anchor - spot, -half, half)
            ends = axes.transData.inverted().transform([anchor, edge])
            axes.plot(*ends.T, color=colour, linewidth=0.5, alpha=0.7, zorder=6)
    return written


def _free_spot(
    anchor: np.ndarray, away: np.ndarray, half: np.ndarray, others: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, float]:
    """The middle of the nearest free box around an anchor, and how far off its edge is."""
    length = np.linalg.norm(away)
    start = np.arctan2(away[1], away[0]) if length > 1e-9 else np.pi / 2
    best, least = (anchor, 0.0), np.inf
    for distance in DISTANCES:
        for turn in np.deg2rad(TURNS):
            direction = np.array([np.cos(start + turn), np.sin(start + turn)])
            reach = 1 / np.max(np.abs(direction) / half)  # from the box's middle to its edge
            spot = anchor + (distance + reach) * direction
            box = np.array([*(spot - half), *(spot + half)])
            shared = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
            covered = shared.clip(0).prod(1).sum()
            outside = np.maximum(0, [*(inside[:2] - box[:2]), *(box[2:] - inside[2:])]).sum()
            if covered + outside == 0:
                return spot, distance
            if covered + 100 * outside < least:
                best, least = (spot, float(distance)), covered + 100 * outside
    return best
