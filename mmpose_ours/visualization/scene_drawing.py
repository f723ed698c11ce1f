"""An image of the scene with everybody in it, quick enough for every frame of a film."""

from __future__ import annotations

import collections
from typing import Mapping, Sequence

import cv2
import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.visualization.backdrop import Backdrop
from mmpose_ours.visualization.colours import rgb_of, track_colour
from mmpose_ours.visualization.figures.perspective import (
    CAMERA_COLOUR,
    FRUSTUM_SHARE,
    GRID_COLOUR,
    MIN_FRUSTUM_MM,
    SPACE_COLOUR,
    frustum,
    overview,
)
from mmpose_ours.visualization.overlay import (
    DARK,
    FONT,
    SHIFT,
    WHITE,
    draw_line,
    draw_people,
    drawable,
    fixed_points,
)
from mmpose_ours.visualization.results import places_of

# Frames that a trail goes back.
TRAIL = 40
MARGIN = 0.07


class ScenePainter:
    """Draws the frames of a recording one after the other, each with the trails behind it.

    What stands still is drawn once; of the past only the trails are kept.

    Args:
        rig: V cameras.
        space: The capture volume, or None.
        size: (width, height) of the images in pixels.
        joints: The skeleton, or its name.
        colours: Track ID to ``#rrggbb``; None takes the track's own colour.
    """

    def __init__(
        self,
        rig: CameraRig,
        space: CaptureVolume | None,
        size: tuple[int, int] = (960, 720),
        joints: Skeleton | str = 'coco17',
        colours: Mapping[int, str] | None = None,
    ):
        self.joints, self.colours = joints, colours or {}
        self._past: collections.deque[dict[int, np.ndarray]] = collections.deque(maxlen=TRAIL)
        backdrop = Backdrop.of(rig, space)
        self._floor_mm = backdrop.floor_mm
        feet = rig.centers_w * (1, 1, 0) + (0, 0, backdrop.floor_mm)
        points = np.concatenate([rig.centers_w, feet, *backdrop.box])
        length = max(FRUSTUM_SHARE * float(np.ptp(points, axis=0).max()), MIN_FRUSTUM_MM)
        self._viewer = overview(points)
        flat = self._viewer.project(points)[0]
        middle = (flat.min(0) + flat.max(0)) / 2
        zoom = ((1 - 2 * MARGIN) * np.array(size) / np.ptp(flat, axis=0)).min()
        self._zoom, self._shift = zoom, np.array(size) / 2 - zoom * middle
        self._still = np.full((size[1], size[0], 3), 255, np.uint8)
        self._draw_still(rig, backdrop, length)

    def draw(self, people: FrameResult, title: str = '') -> np.ndarray:
        """Draw the next frame.

        Args:
            people: Who is there.
            title: Text in the upper left corner.

        Returns:
            (height, width, 3) uint8 RGB.
        """
        image = self._still.copy()
        poses = np.asarray(people.poses.xyz_mm, dtype=np.float64)
        places = dict(zip(map(int, people.track_ids), places_of(poses, self.joints)))
        self._past.append(places)
        self._draw_trails(image)
        shadows = image.copy()
        for place in places.values():
            if np.isfinite(place).all():
                turn = np.linspace(0, 2 * np.pi, 24)
                ring = place + 230 * np.stack([np.cos(turn), np.sin(turn), turn * 0], -1)
                ring[:, 2] = self._floor_mm
                uv = self._pixels(ring)
                if drawable(uv, shadows).all():
                    points = np.array(fixed_points(uv), np.int32)
                    cv2.fillPoly(shadows, [points], DARK, cv2.LINE_AA, SHIFT)
        cv2.addWeighted(shadows, 0.2, image, 0.8, 0.0, dst=image)
        order = np.argsort([-self._depth(place) for place in places.values()])
        thick = max(3, round(min(image.shape[:2]) / 130))
        uv = self._pixels(poses)
        ids = np.asarray(people.track_ids)
        draw_people(image, uv[order], ids[order], self.joints, thick, self.colours)
        if title:
            cv2.putText(image, title, (14, 28), FONT, 0.6, DARK, 1, cv2.LINE_AA)
        return image

    def forget(self) -> None:
        """Begin anew, without the trails of what was drawn so far."""
        self._past.clear()

    def _draw_still(self, rig: CameraRig, backdrop: Backdrop, length_mm: float) -> None:
        grid, space, camera_colour = map(rgb_of, (GRID_COLOUR, SPACE_COLOUR, CAMERA_COLOUR))
        self._lines(backdrop.grid, grid, 1)
        self._lines(backdrop.box[1:], space, 1)
        self._lines(backdrop.box[:1], space, 2)
        for camera in rig:
            self._lines(frustum(camera, length_mm), camera_colour, 1)
        uv = self._pixels(rig.centers_w)
        for name, point, near in zip(rig.names, uv, drawable(uv, self._still)):
            if not near:
                continue
            (width, _), _ = cv2.getTextSize(name, FONT, 0.42, 1)
            start = (int(point[0] - width / 2), int(point[1] - 6))
            for paint, thick in ((WHITE, 3), (camera_colour, 1)):
                cv2.putText(self._still, name, start, FONT, 0.42, paint, thick, cv2.LINE_AA)

    def _draw_trails(self, image: np.ndarray) -> None:
        last: dict[int, np.ndarray] = {}
        for age, places in zip(range(len(self._past), 0, -1), self._past):
            for track_id, place in places.items():
                if not np.isfinite(place).all():
                    continue
                if track_id in last:
                    fresh = 0.85 * (1 - age / (TRAIL + 1))
                    colour = rgb_of(self.colours.get(track_id) or track_colour(track_id))
                    paint = [int(255 + fresh * (v - 255)) for v in colour]
                    line = self._pixels(np.stack([last[track_id], place]))
                    draw_line(image, line, paint, 2)
                last[track_id] = place

    def _lines(self, lines: Sequence[np.ndarray], colour: tuple[int, ...], thick: int) -> None:
        for line in lines:
            draw_line(self._still, self._pixels(line), colour, thick)

    def _pixels(self, xyz_mm: np.ndarray) -> np.ndarray:
        return self._viewer.project(xyz_mm)[0] * self._zoom + self._shift

    def _depth(self, place: np.ndarray) -> float:
        return float(np.nan_to_num(self._viewer.to_camera(place)[2]))
