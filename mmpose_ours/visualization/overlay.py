"""3D poses drawn over a camera's image, lens distortion included. OpenCV only."""

from __future__ import annotations

from typing import Mapping, Sequence

import cv2
import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.visualization.colours import rgb_of, track_colour
from mmpose_ours.visualization.projected import project_before

WHITE, DARK = (255, 255, 255), (40, 44, 46)
# Points of a drawing in 1/16 of a pixel.
SHIFT = 4
# Pixels; 16 times as much, and squares of differences, still fit in OpenCV's integers.
MAX_DRAWN = 1 << 20
# Detections lie beneath the people, this faint.
DETECTION_SHARE = 0.55
FONT = cv2.FONT_HERSHEY_DUPLEX


def draw_overlay(
    image: np.ndarray,
    camera: Camera,
    poses_mm: np.ndarray,
    ids: Sequence[int] | np.ndarray | None = None,
    *,
    joints: Skeleton | str = 'coco17',
    keypoints: np.ndarray | None = None,
    colours: Mapping[int, str] | None = None,
    radius: int | None = None,
    thickness: int | None = None,
) -> np.ndarray:
    """Draw people into a camera's image.

    Args:
        image: (H, W, 3) uint8 RGB of the camera's size or the same image smaller or larger.
        camera: The camera, with its image size.
        poses_mm: (P, J, 3) millimetres, NaN where a joint is missing.
        ids: (P,) track IDs, written beside the people; None writes nothing.
        joints: The skeleton, or its name.
        keypoints: (D, J', 3) detections ``u, v, score`` in pixels of the calibrated image,
            drawn faintly beneath.
        colours: Track ID to ``#rrggbb``; None takes
            :func:`~mmpose_ours.visualization.colours.track_colour`.
        radius: Of joints in pixels; None goes by the limbs.
        thickness: Of limbs in pixels; None goes by the image's size.

    Returns:
        (H, W, 3) uint8 RGB, a new image.

    Raises:
        InputError: The image has another shape than the camera's image.
    """
    height, width = image.shape[:2]
    resized = camera.resized((width, height))
    drawn = np.ascontiguousarray(image).copy()
    thick = thickness or max(2, round(min(height, width) / 240))
    if keypoints is not None and len(keypoints):
        draw_detections(drawn, keypoints, (width, height), camera.need_size())
    uv = project_before(resized, poses_mm)
    draw_people(drawn, uv, ids, joints, thick, colours, radius=radius)
    return drawn


def draw_detections(
    image: np.ndarray, keypoints: np.ndarray, size: tuple[int, int], calibrated: tuple[int, int]
) -> None:
    """Draw found joints as faint dots.

    Args:
        image: (H, W, 3) uint8 RGB, drawn into.
        keypoints: (D, J, 3) ``u, v, score`` in pixels of the calibrated image.
        size: (width, height) of the image.
        calibrated: (width, height) of the calibrated image.
    """
    joints = np.asarray(keypoints, dtype=np.float64).reshape(-1, 3)
    joints = joints[(joints[:, 2] > 0) & np.isfinite(joints).all(-1)]
    scale = np.array(size) / calibrated
    uv = (joints[:, :2] + 0.5) * scale - 0.5
    above = image.copy()
    radius = max(2, round(min(size) / 200))
    for point in fixed_points(uv[drawable(uv, image)]):
        cv2.circle(above, point, (radius + 1) << SHIFT, DARK, cv2.FILLED, cv2.LINE_AA, SHIFT)
        cv2.circle(above, point, radius << SHIFT, WHITE, cv2.FILLED, cv2.LINE_AA, SHIFT)
    cv2.addWeighted(above, DETECTION_SHARE, image, 1 - DETECTION_SHARE, 0.0, dst=image)


def draw_people(
    image: np.ndarray,
    uv: np.ndarray,
    ids: Sequence[int] | np.ndarray | None,
    joints: Skeleton | str,
    thick: int,
    colours: Mapping[int, str] | None = None,
    rim: tuple[int, int, int] = WHITE,
    radius: int | None = None,
) -> None:
    """Draw people whose places in the image are known.

    Args:
        image: (H, W, 3) uint8 RGB, drawn into.
        uv: (P, J, 2) pixels, NaN where a joint is not to be seen.
        ids: (P,) track IDs, or None.
        joints: The skeleton, or its name.
        thick: Width of a limb in pixels.
        colours: Track ID to ``#rrggbb``, or None.
        rim: Colour around the limbs, by which they stand out from images.
        radius: Of joints in pixels; None goes by the limbs.
    """
    limbs = as_skeleton(joints).limb_indices
    for index, person in enumerate(uv):
        track_id = index if ids is None else int(ids[index])
        colour = (colours or {}).get(track_id) or track_colour(track_id)
        known = drawable(person, image)
        points = fixed_points(np.where(known[:, None], person, 0.0))
        for paint, wider in ((rim, 2), (rgb_of(colour), 0)):
            for a, b in limbs[known[limbs].all(-1)]:
                cv2.line(image, points[a], points[b], paint, thick + wider, cv2.LINE_AA, SHIFT)
            for joint in np.flatnonzero(known):
                size = (radius or 0.75 * thick) + wider / 2
                around = int(size * (1 << SHIFT))
                cv2.circle(image, points[joint], around, paint, cv2.FILLED, cv2.LINE_AA, SHIFT)
        inside = known & (person > 0).all(-1) & (person < image.shape[1::-1]).all(-1)
        if ids is not None and inside.any():
            top = person[known][person[known][:, 1].argmin()]
            write_label(image, str(track_id), top - (0, 6 * thick), colour, 0.1 * thick + 0.25)


def write_label(
    image: np.ndarray, text: str, middle: np.ndarray, colour: str, scale: float
) -> None:
    """Write a text in a box of a colour, as far inside the image as it fits."""
    (width, height), below = cv2.getTextSize(text, FONT, scale, 1)
    half = np.array([width / 2 + 3, (height + below) / 2 + 2])
    room = np.array([image.shape[1], image.shape[0]])
    x, y = np.clip(middle, half, np.maximum(room - half, half))
    low, high = ((int(round(v)) for v in (x + s * half[0], y + s * half[1])) for s in (-1, 1))
    red, green, blue = rgb_of(colour)
    cv2.rectangle(image, tuple(low), tuple(high), (red, green, blue), cv2.FILLED)
    ink = DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else WHITE
    start = (int(round(x - width / 2)), int(round(y + (height - below) / 2 + 1)))
    cv2.putText(image, text, start, FONT, scale, ink, 1, cv2.LINE_AA)


def drawable(uv: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Which points OpenCV can draw: its fixed-point numbers overflow far outside the image.

    Args:
        uv: (..., 2) pixels.
        image: (H, W, ...).

    Returns:
        (...,) bool; false for NaN and infinity.
    """
    farthest = min(4 * max(image.shape[:2]), MAX_DRAWN)
    return (np.abs(np.asarray(uv)) < farthest).all(-1)


def fixed_points(uv: np.ndarray) -> list[tuple[int, int]]:
    """Pixels (N, 2), all :func:`drawable`, as OpenCV's fixed-point numbers."""
    levels = np.round(np.asarray(uv) * (1 << SHIFT)).astype(int)
    return [(int(u), int(v)) for u, v in levels]


def draw_line(image: np.ndarray, uv: np.ndarray, colour: Sequence[int], thick: int) -> None:
    """Draw a polyline as far as it is drawable.

    Args:
        image: (H, W, 3) uint8, drawn into.
        uv: (N, 2) pixels; what lies far outside the image interrupts the line.
        colour: RGB.
        thick: Width in pixels.
    """
    near = drawable(uv, image)
    for run in np.split(np.arange(len(uv)), np.flatnonzero(near[1:] != near[:-1]) + 1):
        if near[run[0]] and len(run) > 1:
            points = np.array(fixed_points(uv[run]), np.int32)
            cv2.polylines(image, [points], False, tuple(colour), thick, cv2.LINE_AA, SHIFT)
