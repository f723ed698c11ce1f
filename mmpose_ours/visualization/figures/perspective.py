"""The scene in perspective: floor grid, the capture volume, a frustum per camera.

What every image of a rig has in common. Lines are projected with a :class:`Camera` of
our own, so that people can be drawn with the same projection.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import ArrayLike

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.visualization.labels import plain

SPACE_COLOUR, GRID_COLOUR, CAMERA_COLOUR = '#3c6e8f', '#d3dade', '#333333'
# A frustum's length as a share of the rig's extent.
FRUSTUM_SHARE, MIN_FRUSTUM_MM = 0.05, 300.0
# Rays of a wide lens are cut at this many frustum lengths, so that it stays a camera.
MAX_EDGE = 2.0
# Of rigs with more cameras a sample is drawn: cones and names of more cover each other.
MAX_DRAWN = 100


def draw_room(
    axes: Axes,
    rig: CameraRig,
    space: CaptureVolume | None,
    *,
    grid_mm: float = 1000.0,
    names: bool = True,
    space_colour: str = SPACE_COLOUR,
) -> Camera:
    """Draw the floor and the capture volume, and a frustum per camera.

    Args:
        axes: Where to draw; its limits are set and its frame is taken away.
        rig: V cameras, of more than 100 a sample is drawn; those without an image size become
            a stroke along their axis.
        space: The box; the floor's grid fills it. None draws the floor below the cameras.
        grid_mm: Distance between the lines of the grid.
        names: Whether to write each camera's name beside it.
        space_colour: The colour of the box.

    Returns:
        The camera that the scene is seen by: what it projects can be drawn on the axes.
    """
    low, high = (space.lower_mm, space.upper_mm) if space else _below(rig)
    rig = rig.sample(MAX_DRAWN)
    floor = float(np.clip(0.0, low[2], high[2]))
    box = np.array([[x, y, z] for z in (floor, high[2]) for x, y in ring(low, high)])
    extent = np.ptp(np.concatenate([rig.centers_w, box]), axis=0).max()
    frustums = [frustum(camera, max(FRUSTUM_SHARE * extent, MIN_FRUSTUM_MM)) for camera in rig]
    corners = np.concatenate([box, *(np.concatenate(lines) for lines in frustums)])
    viewer = overview(corners)

    def draw(lines: Sequence[ArrayLike], **style: Any) -> None:
        flat = [viewer.project(np.asarray(line, dtype=float))[0] for line in lines]
        axes.add_collection(LineCollection(flat, **style), autolim=False)

    grid = [
        [(x, low[1], floor), (x, high[1], floor)]
        for x in np.arange(np.ceil(low[0] / grid_mm) * grid_mm, high[0], grid_mm)
    ] + [
        [(low[0], y, floor), (high[0], y, floor)]
        for y in np.arange(np.ceil(low[1] / grid_mm) * grid_mm, high[1], grid_mm)
    ]
    draw(grid, colors=GRID_COLOUR, linewidths=0.7, zorder=0)
    ground, ceiling = box[:4], box[4:]
    if space is None:
        draw([[*ground, ground[0]]], colors=GRID_COLOUR, linewidths=0.7, zorder=0)
    else:
        draw([[*ground, ground[0]]], colors=space_colour, linewidths=1.2, zorder=1)
        draw([[*ceiling, ceiling[0]], *zip(ground, ceiling)], colors=space_colour,
             linewidths=0.8, linestyles=':', zorder=1)  # fmt: skip
    for camera, lines in zip(rig, frustums):
        draw(lines, colors=CAMERA_COLOUR, linewidths=0.9, zorder=1)
        if names:
            _write_name(axes, viewer, camera, lines)

    flat = viewer.project(corners)[0]
    # Room at the sides for the cameras' names.
    margin = np.ptp(flat, axis=0) * (0.13, 0.05)
    lower, upper = flat.min(0) - margin, flat.max(0) + margin
    axes.set_xlim(lower[0], upper[0])
    axes.set_ylim(upper[1], lower[1])
    axes.set_aspect('equal')
    axes.set_axis_off()
    return viewer


def _below(rig: CameraRig) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a flat box: the floor below the cameras, half a metre wider."""
    low, high = rig.centers_w.min(0) - 500.0, rig.centers_w.max(0) + 500.0
    return np.array([*low[:2], 0.0]), np.array([*high[:2], 0.0])


def _write_name(axes: Axes, viewer: Camera, camera: Camera, lines: Sequence[np.ndarray]) -> None:
    """The name goes to the side that the camera turns its back on."""
    back = viewer.project(np.stack([camera.center_w, lines[-1][:4].mean(0)]))[0]
    left = back[0, 0] < back[1, 0]
    axes.annotate(
        plain(camera.name), back[0], xytext=(-5 if left else 5, 3), textcoords='offset points',
        fontsize=9, ha='right' if left else 'left', color=CAMERA_COLOUR, zorder=5,
        bbox=dict(facecolor='white', alpha=0.75, linewidth=0, pad=0.8),
    )  # fmt: skip


def ring(
    low: Sequence[float] | np.ndarray, high: Sequence[float] | np.ndarray
) -> list[tuple[float, float]]:
    """The four corners (x, y) of a box, in the order of its edges."""
    return [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]


def overview(points: np.ndarray) -> Camera:
    """A camera above the scene, outside its front left corner, with all points before it."""
    middle = (points.min(0) + points.max(0)) / 2
    radius = np.linalg.norm(points - middle, axis=1).max()
    azimuth, elevation = np.deg2rad((-62.0, 30.0))
    direction = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    return Camera.looking_at('overview', middle + 4 * radius * direction, middle, 1000, (640, 480))


def frustum(camera: Camera, length_mm: float) -> list[np.ndarray]:
    """A camera's view cone as lines in the world.

    Args:
        camera: The camera.
        length_mm: How far the cone reaches along the camera's axis.

    Returns:
        Four edges (2, 3) from the lens and the rim (5, 3), last; without an image size the
        stroke (2, 3) along the axis.
    """
    if camera.size is None:
        tip = camera.center_w + length_mm * camera.R_w2c[2]
        return [np.stack([camera.center_w, tip])]
    tips = camera.center_w + length_mm * _corner_rays(camera) @ camera.R_w2c
    return [*(np.stack([camera.center_w, tip]) for tip in tips), np.append(tips, tips[:1], axis=0)]


def _corner_rays(camera: Camera) -> np.ndarray:
    """(4, 3) rays, z = 1, through the image's corners.

    Where a corner of a wide lens sees beyond the half space before the camera, the last
    ray on the way there that is no longer than :data:`MAX_EDGE` stands for it.
    """
    width, height = camera.size or (0, 0)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    middle = camera.K[:2, 2]
    rays = np.zeros((4, 2))
    for share in np.linspace(0.05, 1.0, 20):
        tried = camera.normalise_points(middle + share * (corners - middle))
        with np.errstate(invalid='ignore'):
            longer = (tried * tried).sum(-1) > (rays * rays).sum(-1)
            usable = longer & ((tried * tried).sum(-1) <= MAX_EDGE**2 - 1)
        rays[usable] = tried[usable]
    return np.concatenate([rays, np.ones((4, 1))], axis=1)
