"""One picture of one instant: the room in 3D, and every view with the people drawn in.

Pure drawing with Matplotlib; no windows are opened.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmpose_ours.cameras import Camera, CameraRig, CaptureSpace
from mmpose_ours.keypoints import JOINT_SETS, JointSet

TRUTH_COLOUR = '#9a9a9a'
DETECTION_COLOUR = '#b5b5b5'
FRUSTUM_MM = 450.0


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
        rig: V cameras.
        space: The capture space, drawn as a box.
        poses: (P, J, 3) people in millimetres, NaN where a joint is missing.
        joints: Their joint set.
        truth: (G, J', 3) true people, drawn in grey, NaN where missing.
        truth_joints: Their joint set; None means ``joints``.
        images: One RGB image per view or None; views without one get a blank sheet.
        keypoints_2d: (V, P', J, 3) detections ``u, v, score``, drawn as grey dots.
        title: Text above the picture.

    Returns:
        (H, W, 3) uint8 RGB picture.
    """
    columns = 2 if len(rig) <= 4 else 3
    rows = -(-len(rig) // columns)
    figure = Figure(figsize=(6.5 + 4.2 * columns, max(5.2, 3.3 * rows)), dpi=100)
    canvas = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        rows, columns + 1, width_ratios=[1.7] + [1] * columns,
        left=0.01, right=0.99, bottom=0.02, top=0.92, wspace=0.04, hspace=0.16,
    )  # fmt: skip
    joint_set = JOINT_SETS[joints]
    true_set = JOINT_SETS[truth_joints or joints]
    room = figure.add_subplot(grid[:, 0], projection='3d')
    _draw_room(room, rig, space)
    for person in _people(truth):
        _draw_limbs(room, person, true_set, TRUTH_COLOUR, width=1.2)
    for colour, person in _coloured(poses):
        _draw_limbs(room, person, joint_set, colour, width=2.2)

    for view, camera in enumerate(rig):
        axes = figure.add_subplot(grid[view // columns, 1 + view % columns])
        image = images[view] if images is not None else None
        _draw_sheet(axes, camera, image)
        if keypoints_2d is not None:
            found = keypoints_2d[view][keypoints_2d[view][..., 2] > 0]
            axes.scatter(*found[:, :2].T, s=6, c=DETECTION_COLOUR, linewidths=0, zorder=2)
        for person in _people(truth):
            _draw_limbs(axes, camera.project(person)[0], true_set, TRUTH_COLOUR, width=1)
        for colour, person in _coloured(poses):
            _draw_limbs(axes, camera.project(person)[0], joint_set, colour, width=1.7)
    figure.suptitle(title, fontsize=11)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _people(poses: np.ndarray | None) -> list[np.ndarray]:
    if poses is None:
        return []
    return [np.asarray(person, dtype=float) for person in poses if np.isfinite(person).any()]


def _coloured(poses: np.ndarray):
    palette = colormaps['tab10'].colors
    return [(palette[i % len(palette)], person) for i, person in enumerate(_people(poses))]


def _draw_limbs(axes, points: np.ndarray, joint_set: JointSet, colour, width: float) -> None:
    """Draw limbs whose both ends are known; ``points`` is (J, 2) or (J, 3)."""
    for a, b in joint_set.limb_indices:
        if np.isfinite(points[[a, b]]).all():
            axes.plot(*points[[a, b]].T, color=colour, linewidth=width, zorder=3)


def _draw_sheet(axes, camera: Camera, image: np.ndarray | None) -> None:
    width, height = camera.size
    if image is None:
        axes.set_facecolor('#f6f6f4')
    else:
        axes.imshow(image, extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_aspect('equal')
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(camera.name, fontsize=9, pad=3)
    axes.set_autoscale_on(False)


def _draw_room(axes, rig: CameraRig, space: CaptureSpace) -> None:
    """The floor and the box of the space, and a small frustum per camera."""
    low, high = space.lower_mm, space.upper_mm
    floor = np.clip(0.0, low[2], high[2])
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    for z, style in ((floor, '-'), (high[2], ':')):
        ring = np.concatenate([corners, corners[:1]])
        axes.plot(*ring.T, np.full(5, z), color='#3c6e8f', linewidth=0.9, linestyle=style)
    for x, y in corners:
        axes.plot([x, x], [y, y], [floor, high[2]], color='#3c6e8f', linewidth=0.7, linestyle=':')
    for metre in np.arange(np.ceil(low[0] / 1000), high[0] / 1000) * 1000:
        axes.plot([metre] * 2, [low[1], high[1]], [floor] * 2, color='#d9dee2', linewidth=0.5)
    for metre in np.arange(np.ceil(low[1] / 1000), high[1] / 1000) * 1000:
        axes.plot([low[0], high[0]], [metre] * 2, [floor] * 2, color='#d9dee2', linewidth=0.5)
    for camera in rig:
        _draw_frustum(axes, camera)

    bounds = np.stack([np.append(rig.centers_w, [low], 0), np.append(rig.centers_w, [high], 0)])
    lower, upper = bounds.min((0, 1)), bounds.max((0, 1))
    lower[2] = min(lower[2], 0.0)
    axes.set_xlim(lower[0], upper[0])
    axes.set_ylim(lower[1], upper[1])
    axes.set_zlim(lower[2], upper[2])
    axes.set_box_aspect(np.maximum(upper - lower, 1.0), zoom=0.95)
    axes.view_init(elev=28, azim=-62)
    axes.set_axis_off()


def _draw_frustum(axes, camera: Camera) -> None:
    width, height = camera.size
    pixels = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    rays = np.concatenate([camera.normalise_points(pixels), np.ones((4, 1))], axis=1)
    tips = camera.center_w + FRUSTUM_MM * rays @ camera.R_w2c
    for tip, following in zip(tips, np.roll(tips, -1, axis=0)):
        axes.plot(*np.stack([camera.center_w, tip]).T, color='#444444', linewidth=0.7)
        axes.plot(*np.stack([tip, following]).T, color='#444444', linewidth=0.7)
    axes.text(*camera.center_w, f' {camera.name}', fontsize=7, color='#222222')
