"""The capture volume: where in the scene the cameras can see people, from the rig alone.

The world must be metric with the floor at z = 0; this module does **not** turn or
ground a rig.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpose_ours.calibration.checks.sanity import around_people, check_count
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.geometry.volume import CaptureVolume

MIN_VIEWS = 2
# A standing person is seen if hips and head are; seated ones if the hips are.
STANDING_MM = (900.0, 1600.0)
SEATED_MM = (900.0,)
# Beyond, coordinates in single precision have steps of more than a millimetre.
FARTHEST_MM = 1e7
# Hips of everyone, seated or tall, with the floor at z = 0.
HIPS_MM = (500.0, 1500.0)
# Farther away than this, or smaller in the image, keypoints are of no use.
REACH_MM = 16_000.0
PERSON_MM, MIN_PERSON_PX = 1700.0, 40.0
# Nobody stands closer than this to the lens.
NEAR_MM = 500.0

CELL_MM = 200.0
MAX_CELLS_PER_SIDE, MIN_CELLS_PER_SIDE = 200, 40
# Of cells by cameras: rigs of more than 100 cameras look at a coarser floor.
MAX_LOOKS = 100 * MAX_CELLS_PER_SIDE**2
SEARCH_MM = 10_000.0
# A person may stand this far outside the line between two cameras.
WALL_MM = 500.0
# Cameras surround what they look at if nearly all of the best cells lie among them.
SURROUNDED = 0.9
# An arm's length: the region holds hips and heads, hands reach beyond.
MARGIN_MM = 400.0
MAX_EDGE_MM, MIN_EDGE_MM = 14_000.0, 1000.0
Z_CENTER_MM, Z_SIZE_MM = 1000.0, 2400.0
# Less than this share of a space in two views means that it is somewhere else.
MIN_SHARE = 0.01


class NoSpaceError(CalibrationError):
    """Nowhere on the floor do enough cameras see a person."""

    code = 'no-data'


def fit_space(
    rig: CameraRig, *, max_edge_mm: float = MAX_EDGE_MM, min_views: int | None = None
) -> CaptureVolume:
    """Find the box in which people can be seen, from the calibration alone.

    The floor around the cameras is cut into cells. A cell counts for a camera if a
    person who stands there has hips and head in the image, large enough. Wanted are
    cells that at least two cameras see, and half as many as see the best cell; where the
    cameras stand around the best cells, only cells among them or a step outside. The box
    is the one that holds most wanted cells less unwanted ones, plus an arm's length;
    its height is that of people on the floor z = 0.

    Args:
        rig: Two or more cameras with image sizes, millimetres, z up, floor z = 0.
        max_edge_mm: Longest horizontal edge that the box may have, 1 m or more (around cameras
            spread over more than 20 m, a cell of the floor and two arm's lengths).
        min_views: Wanted are the cells that at least so many cameras see, 2 or more, instead
            of half as many as see the best cell.

    Returns:
        The space, centre and size in multiples of 100 mm.

    Raises:
        NoSpaceError: No two cameras (or ``min_views`` of them) see a person at the same place.
        CalibrationError: The rig has fewer than two cameras, an image size is unknown, or an
            argument is out of range.

    Examples:
        >>> from mmpose_ours import Camera, CameraRig
        >>> places = [(-3000, -3000, 2000), (3000, -3000, 2000), (0, 3000, 2000)]
        >>> rig = CameraRig(tuple(
        ...     Camera.looking_at(f'cam{i}', place, (0, 0, 1000), 800, (1280, 720))
        ...     for i, place in enumerate(places)
        ... ))
        >>> space = fit_space(rig)
        >>> space.center_mm, space.size_mm
        ((0.0, -300.0, 1000.0), (5200.0, 5400.0, 2400.0))
    """
    if not MIN_EDGE_MM <= max_edge_mm < np.inf:
        raise CalibrationError(
            f'the longest edge may be {max_edge_mm:g} mm, expected {MIN_EDGE_MM:g} mm or more: '
            'people with outstretched arms need that much',
            code='out-of-range',
            found=max_edge_mm,
            expected=MIN_EDGE_MM,
        )
    if len(rig) < MIN_VIEWS:
        raise CalibrationError(
            f'the rig has too few cameras for a capture volume: found {len(rig)} '
            f'({list_names(rig.names)}), expected at least {MIN_VIEWS}; add the other cameras of '
            'the rig',
            code='no-data',
            found=len(rig),
            expected=MIN_VIEWS,
        )
    if min_views is not None and not MIN_VIEWS <= min_views <= len(rig):
        raise CalibrationError(
            f'a space that at least {min_views} cameras see was asked for, but the rig has '
            f'{len(rig)} cameras and 3D needs two views; ask for 2 to {len(rig)} views',
            code='out-of-range',
            found=min_views,
            expected=(MIN_VIEWS, len(rig)),
        )
    _need_sizes(rig)
    x, y, cell = _floor_grid(rig)
    smallest = cell + 2 * MARGIN_MM
    if max_edge_mm < smallest:
        raise CalibrationError(
            f'the longest edge may be {max_edge_mm:g} mm, but around cameras that stand up to '
            f'{rig.farthest_pair[2] / 1000:.3g} m apart the floor is cut into cells of {cell:g} '
            f'mm; ask for {smallest:g} mm or more',
            code='out-of-range',
            found=max_edge_mm,
            expected=smallest,
        )
    views = views_of_people(rig, x, y, STANDING_MM)
    if views.max() < (min_views or MIN_VIEWS):
        views = views_of_people(rig, x, y, SEATED_MM)
    if views.max() < MIN_VIEWS:
        raise NoSpaceError(
            f'no two of the cameras {list_names(rig.names)} see a person at the same place '
            'on the floor z = 0; check that the world has z up with the floor at 0, that '
            'lengths are millimetres, and that the extrinsics are of one calibration',
            found=int(views.max()),
            expected=MIN_VIEWS,
        )
    if min_views is not None and views.max() < min_views:
        raise NoSpaceError(
            f'no {min_views} of the cameras {list_names(rig.names)} see a person at the same '
            f'place on the floor z = 0, at most {views.max()} do; ask for {views.max()} views or '
            'fewer',
            found=int(views.max()),
            expected=min_views,
        )
    wanted = views >= (min_views or max(MIN_VIEWS, -(-int(views.max()) // 2)))
    inside = _among_cameras(rig, x, y)
    if (inside & (views == views.max())).sum() > SURROUNDED * (views == views.max()).sum():
        # Cameras around a room look at its far wall; what they see beyond it is not there.
        wanted &= inside
    most_cells = int((max_edge_mm - 2 * MARGIN_MM) // cell)
    (i, rows), (j, columns) = _best_window(np.where(wanted, 1, -1), most_cells)
    # Cells have edges at multiples of 200 mm, so the centre is one of 100 mm.
    lower = np.array([x[i], y[j]]) - cell / 2 - MARGIN_MM
    size = np.array([rows, columns]) * cell + 2 * MARGIN_MM
    return CaptureVolume(center_mm=(*(lower + size / 2), Z_CENTER_MM), size_mm=(*size, Z_SIZE_MM))


def coverage(rig: CameraRig, space: CaptureVolume) -> np.ndarray:
    """Tell how much of a space how many cameras see.

    Args:
        rig: V cameras with image sizes.
        space: The space.

    Returns:
        (V + 1,) share of the space, 0 to 1, that at least 0, 1, ..., V cameras see from
        near enough for keypoints: within 16 m (a stadium's rig as far as it is wide), a
        person at least 40 px tall.

    Raises:
        CalibrationError: An image size is unknown.
    """
    return _shares(_seen(rig, space))


def _shares(seen: np.ndarray) -> np.ndarray:
    """(V + 1,) shares of points (V, N) that at least 0, 1, ..., V cameras see."""
    counts = np.bincount(seen.sum(0), minlength=len(seen) + 1)
    return counts[::-1].cumsum()[::-1] / seen.shape[1]


def seen_by_each(rig: CameraRig, space: CaptureVolume) -> np.ndarray:
    """(V,) share of a space, 0 to 1, that each camera sees from near enough.

    Raises:
        CalibrationError: An image size is unknown.
    """
    return _seen(rig, space).mean(1)


def describe_space(rig: CameraRig, space: CaptureVolume) -> dict[str, Any]:
    """A space and what cameras see of it, as plain data.

    Returns:
        ``center_mm``, ``size_mm``, ``seen_by_at_least`` (shares of :func:`coverage`) and
        ``seen_by_camera`` (those of :func:`seen_by_each` by name).

    Raises:
        CalibrationError: An image size is unknown.
    """
    seen = _seen(rig, space)
    each = seen.mean(1).round(4).tolist()
    return {
        'center_mm': list(space.center_mm),
        'size_mm': list(space.size_mm),
        'seen_by_at_least': _shares(seen).round(4).tolist(),
        'seen_by_camera': dict(zip(rig.names, each)),
    }


def check_space(rig: CameraRig, space: CaptureVolume) -> None:
    """Refuse a space that no two cameras share, or in which nobody can stand.

    Raises:
        CalibrationError: Two or more cameras see less than 1 % of the space, and it says
            how much each camera sees and which space would fit; or the rig is one around
            people and the space lies below or above their hips; or the world's origin is so
            far away that single precision loses millimetres.
    """
    check_count(rig)
    away = float(np.abs(space.center_mm).max())
    if away > FARTHEST_MM:
        raise CalibrationError(
            f'the space is {away / 1e6:g} km from the origin of the world, more than '
            f'{FARTHEST_MM / 1e6:g} km: models compute in single precision, which would lose '
            'millimetres there; give the rig an origin in the scene (mmpose-ours align-rig)',
            code='out-of-range',
            found=away,
            expected=FARTHEST_MM,
        )
    lowest, highest = space.lower_mm[2], space.upper_mm[2]
    if (highest < HIPS_MM[0] or lowest > HIPS_MM[1]) and around_people(rig):
        raise CalibrationError(
            f'the space at center_mm={space.center_mm} with size_mm={space.size_mm} reaches '
            f'from z = {lowest:g} to {highest:g} mm, but people on the floor z = 0 have their '
            f'hips at {HIPS_MM[0]:g} to {HIPS_MM[1]:g} mm; say for example z = '
            f'{Z_CENTER_MM:g} with a height of {Z_SIZE_MM:g}',
            code='out-of-range',
            found=(lowest, highest),
            expected=HIPS_MM,
        )
    seen = _seen(rig, space)
    shared = np.mean(seen.sum(0) >= MIN_VIEWS)
    if shared >= MIN_SHARE:
        return
    each = list_names([f'{name!r} {share:.0%}' for name, share in zip(rig.names, seen.mean(1))])
    try:
        fitting = fit_space(rig)
        fix = f'this rig sees people around center_mm={fitting.center_mm}'
        fix += f' with size_mm={fitting.size_mm}'
    except CalibrationError:
        fix = 'and no other place on the floor z = 0 either: check unit and axes of the rig'
    raise CalibrationError(
        f'two cameras or more see only {shared:.1%} of the space at center_mm='
        f'{space.center_mm} with size_mm={space.size_mm} (camera {each}); {fix}',
        code='no-match',
        found=float(shared),
        expected=MIN_SHARE,
    )


def _seen(rig: CameraRig, space: CaptureVolume) -> np.ndarray:
    """(V, N) which cameras see which of N points of the space, from near enough."""
    _need_sizes(rig)
    # Middles of 24 x 24 x 6 equal boxes
    axes = [
        low + (np.arange(count) + 0.5) / count * size
        for low, size, count in zip(space.lower_mm, space.size_mm, (24, 24, 6))
    ]
    points = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
    reach = _reach(rig)
    near = [_near_enough(camera, camera.to_camera(points)[:, 2], reach) for camera in rig]
    return rig.sees(points) & np.stack(near)


def _reach(rig: CameraRig) -> float:
    """How far away people may be, in mm; a stadium's cameras see farther."""
    return max(REACH_MM, rig.farthest_pair[2])


def _near_enough(camera: Camera, depth: np.ndarray, reach: float) -> np.ndarray:
    """Whether people at these depths in mm are within reach and large enough."""
    return (depth < reach) & (PERSON_MM * camera.K[1, 1] >= MIN_PERSON_PX * depth)


def _need_sizes(rig: CameraRig) -> None:
    with about():
        for camera in rig:
            camera.need_size('so nobody knows where it sees')


def cells_per_side(rig: CameraRig) -> float:
    """Into how many cells a side of the floor is cut: the more cameras, the fewer."""
    most = (MAX_LOOKS / len(rig)) ** 0.5
    return float(np.clip(most, MIN_CELLS_PER_SIDE, MAX_CELLS_PER_SIDE))


def _floor_grid(rig: CameraRig) -> tuple[np.ndarray, np.ndarray, float]:
    """Cell middles in x and y around the cameras, and the cells' edge, all in mm."""
    places = rig.centers_w[:, :2]
    lower, upper = places.min(0) - SEARCH_MM, places.max(0) + SEARCH_MM
    side = (upper - lower).max()
    cell = CELL_MM * np.ceil(side / cells_per_side(rig) / CELL_MM)
    first, last = np.floor(lower / cell), np.ceil(upper / cell)
    x, y = ((np.arange(a, b) + 0.5) * cell for a, b in zip(first, last))
    return x, y, float(cell)


def views_of_people(
    rig: CameraRig, x: np.ndarray, y: np.ndarray, heights: tuple[float, ...] = STANDING_MM
) -> np.ndarray:
    """Count the cameras that see a person at each place of a grid on the floor.

    Args:
        rig: Cameras with image sizes, millimetres, z up, floor z = 0.
        x: (X,) places along x in millimetres.
        y: (Y,) places along y in millimetres.
        heights: What of the person must be in the image, all of it, in mm above the floor.

    Returns:
        (X, Y) number of cameras, 0 to V.
    """
    grid = np.stack(np.meshgrid(x, y, heights, indexing='ij'), axis=-1)  # (X, Y, H, 3)
    reach = _reach(rig)
    views = np.zeros(grid.shape[:2], dtype=int)
    for camera in rig:
        depth = camera.to_camera(grid[:, :, 0])[..., 2]
        nearby = (depth > NEAR_MM) & _near_enough(camera, depth, reach)
        seen = camera.in_image(camera.project(grid[nearby])[0])  # (N, H)
        views[nearby] += seen.all(-1)
    return views


def _among_cameras(rig: CameraRig, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(X, Y) whether a cell lies in the hull of the cameras on the floor, or just outside."""
    from scipy.spatial import ConvexHull, QhullError

    grid = np.stack(np.meshgrid(x, y, indexing='ij'), axis=-1)
    try:
        hull = ConvexHull(rig.centers_w[:, :2])
    except (QhullError, ValueError):  # two cameras, or all in a line, surround nothing
        return np.zeros(grid.shape[:2], dtype=bool)
    inside = np.ones(grid.shape[:2], dtype=bool)
    for normal_x, normal_y, offset in hull.equations:
        inside &= grid[..., 0] * normal_x + grid[..., 1] * normal_y + offset <= WALL_MM
    return inside


def _best_window(gain: np.ndarray, most_cells: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The window of the largest sum: ``(first, count)`` along both axes."""
    sums = np.pad(gain.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    best: tuple = (-np.inf, (0, 1), (0, 1))
    for rows in range(1, min(most_cells, gain.shape[0]) + 1):
        bands = sums[rows:] - sums[:-rows]
        for columns in range(1, min(most_cells, gain.shape[1]) + 1):
            totals = bands[:, columns:] - bands[:, :-columns]
            index = int(totals.argmax())
            total = totals.flat[index]
            if total > best[0]:
                i, j = np.unravel_index(index, totals.shape)
                best = (total, (int(i), rows), (int(j), columns))
    return best[1], best[2]
