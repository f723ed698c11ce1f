"""One image of one frame: the scene from above, and every view with the people drawn in.

Pure drawing with Matplotlib; no windows are opened.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.visualization.figures.perspective import SPACE_COLOUR, draw_room
from mmpose_ours.visualization.figures.sheet import add_panel, new_sheet, pixels_of
from mmpose_ours.visualization.labels import plain
from mmpose_ours.visualization.projected import project_before

TAB10 = [to_hex(colormaps['tab10'](index)) for index in range(10)]
TRUTH_COLOUR = '#8f8f8f'
DETECTION_COLOUR, DETECTION_EDGE = '#ffffff', '#6f6f6f'
# Inches: area of a view, height of its name, of the title and of the legend, gaps.
VIEW_AREA, NAME_HEIGHT, TITLE_HEIGHT, LEGEND_HEIGHT, GAP = 10.0, 0.27, 0.4, 0.32, 0.12
MIN_ROOM_HEIGHT = 4.6
# Characters above a view.
LONGEST_NAME = 30


def draw_frame(
    rig: CameraRig,
    space: CaptureVolume,
    poses: np.ndarray,
    joints: Skeleton | str = 'coco17',
    truth: np.ndarray | None = None,
    truth_joints: Skeleton | str | None = None,
    images: Sequence[np.ndarray | None] | None = None,
    keypoints_2d: np.ndarray | None = None,
    title: str = '',
) -> np.ndarray:
    """Draw people of one frame in the scene and over every view.

    Args:
        rig: V cameras with image sizes.
        space: The capture volume, drawn as a box.
        poses: (P, J, 3) people in millimetres, NaN where a joint is missing.
        joints: Their skeleton.
        truth: (G, J', 3) true people, drawn in grey below the others, NaN where missing.
        truth_joints: Their skeleton; None means ``joints``.
        images: One RGB image per view or None; views without one get a blank sheet.
        keypoints_2d: (V, P', J, 3) detections ``u, v, score``, drawn as light dots.
        title: Text above the image.

    Returns:
        (H, W, 3) uint8 RGB image.

    Raises:
        InputError: A camera's image size is unknown.
    """
    figure, room, views = _layout(rig, title)
    true_set = as_skeleton(truth_joints or joints)
    people = [(TRUTH_COLOUR, person, true_set, 2.2) for person in _people(truth)]
    people += [(colour, person, as_skeleton(joints), 1.0) for colour, person in _coloured(poses)]

    viewer = draw_room(room, rig, space)
    for colour, person, skeleton, width in people:
        _draw_person(room, viewer, person, skeleton, colour, 1.9 * width)
    for view, (camera, axes) in enumerate(zip(rig, views)):
        _draw_sheet(axes, camera, images[view] if images is not None else None)
        for colour, person, skeleton, width in people:
            _draw_person(axes, camera, person, skeleton, colour, 1.6 * width)
        if keypoints_2d is not None:
            found = np.asarray(keypoints_2d[view])
            found = found[found[..., 2] > 0]
            u, v = found[:, :2].T
            axes.scatter(
                u, v, s=5, c=DETECTION_COLOUR, edgecolors=DETECTION_EDGE,
                linewidths=0.5, zorder=4,
            )  # fmt: skip
    _draw_legend(figure, truth is not None, keypoints_2d is not None)
    return pixels_of(figure)


def _layout(rig: CameraRig, title: str) -> tuple[Figure, Axes, list[Axes]]:
    """The sheet: the scene at the left, the views in a grid beside it, nothing wasted."""
    unsized = [camera.name for camera in rig if camera.size is None]
    if unsized:
        raise InputError(
            f'the image size of camera {", ".join(unsized)} is unknown; say it first',
            code='missing-value',
            camera=unsized[0],
            found=unsized,
            expected='image_size',
        )
    sizes = [camera.need_size() for camera in rig]
    tallness = float(np.median([height / width for width, height in sizes]))
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
    figure = new_sheet(*total)

    room = add_panel(figure, (GAP, LEGEND_HEIGHT, room_width, room_height))
    top = LEGEND_HEIGHT + (room_height + tall) / 2
    views = []
    for view in range(len(rig)):
        row, column = divmod(view, columns)
        left = room_width + 2 * GAP + column * (width + GAP)
        bottom = top - (row + 1) * (height + NAME_HEIGHT + GAP) + GAP
        views.append(add_panel(figure, (left, bottom, width, height)))
    figure.text(0.5, 1 - 0.5 * TITLE_HEIGHT / total[1], plain(title, None), fontsize=12,
                ha='center', va='center')  # fmt: skip
    return figure, room, views


def _people(poses: np.ndarray | None) -> list[np.ndarray]:
    if poses is None:
        return []
    return [np.asarray(person, dtype=float) for person in poses if np.isfinite(person).any()]


def _coloured(poses: np.ndarray) -> list[tuple[str, np.ndarray]]:
    # Without tab10's grey, which is the truth's.
    palette = [c for i, c in enumerate(TAB10) if i != 7]
    return [(palette[i % len(palette)], person) for i, person in enumerate(_people(poses))]


def _draw_person(
    axes: Axes, camera: Camera, person: np.ndarray, skeleton: Skeleton, colour: str, width: float
) -> None:
    """Draw the joints (J, 3) that are known and well before the camera, and their limbs."""
    uv = project_before(camera, person)
    known = np.isfinite(uv).all(-1)
    a, b = skeleton.limb_indices.T
    limbs = uv[skeleton.limb_indices[known[a] & known[b]]]
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
    width, height = camera.need_size()
    if image is None:
        axes.set_facecolor('#f6f6f4')
    else:
        axes.imshow(image, extent=(-0.5, width - 0.5, height - 0.5, -0.5), zorder=1)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_aspect('equal')
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(plain(camera.name, LONGEST_NAME), fontsize=10, pad=4)
    axes.set_autoscale_on(False)


def _draw_legend(figure: Figure, truth: bool, detections: bool) -> None:
    entries = [
        Line2D([], [], color=TAB10[0], linewidth=2,
               label='3D poses (one colour per person)')
    ]  # fmt: skip
    if truth:
        entries.append(Line2D([], [], color=TRUTH_COLOUR, linewidth=4, label='ground truth'))
    if detections:
        entries.append(
            Line2D([], [], linestyle='', marker='o', markersize=4, label='2D detections',
                   markerfacecolor=DETECTION_COLOUR, markeredgecolor=DETECTION_EDGE)
        )  # fmt: skip
    entries.append(Line2D([], [], color=SPACE_COLOUR, linewidth=1.2,
                          label='capture volume, 1 m grid'))  # fmt: skip
    figure.legend(handles=entries, loc='lower left', ncol=len(entries), frameon=False,
                  fontsize=9, borderaxespad=0.3)  # fmt: skip
