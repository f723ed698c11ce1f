"""Uncertainty ellipses of points, enlarged so that they can be seen."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

ELLIPSE_COLOUR = '#7a1fa2'
# The largest standard deviation is drawn with about this share of the drawing, enlarged at most so
# many times.
SHARE, ENLARGEMENTS = 0.04, (1, 2, 5, 10, 20, 50, 100)


def enlargement(covariances: np.ndarray, extent: float) -> int:
    """How many times standard deviations are enlarged in a drawing of this extent.

    Args:
        covariances: (N, 3, 3); infinite ones do not count.
        extent: In the unit of the standard deviations.
    """
    known = covariances[np.isfinite(covariances).all((1, 2))]
    if not len(known):
        return 1
    largest = float(np.sqrt(np.linalg.eigvalsh(known)[:, -1].max(initial=0.0)))
    fitting = [times for times in ENLARGEMENTS if times * largest <= SHARE * extent]
    return max(fitting, default=1)


def draw_ellipses(axes: Axes, places: np.ndarray, covariances: np.ndarray, times: int) -> None:
    """Draw ellipses of one standard deviation.

    Args:
        axes: With square units.
        places: (N, 2) centres.
        covariances: (N, 2, 2); infinite ones are not drawn.
        times: They are drawn so many times as large.
    """
    for place, covariance in zip(places, covariances):
        if not np.isfinite(covariance).all():
            continue
        values, vectors = np.linalg.eigh(covariance)
        height, width = 2 * times * np.sqrt(np.maximum(values, 0.0))
        axes.add_patch(
            Ellipse(
                tuple(place),
                width,
                height,
                angle=float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))),
                facecolor='none',
                edgecolor=ELLIPSE_COLOUR,
                linewidth=1.6,
                zorder=5,
            )
        )
