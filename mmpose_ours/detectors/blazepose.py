"""MediaPipe's BlazePose for several people: the extra ``[mediapipe]``."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from mmpose_ours.detectors.base import within
from mmpose_ours.detectors.mediapipe_bundles import POSE_BUNDLE
from mmpose_ours.detectors.mediapipe_tasks import Task, pixels_of
from mmpose_ours.detectors.tiling import detect_in_tiles
from mmpose_ours.errors import InputError
from mmpose_ours.recordings.files import as_bgr
from mmpose_ours.structures.skeletons import SKELETONS


class BlazePose:
    """The detector ``mediapipe``.

    Args:
        max_people: The most to be found in an image, and in each tile.
        min_score: Of a person, for the detector and for the landmarks, 0 to 1.
        tile: Side of the overlapping tiles in which people are looked for as well, as a share
            of the image's shorter side; 0 for the whole image alone, which is several times
            faster and finds large people only.

    Raises:
        ImportError: There is no MediaPipe.
        ModelsMissingError: Its weights are not here and could not be fetched.
        InputError: An argument is out of range.
    """

    name = 'mediapipe'
    skeleton = SKELETONS['blazepose33']

    def __init__(self, max_people: int = 10, min_score: float = 0.5, tile: float = 0.75):
        if max_people < 1 or not 0 <= min_score <= 1 or not 0 <= tile <= 1:
            raise InputError(
                f'max_people = {max_people}, min_score = {min_score:g}, tile = {tile:g}; expected '
                'at least 1, and shares from 0 to 1',
                code='out-of-range',
                found={'max_people': max_people, 'min_score': min_score, 'tile': tile},
                expected={'max_people': (1, None), 'min_score': (0, 1), 'tile': (0, 1)},
            )
        self._tile = tile
        self._landmarker = Task(
            'PoseLandmarker',
            'pose_landmarks',
            POSE_BUNDLE,
            num_poses=max_people,
            min_pose_detection_confidence=min_score,
            min_pose_presence_confidence=min_score,
        )
        self.version = (
            f'{self._landmarker.version} full, max_people={max_people}, min_score={min_score:g}, '
            f'tile={tile:g}'
        )

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :class:`mmpose_ours.detectors.Detector`."""
        found = []
        for image in map(as_bgr, images):
            people = detect_in_tiles(image, self._tile, self._detect_one)
            found.append(within(people, (image.shape[1], image.shape[0])))
        return found

    def _detect_one(self, image: np.ndarray) -> np.ndarray:
        poses = self._landmarker.detect(image).pose_landmarks
        size = (image.shape[1], image.shape[0])
        found = [person_of(pose, size) for pose in poses]
        return np.array(found, np.float32).reshape(-1, len(self.skeleton), 3)


def person_of(landmarks: Sequence[Any], size: tuple[int, int]) -> np.ndarray:
    """One person's landmarks in pixels.

    Args:
        landmarks: 33 with ``x, y`` as shares of the image, ``visibility`` (not hidden) and
            ``presence`` (in the image), 0 to 1.
        size: (width, height) of the image.

    Returns:
        (33, 3) float32 ``u, v, score``: pixels, and the lesser of both certainties.
    """
    scores = np.array([[min(p.visibility, p.presence)] for p in landmarks], np.float32)
    return np.concatenate([pixels_of(landmarks, size), scores], axis=1)
