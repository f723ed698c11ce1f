"""One picture of one instant: the room from above, and every view with the people drawn in.

Pure drawing with Matplotlib; no windows are opened.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmpose_ours.cameras import Camera, CameraRig, CaptureSpace
from mmpose_ours.keypoints import JOINT_SETS, JointSet

TRUTH_COLOUR = '#8f8f8f'
DETECTION_COLOUR, DETECTION_EDGE = '#ffffff', '#6f6f6f'
SPACE_COLOUR, GRID_COLOUR, CAMERA_COLOUR = '#3c6e8f', '#d3dade', '#333333'
# A frustum's length as a share of the rig's extent.
FRUSTUM_SHARE, MIN_FRUSTUM_MM = 0.05, 300.0
# A limb with an end nearer to the lens than this becomes a streak across the picture.
NEAR_MM = 300.0
# Inches: area of a view, height of its name, of the title and of the legend, gaps.
VIEW_AREA, NAME_HEIGHT, TITLE_HEIGHT, LEGEND_HEIGHT, GAP = 10.0, 0.27, 0.4, 0.32, 0.12
MIN_ROOM_HEIGHT = 4.6


def draw_instant(
    rig: CameraRig,
    space: CaptureSpace,
    poses: np.ndarray,
    joints: str = 'coco17',
    truth: np.ndarray | None = None,
    truth_joints: str | None = None,
    images: Sequence[np.ndarray | None] | None = None,
    keypoints_2d: np.ndarray | None = None,
    title: str = '',
) -> np.ndarray:
    """Draw people of one instant in the room and over every view.

    Args:
        rig: V cameras with image sizes.
        space: The capture space, drawn as a box.
        poses: (P, J, 3) people in millimetres, NaN where a joint is missing.
        joints: Their joint set.
        truth: (G, J', 3) true people, drawn in grey below the others, NaN where missing.
        truth_joints: Their joint set; None means ``joints``.
        images: One RGB image per view or None; views without one get a blank sheet.
        keypoints_2d: (V, P', J, 3) detections ``u, v, score``, drawn as light dots.
        title: Text above the picture.

    Returns:
        (H, W, 3) uint8 RGB picture.

    Raises:
        ValueError: A camera's image size is unknown.
    """
    figure, room, views = _layout(rig, title)
    canvas = FigureCanvasAgg(figure)
    true_set = JOINT_SETS[truth_joints or joints]
    people = [(TRUTH_COLOUR, person, true_set, 2.2) for person in _people(truth)]
    people += [(colour, person, JOINT_SETS[joints], 1.0) for colour, person in _coloured(poses)]

    viewer = _draw_room(room, rig, space)
    for colour, person, joint_set, width in people:
        _draw_person(room, viewer, person, joint_set, colour, 1.9 * width)
    for view, (camera, axes) in enumerate(zip(rig, views)):
        _draw_sheet(axes, camera, images[view] if images is not None else None)
        for colour, person, joint_set, width in people:
            _draw_person(axes, camera, person, joint_set, colour, 1.6 * width)
        if keypoints_2d is not None:
            found = np.asarray(keypoints_2d[view])
            found = found[found[..., 2] > 0]
            axes.scatter(
                *found[:, :2].T, s=5, c=DETECTION_COLOUR, edgecolors=DETECTION_EDGE,
                linewidths=0.5, zorder=4,
            )  # fmt: skip
    _draw_legend(figure, truth is not None, keypoints_2d is not None)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _layout(rig: CameraRig, title: str) -> tuple[Figure, Axes, list[Axes]]:
    """The sheet: the room at the left, the views in a grid beside it, nothing wasted."""
    unsized = [camera.name for camera in rig if camera.size is None]
    if unsized:
        raise ValueError(f'the image size of camera {", ".join(unsized)} is unknown; say it first')
    tallness = float(np.median([camera.size[1] / camera.size[0] for camera in rig]))
    width, height = (VIEW_AREA / tallness) ** 0.5, (VIEW_AREA * tallness) ** 0.5
    columns = 1 if len(rig) <= 2 else int(np.ceil(len(rig) ** 0.5))
    rows = -(-len(rig) // columns)
    tall = rows * (height + NAME_HEIGHT + GAP)
    room_height = max(tall, MIN_ROOM_HEIGHT)
    room_width = float(np.clip(1.3 * room_height, 6.0, 8.0))
    total = np.array(
        [
            room_width + columns * (width + GAP) + 2 * GAP,
            TITLE_HEIGHT + room_height + LEGEND_HEIGHT,
        ]
    )
    figure = Figure(figsize=tuple(total), dpi=100)

    def place(left: float, bottom: float, width: float, height: float) -> Axes:
        return figure.add_axes((left / total[0], bottom / total[1], width / total[0],
                                height / total[1]))  # fmt: skip

    room = place(GAP, LEGEND_HEIGHT, room_width, room_height)
    top = LEGEND_HEIGHT + (room_height + tall) / 2
    views = []
    for view in range(len(rig)):
        row, column = divmod(view, columns)
        left = room_width + 2 * GAP + column * (width + GAP)
        bottom = top - (row + 1) * (height + NAME_HEIGHT + GAP) + GAP
        views.append(place(left, bottom, width, height))
    figure.text(0.5, 1 - 0.5 * TITLE_HEIGHT / total[1], title, fontsize=12, ha='center',
                va='center')  # fmt: skip
    return figure, room, views


def _people(poses: np.ndarray | None) -> list[np.ndarray]:
    if poses is None:
        return []
    return [np.asarray(person, dtype=float) for person in poses if np.isfinite(person).any()]


def _coloured(poses: np.ndarray):
    # Without tab10's grey, which is the truth's.
    palette = [c for i, c in enumerate(colormaps['tab10'].colors) if i != 7]
    return [(palette[i % len(palette)], person) for i, person in enumerate(_people(poses))]


def _draw_person(
    axes: Axes, camera: Camera, person: np.ndarray, joint_set: JointSet, colour, width: float
) -> None:
    """Draw the joints (J, 3) that are known and well before the camera, and their limbs."""
    depth = camera.to_camera(person)[..., 2]
    with np.errstate(invalid='ignore'):
        uv = np.where((depth >= NEAR_MM)[:, None], camera.project(person)[0], np.nan)
    known = np.isfinite(uv).all(-1)
    a, b = joint_set.limb_indices.T
    limbs = uv[joint_set.limb_indices[known[a] & known[b]]]
    truth = colour == TRUTH_COLOUR
    lines = LineCollection(
        limbs, colors=[colour], linewidths=width, capstyle='round', zorder=2 if truth else 3
    )
    if not truth:  # a light rim, so that colours stand out from images
        rim = patheffects.withStroke(linewidth=width + 1.2, foreground='white', alpha=0.6)
        lines.set_path_effects([rim])
    axes.add_collection(lines, autolim=False)
    axes.plot(*uv[known].T, '.', color=colour, markersize=1.6 * width, zorder=2 if truth else 3)


def _draw_sheet(axes: Axes, camera: Camera, image: np.ndarray | None) -> None:
    width, height = camera.size
    if image is None:
        axes.set_facecolor('#f6f6f4')
    else:
        axes.imshow(image, extent=(-0.5, width - 0.5, height - 0.5, -0.5), zorder=1)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_aspect('equal')
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(camera.name, fontsize=10, pad=4)
    axes.set_autoscale_on(False)


def _draw_room(axes: Axes, rig: CameraRig, space: CaptureSpace) -> Camera:
    """The floor and the box of the space, and a frustum per camera.

    Returns:
        The camera that the room is seen by: what it projects can be drawn on the axes.
    """
    low, high = space.lower_mm, space.upper_mm
    floor = float(np.clip(0.0, low[2], high[2]))
    box = np.array([[x, y, z] for z in (floor, high[2]) for x, y in _ring(low, high)])
    extent = np.ptp(np.concatenate([rig.centers_w, box]), axis=0).max()
    frustums = [_frustum(camera, max(FRUSTUM_SHARE * extent, MIN_FRUSTUM_MM)) for camera in rig]
    corners = np.concatenate([box, *(np.concatenate(lines) for lines in frustums)])
    viewer = _overview(corners)

    def draw(lines, **style) -> None:
        flat = [viewer.project(np.asarray(line, dtype=float))[0] for line in lines]
        axes.add_collection(LineCollection(flat, **style), autolim=False)

    grid = [
        [(x, low[1], floor), (x, high[1], floor)]
        for x in np.arange(np.ceil(low[0] / 1000) * 1000, high[0], 1000)
    ] + [
        [(low[0], y, floor), (high[0], y, floor)]
        for y in np.arange(np.ceil(low[1] / 1000) * 1000, high[1], 1000)
    ]
    draw(grid, colors=GRID_COLOUR, linewidths=0.7, zorder=0)
    ground, ceiling = box[:4], box[4:]
    draw([[*ground, ground[0]]], colors=SPACE_COLOUR, linewidths=1.2, zorder=1)
    draw([[*ceiling, ceiling[0]], *zip(ground, ceiling)], colors=SPACE_COLOUR, linewidths=0.8,
         linestyles=':', zorder=1)  # fmt: skip
    for camera, lines in zip(rig, frustums):
        draw(lines, colors=CAMERA_COLOUR, linewidths=0.9, zorder=1)
        # The name goes to the side that the camera turns its back on.
        back = viewer.project(np.stack([camera.center_w, lines[4][:4].mean(0)]))[0]
        left = back[0, 0] < back[1, 0]
        axes.annotate(
            camera.name, back[0], xytext=(-5 if left else 5, 3), textcoords='offset points',
            fontsize=9, ha='right' if left else 'left', color=CAMERA_COLOUR, zorder=5,
            bbox=dict(facecolor='white', alpha=0.75, linewidth=0, pad=0.8),
        )  # fmt: skip

    flat = viewer.project(corners)[0]
    # Room at the sides for the cameras' names.
    margin = np.ptp(flat, axis=0) * (0.13, 0.05)
    lower, upper = flat.min(0) - margin, flat.max(0) + margin
    axes.set_xlim(lower[0], upper[0])
    axes.set_ylim(upper[1], lower[1])
    axes.set_aspect('equal')
    axes.set_axis_off()
    return viewer


def _ring(low: np.ndarray, high: np.ndarray) -> list[tuple[float, float]]:
    return [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]


def _overview(points: np.ndarray) -> Camera:
    """A camera above the room, outside its front left corner, with all points before it."""
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


def _frustum(camera: Camera, length_mm: float) -> list[np.ndarray]:
    """A camera's view cone as lines: four edges from the lens, and the rim."""
    width, height = camera.size
    pixels = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    rays = np.concatenate([camera.normalise_points(pixels), np.ones((4, 1))], axis=1)
    tips = camera.center_w + length_mm * rays @ camera.R_w2c
    return [*(np.stack([camera.center_w, tip]) for tip in tips), np.append(tips, tips[:1], axis=0)]


def _draw_legend(figure: Figure, truth: bool, detections: bool) -> None:
    entries = [
        Line2D([], [], color=colormaps['tab10'].colors[0], linewidth=2,
               label='people found (a colour each)')
    ]  # fmt: skip
    if truth:
        entries.append(Line2D([], [], color=TRUTH_COLOUR, linewidth=4, label='truth'))
    if detections:
        entries.append(
            Line2D([], [], linestyle='', marker='o', markersize=4, label='2D detections',
                   markerfacecolor=DETECTION_COLOUR, markeredgecolor=DETECTION_EDGE)
        )  # fmt: skip
    entries.append(Line2D([], [], color=SPACE_COLOUR, linewidth=1.2,
                          label='capture space, 1 m grid'))  # fmt: skip
    figure.legend(handles=entries, loc='lower left', ncol=len(entries), frameon=False,
                  fontsize=9, borderaxespad=0.3)  # fmt: skip
