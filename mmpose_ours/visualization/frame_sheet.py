"""One sheet per frame: the scene at the left, every camera's image beside it.

Like :func:`~mmpose_ours.visualization.figures.view_grid.draw_frame`, but drawn with OpenCV, for
films and for many frames.
"""

from __future__ import annotations

from typing import Mapping

import cv2
import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.visualization.backdrop import Backdrop
from mmpose_ours.visualization.colours import rgb_of
from mmpose_ours.visualization.figures.perspective import GRID_COLOUR, SPACE_COLOUR
from mmpose_ours.visualization.frame_images import ImageSource
from mmpose_ours.visualization.overlay import DARK, FONT, WHITE, draw_line, draw_overlay
from mmpose_ours.visualization.projected import finely, project_before
from mmpose_ours.visualization.results import detected_in
from mmpose_ours.visualization.scene_drawing import ScenePainter

VIEW_WIDTH, GAP = 480, 8
SHEET_COLOUR = (246, 246, 244)


class Board:
    """Draws the frames of a recording one after the other.

    Args:
        rig: V cameras with image sizes.
        space: The capture volume, or None.
        joints: The skeleton, or its name.
        colours: Track ID to ``#rrggbb``; None takes the track's own colour.

    Raises:
        InputError: An image size is unknown.
    """

    def __init__(
        self,
        rig: CameraRig,
        space: CaptureVolume | None = None,
        joints: Skeleton | str = 'coco17',
        colours: Mapping[int, str] | None = None,
    ):
        self.rig, self.joints, self.colours = rig, joints, colours
        sizes = [camera.need_size('which its place on the sheet needs') for camera in rig]
        tallness = float(np.median([height / width for width, height in sizes]))
        self._cell = (VIEW_WIDTH, round(VIEW_WIDTH * tallness))
        self._columns = 1 if len(rig) <= 2 else int(np.ceil(len(rig) ** 0.5))
        rows = -(-len(rig) // self._columns)
        height = max(rows * (self._cell[1] + GAP) - GAP, 480)
        height += height % 2  # most video codecs take even sizes only
        self._room_width = int(np.clip(1.2 * height, 640, 1280)) // 2 * 2
        self.size = (self._room_width + self._columns * (self._cell[0] + GAP), height)
        self._scene = ScenePainter(rig, space, (self._room_width, height), joints, colours)
        backdrop = Backdrop.of(rig, space)
        self._blank = [_blank(camera, backdrop, self._cell) for camera in rig]

    def draw(self, people: FrameResult, images: ImageSource | None = None) -> np.ndarray:
        """Draw the next frame.

        Args:
            people: Who is there.
            images: The cameras' images; where there is none the view shows the floor.

        Returns:
            (height, width, 3) uint8 RGB of :attr:`size`.

        Raises:
            InputError: An image has another shape than its camera's image, or is broken.
        """
        sheet = np.full((self.size[1], self.size[0], 3), 255, np.uint8)
        sheet[:, : self._room_width] = self._scene.draw(people, f'frame {people.frame}')
        for view, camera in enumerate(self.rig):
            row, column = divmod(view, self._columns)
            left = self._room_width + GAP + column * (self._cell[0] + GAP)
            top = row * (self._cell[1] + GAP)
            image = None if images is None else images.of(camera.name, people.frame)
            drawn = self._view(camera, self._blank[view] if image is None else image, people)
            sheet[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
        return sheet

    def forget(self) -> None:
        """Begin anew, without the trails of what was drawn so far."""
        self._scene.forget()

    def _view(self, camera: Camera, image: np.ndarray, people: FrameResult) -> np.ndarray:
        size = _within(self._cell, camera.need_size())
        camera.resized((image.shape[1], image.shape[0]))  # refuses another shape
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        drawn = draw_overlay(
            image,
            camera,
            people.poses.xyz_mm,
            people.track_ids,
            joints=self.joints,
            keypoints=detected_in(people, camera.name),
            colours=self.colours,
        )
        for paint, thick in ((DARK, 3), (WHITE, 1)):
            cv2.putText(drawn, camera.name, (8, 18), FONT, 0.45, paint, thick, cv2.LINE_AA)
        return drawn


def _within(cell: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of an image's shape within a cell."""
    scale = min(cell[0] / size[0], cell[1] / size[1])
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _blank(camera: Camera, backdrop: Backdrop, cell: tuple[int, int]) -> np.ndarray:
    """What a view shows without an image: the floor and the space, as the lens bends them."""
    size = _within(cell, camera.need_size())
    small = camera.resized(size)
    sheet = np.full((size[1], size[0], 3), SHEET_COLOUR, np.uint8)
    for lines, colour in ((backdrop.grid, GRID_COLOUR), (backdrop.box, SPACE_COLOUR)):
        for line in lines:
            draw_line(sheet, project_before(small, finely(line, 250.0)), rgb_of(colour), 1)
    return sheet
