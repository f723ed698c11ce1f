"""What the command ``view`` writes: the page, the report, sheets, films and single views."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from pathlib import Path
from typing import Any, Sequence

import cv2
import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.file_names import file_names
from mmpose_ours.io.progress import Progress
from mmpose_ours.predictions.reading import FrameId
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.text import argument, counted
from mmpose_ours.visualization.colours import track_colours
from mmpose_ours.visualization.figures.sheet import write_image
from mmpose_ours.visualization.frame_images import FootageImages
from mmpose_ours.visualization.frame_sheet import Board
from mmpose_ours.visualization.overlay import draw_overlay
from mmpose_ours.visualization.page.run import write_run_page
from mmpose_ours.visualization.page.scene import write_scene_page
from mmpose_ours.visualization.results import detected_in
from mmpose_ours.visualization.video_writer import open_film

# Where a camera has no image.
BLANK = 90
# Of a film where nobody knows how fast time went.
FILM_FPS = 10.0


@dataclasses.dataclass(frozen=True, eq=False)
class Show:
    """What there is to see.

    Args:
        title: Of the pages.
        rig: V cameras.
        joints: The skeleton, or its name.
        frames: People in the order of time.
        space: Where people were looked for, drawn as a box.
        fps: Frames per second, if known.
        images: Where the cameras' images come from.
    """

    title: str
    rig: CameraRig
    joints: Skeleton | str
    frames: Sequence[FrameResult]
    space: CaptureVolume | None
    fps: float | None
    images: FootageImages | None

    @property
    def colours(self) -> dict[int, str]:
        """Track ID to colour."""
        return track_colours(people.track_ids for people in self.frames)

    @property
    def on_a_page(self) -> dict[str, Any]:
        """What pages are given beside rig and frames."""
        names = ('joints', 'space', 'fps', 'images', 'title')
        return {name: getattr(self, name) for name in names}


def write_page(show: Show, path: Path, image_budget: int) -> None:
    """Write the page to walk around in, and say so.

    Args:
        show: What is on it.
        path: The HTML file.
        image_budget: Bytes of JPEG that it may carry.
    """
    progress = Progress('images for the page', 'frames')
    options = dict(image_budget=image_budget, progress=progress, **show.on_a_page)
    carried = write_scene_page(path, show.rig, show.frames, **options)
    line = ', '.join(
        [
            counted(len(show.frames), 'frame'),
            counted(len(show.colours), 'track'),
            counted(len(show.rig), 'camera'),
        ]
    )
    if show.images is not None and image_budget:
        line += f', images of {counted(carried.frames, "frame")}'
        line += f' ({carried.side} px)' if carried.frames else ''
    print(f'wrote   {path}: {line}, {path.stat().st_size / 1e6:.1f} MB')
    if carried.left_out:
        enough = math.ceil(carried.enough_bytes / 1e6)
        print(
            f'note: {counted(carried.left_out, "frame")} of {len(show.frames)} in the page '
            f'without images of their own, which do not fit into {image_budget / 1e6:g} MB; '
            f'{argument("image_megabytes", enough)} has room for all'
        )


def write_report(show: Show, path: Path) -> None:
    """Write the page of figures, and say so."""
    progress = Progress('comparing with 2D keypoints', 'frames')
    options = dict(progress=progress, **show.on_a_page)
    found = write_run_page(path, show.rig, show.frames, **options).overall
    error = found.reprojection
    line = f'reprojection error {error.median_px:.1f} px (median), {error.p90_px:.1f} px (90 %)'
    print(f'wrote   {path}: {line if found.people else "nobody to judge"}')


def write_sheets(show: Show, folder: Path | None, film: Path | None, window: bool) -> None:
    """Draw the scene and every view, frame by frame, and say so.

    Args:
        show: What is on them.
        folder: For an image of each; None for none.
        film: File for all of them; None for none.
        window: Whether to show them on the screen.
    """
    board = Board(show.rig, show.space, show.joints, show.colours)
    rate, count = show.fps or FILM_FPS, len(show.frames)
    progress = Progress('sheets', 'frames')
    with contextlib.ExitStack() as stack:
        add = stack.enter_context(open_film(film, rate, board.size)) if film else None
        for index, people in enumerate(show.frames):
            sheet = board.draw(people, show.images)
            if folder is not None:
                write_image(folder / image_name(index, people.frame), sheet)
            if add is not None:
                add(sheet)
            if window:
                _to_window(sheet)
            progress(index + 1, count)
    if folder is not None:
        print(f'wrote   {folder}: {counted(count, "image")}')
    if film is not None:
        print(f'wrote   {film}: {count / rate:.1f} s at {rate:g} frames per second')


def write_views(show: Show, folder: Path, radius: int | None, thickness: int | None) -> None:
    """Draw people into every camera's image, grey where there is none, and say so.

    Args:
        show: What is on them.
        folder: For ``<camera>/<frame>.png``.
        radius: Of joints, in pixels; None for one that suits the image.
        thickness: Of limbs, likewise.
    """
    colours, progress = show.colours, Progress('single views', 'frames')
    folders = file_names(show.rig.names)
    for index, people in enumerate(show.frames):
        for camera in show.rig:
            image = show.images.of(camera.name, people.frame) if show.images else None
            if image is None:
                width, height = camera.need_size()
                image = np.full((height, width, 3), BLANK, np.uint8)
            drawn = draw_overlay(
                image,
                camera,
                people.poses.xyz_mm,
                people.track_ids,
                joints=show.joints,
                keypoints=detected_in(people, camera.name),
                colours=colours,
                radius=radius,
                thickness=thickness,
            )
            write_image(folder / folders[camera.name] / image_name(index, people.frame), drawn)
        progress(index + 1, len(show.frames))
    count = counted(len(show.frames), 'image')
    print(f'wrote   {folder}: {count} of each of {counted(len(show.rig), "camera")}')


def image_name(index: int, frame: FrameId) -> str:
    """The file name of a frame's sheet: its number, or its place in the recording and name."""
    if isinstance(frame, int):
        return f'{frame:06d}.png'
    return f'{index:06d}_{re.sub(r"[^A-Za-z0-9_-]", "_", frame)[:60]}.png'


def _to_window(image: np.ndarray) -> None:
    """Show an image until the next one comes.

    Raises:
        InputError: There is no screen, or this OpenCV has no windows.
    """
    try:
        cv2.imshow('3D poses', image[..., ::-1])
        cv2.waitKey(1)
    except cv2.error as error:
        raise InputError(
            'a window needs a screen and an OpenCV with windows (opencv-python, not its headless '
            'build); leave it out and look at the files',
            code='cannot-express',
        ) from error
