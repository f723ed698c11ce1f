"""``run.html``: how a whole recording went, one file: figures, cameras, the worst frames."""

from __future__ import annotations

import base64
import html
import math
from typing import Callable, Sequence

import cv2
import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.visualization.colours import track_colours
from mmpose_ours.visualization.frame_images import ImageSource
from mmpose_ours.visualization.frame_sheet import Board
from mmpose_ours.visualization.page.run_scores import CameraFigures, RunFigures, run_figures
from mmpose_ours.visualization.page.templates import filled, page_file
from mmpose_ours.visualization.results import check_joints

WORST = 6
JPEG_QUALITY = 82
# A camera whose reprojection is so many times the others' median stands out.
STANDS_OUT = 2.0


def write_run_page(
    path: PathLike,
    rig: CameraRig,
    frames: Sequence[FrameResult],
    *,
    joints: Skeleton | str = 'coco17',
    space: CaptureVolume | None = None,
    fps: float | None = None,
    images: ImageSource | None = None,
    title: str = '',
    progress: Callable[[int, int], None] | None = None,
) -> RunFigures:
    """Write a page on a whole recording, whole or not at all.

    Args:
        path: The HTML file.
        rig: V cameras with image sizes.
        frames: 3D poses in the order of time, each with its ``detections``.
        joints: The skeleton, or its name of the 3D poses.
        space: The capture volume, drawn as a box.
        fps: Frames per second, if known.
        images: Where the cameras' images come from.
        title: The page's title.
        progress: Called with how many frames are done, and of how many.

    Returns:
        The figures on the page.

    Raises:
        InputError: There is no frame, or people have other joints.
        OSError: The file cannot be written.
    """
    if not frames:
        raise InputError(
            f'{path}: there is no frame to judge; give at least one frame',
            code='no-data',
            file=path,
        )
    check_joints(frames, joints)
    figures = run_figures(rig, frames, joints, fps, progress)
    worst = figures.worst(WORST)
    board = Board(rig, space, joints, track_colours(people.track_ids for people in frames))
    shown = []
    for figure, reason in worst:
        people = frames[figure.index]
        sheet = _image(board.draw(people, images))
        caption = f'frame {html.escape(str(people.frame))}: {reason}'
        shown.append(
            f'<figure><img alt="{caption}" src="{sheet}">'
            f'<figcaption>{caption}</figcaption></figure>'
        )
        board.forget()
    marks = [figure.index for figure, _ in worst]
    parts = {
        '/*STYLE*/': page_file('run.css'),
        '<!--TITLE-->': html.escape(title or 'A recording'),
        '<!--TILES-->': _tiles(figures),
        '<!--CHARTS-->': _charts(figures, marks),
        '<!--CAMERAS-->': _cameras(figures.cameras),
        '<!--WORST-->': '\n'.join(shown) or '<p>None stands out.</p>',
    }
    with write_whole(path) as file:
        file.write(filled('run.html', parts))
    return figures


def _number(value: float, digits: int = 1, unit: str = '') -> str:
    return f'{value:.{digits}f}{unit}' if math.isfinite(value) else '–'


def _tiles(figures: RunFigures) -> str:
    overall = figures.overall
    frames = max(overall.frames, 1)
    share = overall.missed / overall.seen_by_two if overall.seen_by_two else math.nan
    tiles = [
        (f'{overall.frames:,}', 'frames'),
        (_number(overall.people / frames), '3D poses per frame'),
        (_number(overall.reprojection.median_px, 1, ' px'), 'reprojection error, median'),
        (_number(overall.reprojection.p90_px, 1, ' px'), 'reprojection error, 90 %'),
        (_number(100 * share, 1, ' %'), 'of the people whom two cameras detect have no 3D pose'),
        (
            _number(overall.false_positives / frames, 2),
            'false positives per frame: 3D poses that no camera detects',
        ),
        (_number(100 * overall.limb_spread, 1, ' %'), 'variation of limb lengths, median'),
        (_number(overall.jitter_mm, 1, ' mm'), 'acceleration of joints per frame squared, median'),
    ]
    return '\n'.join(f'<div><b>{value}</b><span>{what}</span></div>' for value, what in tiles)


def _charts(figures: RunFigures, marks: Sequence[int]) -> str:
    people = [float(frame.people) for frame in figures.frames]
    errors = [frame.p90_px for frame in figures.frames]
    return _chart('3D poses', people, marks) + _chart(
        'reprojection error in px, 90 % (the lines mark the frames shown below)', errors, marks
    )


def _chart(what: str, values: Sequence[float], marks: Sequence[int]) -> str:
    """A line over time, broken where nothing is known."""
    known = [value for value in values if math.isfinite(value)]
    top = max([*known, 1.0])
    last = max(len(values) - 1, 1)
    places = [(1000 * t / last, 96 - 90 * v / top) for t, v in enumerate(values)]
    runs: list[list[str]] = [[]]
    for x, y in places:
        if math.isfinite(y):
            runs[-1].append(f'{x:.1f},{y:.1f}')
        elif runs[-1]:
            runs.append([])
    lines = ''.join(f'<polyline points="{" ".join(run)}"/>' for run in runs if run)
    crosses = ''.join(
        f'<line x1="{1000 * t / last:.1f}" x2="{1000 * t / last:.1f}" y1="0" y2="100"/>'
        for t in marks
    )
    return (
        f'<p class="chart">{what}, 0 to {top:.0f}</p>'
        f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="{what}">'
        f'{crosses}{lines}</svg>'
    )


def _cameras(cameras: Sequence[CameraFigures]) -> str:
    medians = [camera.median_px for camera in cameras if math.isfinite(camera.median_px)]
    usual = float(np.median(medians)) if medians else math.inf
    rows = []
    for camera in cameras:
        odd = camera.median_px > STANDS_OUT * usual or camera.empty_share > 0.5
        found = camera.matched / camera.due if camera.due else math.nan
        cells = [
            html.escape(camera.name),
            _number(camera.people_2d),
            _number(100 * camera.empty_share, 0, ' %'),
            _number(100 * found, 0, ' %'),
            _number(camera.median_px, 1, ' px'),
            _number(camera.p90_px, 1, ' px'),
        ]
        row = ''.join(f'<td>{cell}</td>' for cell in cells)
        rows.append(f'<tr{" class=odd" if odd else ""}>{row}</tr>')
    return '\n'.join(rows)


def _image(image: np.ndarray) -> str:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    coded, content = cv2.imencode('.jpg', image[..., ::-1], options)
    assert coded, 'OpenCV writes every RGB image as JPEG'
    return f'data:image/jpeg;base64,{base64.b64encode(content.tobytes()).decode("ascii")}'
