"""MediaPipe for whole bodies of several people: BlazePose, and hands and faces in crops."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmpose_ours.detectors.base import within
from mmpose_ours.detectors.blazepose import BlazePose
from mmpose_ours.detectors.face_mesh import MESH_OF_FACE
from mmpose_ours.detectors.mediapipe_bundles import FACE_BUNDLE, HAND_BUNDLE
from mmpose_ours.detectors.mediapipe_tasks import Task, pixels_of
from mmpose_ours.detectors.part_crops import face_places, find_parts, hand_places
from mmpose_ours.recordings.files import as_bgr
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.structures.whole_body import FACE, hand

_BODY, _WHOLE = BlazePose.skeleton, SKELETONS['coco_wholebody']
# The tip of BlazePose's foot. It has no other toe.
_RENAMED = {'left_foot_index': 'left_big_toe', 'right_foot_index': 'right_big_toe'}
_TAKEN = {
    joint: _RENAMED.get(joint, joint)
    for joint in _BODY.joints
    if _RENAMED.get(joint, joint) in _WHOLE.joints
}
_FROM, _TO = _BODY.index(*_TAKEN), _WHOLE.index(*_TAKEN.values())
_PART_JOINTS = {
    'left_hand': _WHOLE.index(*hand('left')),
    'right_hand': _WHOLE.index(*hand('right')),
    'face': _WHOLE.index(*FACE),
}
_HAND_ROOT, _NOSE_TIP = 0, 30
# In a square: a person's other hand or another person may be there too.
_MOST_PER_SQUARE = 2


class MediaPipeWholeBody:
    """The detector ``mediapipe:wholebody``: body, feet, hands and face, COCO-WholeBody's joints.

    The body is BlazePose's, and its ``foot_index`` is the big toe; there is no small toe. Hands
    are looked for around each wrist that is seen, and a hand is left or right by the wrist that
    it is at; its joints have the certainty with which the hand landmarker tells left from right,
    the only one that it reports. Faces are looked for around each head; the face landmarker
    reports no certainty, so that its joints have the nose's.

    Args:
        max_people: The most to be found in an image, and in each tile.
        min_score: Of a person, a hand and a face, for detectors and landmarks, 0 to 1.
        tile: See :class:`~mmpose_ours.detectors.blazepose.BlazePose`.

    Raises:
        ImportError: There is no MediaPipe.
        ModelsMissingError: Its weights are not here and could not be fetched.
        InputError: An argument is out of range.
    """

    name = 'mediapipe:wholebody'
    skeleton = _WHOLE

    def __init__(self, max_people: int = 10, min_score: float = 0.5, tile: float = 0.75):
        self._body = BlazePose(max_people, min_score, tile)
        self._hands = Task(
            'HandLandmarker',
            'hand_landmarks',
            HAND_BUNDLE,
            num_hands=_MOST_PER_SQUARE,
            min_hand_detection_confidence=min_score,
            min_hand_presence_confidence=min_score,
        )
        self._faces = Task(
            'FaceLandmarker',
            'face_landmarks',
            FACE_BUNDLE,
            num_faces=_MOST_PER_SQUARE,
            min_face_detection_confidence=min_score,
            min_face_presence_confidence=min_score,
        )
        self.version = f'{self._body.version}, hands and face in crops'

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :class:`mmpose_ours.detectors.Detector`."""
        found = []
        for image in map(as_bgr, images):
            (bodies,) = self._body.detect([image])
            people = np.zeros((len(bodies), len(_WHOLE), 3), np.float32)
            people[:, _TO] = bodies[:, _FROM]
            hands, faces = hand_places(bodies, _BODY), face_places(bodies, _BODY)
            for row, uvs in find_parts(image, hands, self._find_hands, _HAND_ROOT).items():
                people[hands[row].person, _PART_JOINTS[hands[row].part]] = uvs
            nose = _WHOLE.index('nose')
            for row, uvs in find_parts(image, faces, self._find_faces, _NOSE_TIP).items():
                person = people[faces[row].person]
                person[_PART_JOINTS['face'], :2] = uvs[:, :2]
                person[_PART_JOINTS['face'], 2] = person[nose, 2]
            found.append(within(people, (image.shape[1], image.shape[0])))
        return found

    def _find_hands(self, image: np.ndarray) -> np.ndarray:
        """(N, 21, 3) in a square image."""
        result = self._hands.detect(image)
        size = (image.shape[1], image.shape[0])
        found = np.zeros((len(result.hand_landmarks), 21, 3), np.float32)
        for one, landmarks, sides in zip(found, result.hand_landmarks, result.handedness):
            one[:, :2], one[:, 2] = pixels_of(landmarks, size), sides[0].score
        return found

    def _find_faces(self, image: np.ndarray) -> np.ndarray:
        """(N, 68, 3) in a square image."""
        meshes = self._faces.detect(image).face_landmarks
        size = (image.shape[1], image.shape[0])
        found = np.ones((len(meshes), len(FACE), 3), np.float32)
        for one, mesh in zip(found, meshes):
            one[:, :2] = pixels_of([mesh[index] for index in MESH_OF_FACE], size)
        return found
