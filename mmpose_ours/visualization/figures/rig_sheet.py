"""A rig on one sheet: from above with what the cameras see, in perspective, and from the side.

Pure drawing with Matplotlib; no windows are opened.
"""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle

from mmpose_ours.calibration.capture_volume import PERSON_MM, cells_per_side, views_of_people
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.visualization.figures.ellipses import (
    ELLIPSE_COLOUR,
    draw_ellipses,
    enlargement,
)
from mmpose_ours.visualization.figures.perspective import (
    CAMERA_COLOUR,
    MAX_DRAWN,
    draw_room,
    frustum,
    ring,
)
from mmpose_ours.visualization.figures.sheet import add_panel, new_sheet, pixels_of, write_image
from mmpose_ours.visualization.labels import plain, write_names

# Vermilion stands out from the map's yellow to blue for every kind of colour vision.
BOX_COLOUR, PERSON_COLOUR = '#c2410c', '#555555'
NOBODY, ONE_VIEW = '#ffffff', '#e2e2e2'
# Inches: the sheet and its panels (left, bottom, width, height).
SHEET = (15.0, 9.2)
TOP = (0.75, 1.35, 7.3, 7.3)
BAR = (0.75, 0.62, 5.0, 0.16)
ROOM = (8.35, 3.95, 6.5, 4.55)
SIDE = (9.05, 0.95, 5.75, 2.35)
CONE_SHARE, MIN_CONE_MM = 0.09, 300.0
# With more cameras than this cones and names are smaller, and the side view has no names.
MANY = 12
MAP_CELLS = 110
MOST_LINES = 22


def draw_rig(
    rig: CameraRig,
    space: CaptureVolume | None = None,
    title: str = '',
    center_cov_mm2: np.ndarray | None = None,
) -> np.ndarray:
    """Draw where the cameras stand, where they look, and how many see a person where.

    Args:
        rig: V cameras in millimetres, z up. Those without an image size are drawn without a
            viewing cone and count nowhere as seeing. Of more than 100 cameras all count as
            seeing and have a point, and a sample has cones and names, as the legend says.
        space: The capture volume, drawn as a box.
        title: Text above the image.
        center_cov_mm2: (V, 3, 3) covariances of the camera centres, drawn from above and from the
            side as ellipses of one standard deviation, enlarged as the legend says. Infinite ones
            are not drawn.

    Returns:
        (H, W, 3) uint8 RGB image.
    """
    figure = new_sheet(*SHEET)
    figure.text(0.5, 1 - 0.28 / SHEET[1], plain(title, None), fontsize=13, ha='center',
                va='center')  # fmt: skip
    box = None if space is None else np.stack([space.lower_mm, space.upper_mm])
    points = rig.centers_w if box is None else np.concatenate([rig.centers_w, box])
    extent = float(np.ptp(points, axis=0).max())
    length = max((CONE_SHARE if len(rig) <= MANY else 0.6 * CONE_SHARE) * extent, MIN_CONE_MM)
    drawn = rig.sample(MAX_DRAWN)
    cones = [frustum(camera, length) for camera in drawn]
    step_mm = _grid_step(max(extent, 1000.0))

    top = _draw_from_above(figure, rig, cones, box, step_mm)
    room = add_panel(figure, ROOM)
    _draw_perspective(room, drawn, space, step_mm)
    side = add_panel(figure, SIDE)
    along = _draw_from_the_side(side, rig, cones, box, step_mm)
    times = None
    if center_cov_mm2 is not None:
        times = enlargement(center_cov_mm2, extent)
        for axes, seen in ((top, [0, 1]), (side, [along, 2])):
            draw_ellipses(axes, rig.centers_w[:, seen], center_cov_mm2[:, seen][:, :, seen], times)
    _draw_legend(figure, space, rig, times)
    return pixels_of(figure)


def write_rig_image(
    path: PathLike,
    rig: CameraRig,
    space: CaptureVolume | None = None,
    title: str = '',
    center_cov_mm2: np.ndarray | None = None,
) -> None:
    """Write :func:`draw_rig`'s image to a file, whole or not at all.

    Raises:
        InputError: The file's ending is that of no format that holds the image.
        OSError: The file cannot be written.
    """
    write_image(path, draw_rig(rig, space, title, center_cov_mm2))


def _grid_step(extent_mm: float) -> float:
    """1 m where that is few enough lines, else 2, 5, 10, ... m; less for a desk."""
    fine = 10.0 ** np.floor(np.log10(extent_mm / MOST_LINES))
    factor = next((f for f in (1, 2, 5) if extent_mm <= MOST_LINES * fine * f), 10)
    step = fine * factor
    return max(float(step), 1000.0) if extent_mm >= 3000.0 else float(step)


def _set_limits(axes: Axes, points: np.ndarray, margin_mm: float) -> np.ndarray:
    """Fit the panel around points (N, 2), margin on all sides, with square units.

    Returns:
        (2, 2) lower and upper corner.
    """
    box = axes.get_window_extent()
    lower, upper = points.min(0) - margin_mm, points.max(0) + margin_mm
    size = upper - lower
    size = np.array([max(size[0], size[1] * box.width / box.height), 0.0])
    size[1] = size[0] * box.height / box.width
    middle = (lower + upper) / 2
    limits = np.stack([middle - size / 2, middle + size / 2])
    axes.set_xlim(*limits[:, 0])
    axes.set_ylim(*limits[:, 1])
    return limits


def _draw_metres(axes: Axes, limits: np.ndarray, step_mm: float, across: str, up: str) -> None:
    """Grid and ticks at round metres; a number at every second line where there are many."""
    for axis, (low, high), name in zip((axes.xaxis, axes.yaxis), limits.T, (across, up)):
        ticks = np.arange(np.ceil(low / step_mm), np.floor(high / step_mm) + 1) * step_mm + 0.0
        every = 1 if len(ticks) <= 12 else 2
        numbers = [
            f'{tick / 1000 + 0.0:g}' if round(tick / step_mm) % every == 0 else '' for tick in ticks
        ]
        axis.set_ticks(ticks, numbers, fontsize=9)
        axis.set_label_text(f'{name} (m)', fontsize=10)
    axes.grid(color='#000000', alpha=0.13, linewidth=0.6)
    axes.set_axisbelow(False)
    axes.tick_params(length=3)


def _draw_from_above(
    figure: Figure,
    rig: CameraRig,
    cones: list[list[np.ndarray]],
    box: np.ndarray | None,
    step_mm: float,
) -> Axes:
    axes = add_panel(figure, TOP)
    drawn, sized = rig.sample(MAX_DRAWN), [c for c in rig if c.size is not None]
    tips = np.concatenate([np.concatenate(cone) for cone in cones])
    if len(drawn) < len(rig):
        tips = np.concatenate([tips, rig.centers_w])
    points = tips if box is None else np.concatenate([tips, box])
    spread = float(np.ptp(points[:, :2], axis=0).max())
    limits = _set_limits(axes, points[:, :2], max(0.1 * spread, 300.0))
    if sized:
        _draw_coverage(figure, axes, CameraRig(tuple(sized)), limits)
    else:
        figure.text(TOP[0] / SHEET[0], BAR[1] / SHEET[1], 'image sizes are not known, so what '
                    'the cameras see is not either', fontsize=9)  # fmt: skip
    _draw_metres(axes, limits, step_mm, 'x', 'y')
    if box is not None:
        outline = ring(*box)
        axes.add_patch(Polygon(outline, fill=False, edgecolor='white', linewidth=3.6, zorder=3))
        axes.add_patch(Polygon(outline, fill=False, edgecolor=BOX_COLOUR, linewidth=1.8, zorder=3))
    _draw_cameras(axes, rig.centers_w[:, :2], [[line[:, :2] for line in cone] for cone in cones])
    axes.set_title('from above', fontsize=11, loc='left')
    middle = points[:, :2].mean(0) if box is None else box[:, :2].mean(0)
    write_names(axes, drawn.centers_w[:, :2], drawn.names, middle, size=_font(rig))
    return axes


def _draw_coverage(figure: Figure, axes: Axes, rig: CameraRig, limits: np.ndarray) -> None:
    """The floor coloured by how many cameras see a person who stands there."""
    cell = float(np.ptp(limits, axis=0).max()) / min(MAP_CELLS, cells_per_side(rig))
    x, y = (np.arange(low + cell / 2, high, cell) for low, high in limits.T)
    views = views_of_people(rig, x, y)
    most = max(2, int(views.max()))
    shades = colormaps['YlGnBu'](np.linspace(0.14, 0.72, most - 1) if most > 2 else [0.4])
    colours = ListedColormap([NOBODY, ONE_VIEW, *shades])
    norm = BoundaryNorm(np.arange(most + 2) - 0.5, most + 1)
    axes.imshow(
        views.T, cmap=colours, norm=norm, origin='lower', aspect='equal', zorder=0,
        extent=(x[0] - cell / 2, x[-1] + cell / 2, y[0] - cell / 2, y[-1] + cell / 2),
        interpolation='nearest',
    )  # fmt: skip
    axes.set_xlim(*limits[:, 0])
    axes.set_ylim(*limits[:, 1])
    bar = figure.colorbar(ScalarMappable(norm, colours), cax=add_panel(figure, BAR),
                          orientation='horizontal')  # fmt: skip
    every = 1 if most <= 12 else 2 if most <= 20 else 5
    while most > 15 * every:
        every *= 2
    low = [0, 1] if every <= 5 else [0]
    ticks = [*low, *(n for n in range(2, most + 1) if n % every == 0)]
    bar.set_ticks(ticks, labels=[str(n) for n in ticks], fontsize=9)
    bar.ax.tick_params(length=0)
    bar.ax.minorticks_off()
    bar.set_label('cameras that see hips and head of a person who stands there; 3D needs two',
                  fontsize=9.5)  # fmt: skip


def _draw_cameras(axes: Axes, centers: np.ndarray, cones: list[list[np.ndarray]]) -> None:
    """Cones (flat lines) of cameras, and a point for each of (V, 2) centres without one."""
    if len(cones) < len(centers):
        axes.plot(*centers.T, '.', color=CAMERA_COLOUR, markersize=1.5, zorder=4)
    for cone in cones:
        _draw_cone(axes, cone)


def _draw_cone(axes: Axes, lines: list[np.ndarray]) -> None:
    """A frustum as flat lines; a camera without one is a dot and a stroke."""
    if len(lines) > 1:
        for corner in range(4):  # the sides, each a triangle
            side = np.stack([lines[0][0], lines[-1][corner], lines[-1][corner + 1]])
            axes.add_patch(Polygon(side, facecolor=CAMERA_COLOUR, alpha=0.13, linewidth=0,
                                   zorder=4))  # fmt: skip
    for line in lines:
        axes.plot(*line.T, color=CAMERA_COLOUR, linewidth=0.8, zorder=4, solid_capstyle='round')
    axes.plot(*lines[0][0], 'o', color=CAMERA_COLOUR, markersize=4.5, zorder=5,
              markeredgecolor='white', markeredgewidth=0.6)  # fmt: skip


def _draw_perspective(
    axes: Axes, rig: CameraRig, space: CaptureVolume | None, step_mm: float
) -> None:
    viewer = draw_room(axes, rig, space, grid_mm=step_mm, names=False, space_colour=BOX_COLOUR)
    # The world's axes in the nearest corner of the floor, a grid's step long.
    low = rig.centers_w.min(0) if space is None else space.lower_mm
    corner = np.array([low[0], low[1], 0.0])
    for name, direction in zip('xyz', np.eye(3)):
        line = viewer.project(np.stack([corner, corner + step_mm * direction]))[0]
        axes.annotate('', line[1], line[0], zorder=4,
                      arrowprops=dict(arrowstyle='-|>', color=BOX_COLOUR, linewidth=1.3,
                                      shrinkA=0, shrinkB=0))  # fmt: skip
        ahead = line[1] + 0.32 * (line[1] - line[0])
        axes.text(ahead[0], ahead[1], name, fontsize=9, color=BOX_COLOUR, ha='center', va='center',
                  zorder=6)  # fmt: skip
    axes.apply_aspect()  # names are placed in pixels
    places = viewer.project(rig.centers_w)[0]
    axes.plot(*places.T, 'o', color=CAMERA_COLOUR, markersize=3.5, zorder=5)
    middle = rig.centers_w.mean(0) if space is None else np.array(space.center_mm)
    write_names(axes, places, rig.names, viewer.project(middle)[0], size=_font(rig))
    axes.figure.text(SIDE[0] / SHEET[0], (ROOM[1] + ROOM[3] + 0.2) / SHEET[1], 'in perspective',
                     fontsize=11)  # fmt: skip


def _draw_from_the_side(
    axes: Axes,
    rig: CameraRig,
    cones: list[list[np.ndarray]],
    box: np.ndarray | None,
    step_mm: float,
) -> int:
    """Heights and tilts, looked at so that the rig is at its widest; returns the axis across."""
    points = rig.centers_w if box is None else np.concatenate([rig.centers_w, box])
    along = int(np.ptp(points[:, 1]) > np.ptp(points[:, 0]))
    seen = np.array([along, 2])
    tips = np.concatenate([np.concatenate(cone)[:, seen] for cone in cones])
    middle = points[:, along].mean() if box is None else box[:, along].mean()
    person = np.array([[middle, 0.0], [middle, PERSON_MM]])
    shown = np.concatenate([tips, points[:, seen], person])
    limits = _set_limits(axes, shown, 0.05 * float(np.ptp(shown, axis=0).max()) + 100.0)
    _draw_metres(axes, limits, step_mm, 'xy'[along], 'z')
    axes.axhline(0.0, color=CAMERA_COLOUR, linewidth=1.6, zorder=2)
    if box is not None:
        corner, size = box[0, seen], np.ptp(box[:, seen], axis=0)
        axes.add_patch(Rectangle(tuple(corner), *size, fill=False, edgecolor=BOX_COLOUR,
                                 linewidth=1.5, zorder=3))  # fmt: skip
    head = 0.075 * PERSON_MM
    axes.plot([middle, middle], [0.0, PERSON_MM - 2 * head], color=PERSON_COLOUR, linewidth=3,
              solid_capstyle='round', zorder=3)  # fmt: skip
    axes.add_patch(Circle((middle, PERSON_MM - head), head, color=PERSON_COLOUR, zorder=3))
    _draw_cameras(axes, rig.centers_w[:, seen], [[line[:, seen] for line in c] for c in cones])
    axes.set_title('from the side: heights and tilts', fontsize=11, loc='left')
    if len(rig) <= MANY:
        write_names(axes, rig.centers_w[:, seen], rig.names, np.array([middle, -1e6]),
                    size=_font(rig))  # fmt: skip
    return along


def _font(rig: CameraRig) -> float:
    return 9.5 if sum(map(len, rig.names)) <= 100 and len(rig) <= MANY else 8.0


def _draw_legend(
    figure: Figure, space: CaptureVolume | None, rig: CameraRig, times: int | None
) -> None:
    unsized = sum(camera.size is None for camera in rig)
    cones = 'camera and the cone it sees'
    if len(rig) > MAX_DRAWN:
        cones = f'cones and names of {MAX_DRAWN} of {len(rig):,} cameras, sampled'
    entries = [
        Line2D([], [], color=CAMERA_COLOUR, marker='o', markersize=5, linewidth=0.9,
               label=cones),
        Line2D([], [], color=PERSON_COLOUR, linewidth=3, label=f'person of {PERSON_MM / 1000:g} m'),
    ]  # fmt: skip
    if space is not None:
        x, y, z = (f'{edge / 1000:.3g}' for edge in space.size_mm)
        entries.insert(1, Line2D([], [], color=BOX_COLOUR, linewidth=1.8,
                                 label=f'capture volume, {x} x {y} x {z} m'))  # fmt: skip
    if times is not None:
        name = 'one standard deviation of the centre' + f', {times} times as large' * (times > 1)
        entries.append(Line2D([], [], linestyle='', marker='o', markerfacecolor='none',
                              markersize=8, color=ELLIPSE_COLOUR, label=name))  # fmt: skip
    if unsized:
        entries.append(Line2D([], [], linestyle='', marker='o', color=CAMERA_COLOUR, markersize=5,
                              label=f'{unsized} without image size'))  # fmt: skip
    figure.legend(handles=entries, loc='lower right', ncol=len(entries), frameon=False,
                  fontsize=9, borderaxespad=0.4)  # fmt: skip
