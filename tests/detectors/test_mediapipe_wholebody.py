"""Whole bodies by MediaPipe: which joint comes from where; with MediaPipe itself on real images."""

import importlib.util
import types

import numpy as np
import pytest

from mmpose_ours.detectors import detector, mediapipe_wholebody
from mmpose_ours.detectors.face_mesh import MESH_OF_FACE
from mmpose_ours.detectors.mediapipe_tasks import _close, pixels_of
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.structures.whole_body import FACE, FACE_PAIRS, hand

HERE = importlib.util.find_spec('mediapipe') is not None
needs_mediapipe = pytest.mark.skipif(
    not HERE, reason='the extra mediapipe is not installed: pip install "mmpose-ours[mediapipe]"'
)
BLAZE, WHOLE = SKELETONS['blazepose33'], SKELETONS['coco_wholebody']
IMAGE = np.zeros((400, 600, 3), np.uint8)
# The person's hands hang at both sides of the trunk, forearm 60 pixels.
PERSON = {
    'nose': (300, 100), 'left_shoulder': (340, 150), 'left_elbow': (350, 200),
    'left_wrist': (350, 260), 'left_hip': (340, 270), 'right_wrist': (250, 265),
    'right_ankle': (262, 380), 'right_heel': (258, 388), 'right_foot_index': (270, 392),
}  # fmt: skip


def stand_ins(monkeypatch, hands, faces):
    """BlazePose and MediaPipe's tasks, which find these in every square.

    Args:
        monkeypatch: pytest's.
        hands: (u, v) of the root in the image, and certainty, of each hand.
        faces: (u, v) of the mesh's first point.
    """

    class Body:
        version = '1'

        def __init__(self, *settings):
            self.settings = settings

        def detect(self, images):
            people = np.zeros((1, len(BLAZE), 3), np.float32)
            for joint, uv in PERSON.items():
                people[0, BLAZE.index(joint)] = (*uv, 0.75)
            return [people for _ in images]

    class Task:
        def __init__(self, name, landmarks, parts, **options):
            self.name, self.options = name, options

        def detect(self, image):
            # The squares are all black: what is in them goes by their corner.
            shares = [
                ([((u + i - x + 0.5) / side, (v - y + 0.5) / side) for i in range(count)], score)
                for (u, v), score, count in (
                    [(*one, 21) for one in hands]
                    if self.name == 'HandLandmarker'
                    else [(uv, 1.0, 478) for uv in faces]
                )
                for x, y, side in [self.square]
            ]
            marks = [[types.SimpleNamespace(x=x, y=y) for x, y in uvs] for uvs, _ in shares]
            certain = [[types.SimpleNamespace(score=score)] for _, score in shares]
            return types.SimpleNamespace(
                hand_landmarks=marks, handedness=certain, face_landmarks=marks
            )

    def cut(image, middle, side):
        square, corner = real_cut(image, middle, side)
        Task.square = (*corner, len(square))
        return square, corner

    from mmpose_ours.detectors import part_crops

    real_cut = part_crops.cut
    monkeypatch.setattr(part_crops, 'cut', cut)
    monkeypatch.setattr(mediapipe_wholebody, 'BlazePose', Body)
    monkeypatch.setattr(mediapipe_wholebody, 'Task', Task)


def test_body_feet_hands_and_face_of_one_person(monkeypatch):
    nose_tip = int(MESH_OF_FACE[30])
    stand_ins(monkeypatch, [((352, 262), 0.6), ((250, 268), 0.9)], [(302 - nose_tip, 101)])
    (people,) = detector('mediapipe:wholebody').detect([IMAGE])
    assert people.shape == (1, 133, 3) and people.dtype == np.float32
    found = dict(zip(WHOLE.joints, people[0].tolist()))
    for joint, uv in PERSON.items():
        name = 'right_big_toe' if joint == 'right_foot_index' else joint
        assert found.pop(name) == [*uv, 0.75]
    for step, joint in enumerate(hand('left')):
        np.testing.assert_allclose(found.pop(joint), (352 + step, 262, 0.6), atol=1e-3)
    for step, joint in enumerate(hand('right')):
        np.testing.assert_allclose(found.pop(joint), (250 + step, 268, 0.9), atol=1e-3)
    for number, joint in zip(MESH_OF_FACE, FACE):
        uv = (302 - nose_tip + number, 101)
        expected = (*uv, 0.75) if uv[0] < 600 else (0, 0, 0)
        np.testing.assert_allclose(found.pop(joint), expected, atol=2e-3)
    # Nobody knows of small toes, nor of joints that BlazePose did not find.
    assert {tuple(joint) for joint in found.values()} == {(0, 0, 0)}
    assert {'left_small_toe', 'right_small_toe', 'left_big_toe', 'left_eye'} <= found.keys()


def test_without_hands_and_faces_their_joints_are_missing(monkeypatch):
    stand_ins(monkeypatch, [((450, 265), 1.0)], [(420, 300)])
    (people,) = detector('mediapipe:wholebody').detect([IMAGE])
    parts = WHOLE.index(*hand('left'), *hand('right'), *FACE)
    assert (people[:, parts] == 0).all() and (people[..., 2] > 0).sum() == len(PERSON)


def test_the_settings_reach_all_tasks(monkeypatch):
    stand_ins(monkeypatch, [], [])
    model = detector('mediapipe:wholebody', max_people=3, min_score=0.25, tile=0)
    assert model._body.settings == (3, 0.25, 0)
    for task in (model._hands, model._faces):
        assert 0.25 in task.options.values() and set(task.options.values()) == {0.25, 2}


def test_a_share_counts_from_the_edge_of_the_image():
    corners = [types.SimpleNamespace(x=0, y=0), types.SimpleNamespace(x=1, y=0.5)]
    np.testing.assert_allclose(pixels_of(corners, (200, 100)), [(-0.5, -0.5), (199.5, 49.5)])
    assert pixels_of([], (200, 100)).shape == (0, 2)


def test_a_task_that_cannot_close_any_more_is_left_alone():
    def close():
        raise RuntimeError('cannot schedule new futures after shutdown')

    task = types.SimpleNamespace(close=close, _handle=7)
    _close(task)
    assert task._handle is None


def test_both_sides_of_a_face_are_different_points():
    assert MESH_OF_FACE.shape == (68,) and len(set(MESH_OF_FACE.tolist())) == 68
    assert MESH_OF_FACE.min() >= 0 and MESH_OF_FACE.max() < 468


@needs_mediapipe
def test_points_of_the_face_lie_on_the_contours_that_mediapipe_names():
    from mediapipe.tasks.python.vision import FaceLandmarksConnections

    for part, points in {
        'FACE_OVAL': range(17), 'RIGHT_EYEBROW': range(17, 22), 'LEFT_EYEBROW': range(22, 27),
        'RIGHT_EYE': range(36, 42), 'LEFT_EYE': range(42, 48), 'LIPS': range(48, 68),
    }.items():  # fmt: skip
        edges = getattr(FaceLandmarksConnections, f'FACE_LANDMARKS_{part}')
        known = {end for edge in edges for end in (edge.start, edge.end)}
        assert {int(MESH_OF_FACE[point]) for point in points} <= known, part


@needs_mediapipe
def test_hands_and_faces_of_small_people(shared_data):
    """Three people of some 500 pixels in an image of 1920, whose hands have 50."""
    path = shared_data / 'panoptic_demo' / '00_23' / '00_23_00006859.jpg'
    (people,) = detector('mediapipe:wholebody').detect([decode_image(path)])
    known = people[..., 2] > 0
    assert len(people) == 3 and people[..., 2].max() <= 1
    uv = np.where(known[..., None], people[..., :2], np.nan)
    trunk = np.linalg.norm(
        uv[:, WHOLE.index('left_shoulder')[0]] - uv[:, WHOLE.index('left_hip')[0]], axis=-1
    )
    hands = 0
    for side in ('left', 'right'):
        joints = uv[:, WHOLE.index(*hand(side))]
        (wrist,) = WHOLE.index(f'{side}_wrist')
        for row in np.flatnonzero(np.isfinite(joints).all((1, 2))):
            hands += 1
            assert np.linalg.norm(joints[row, 0] - uv[row, wrist]) < 0.2 * trunk[row]
            assert 0.1 < np.ptp(joints[row], axis=0).max() / trunk[row] < 0.6
    assert hands >= 2
    faces = known[:, WHOLE.index(*FACE)].all(-1)
    assert faces.sum() >= 2
    for row in np.flatnonzero(faces):
        face = uv[row][WHOLE.index(*FACE)]
        nose = uv[row, WHOLE.index('nose')[0]]
        assert np.linalg.norm(face[30] - nose) < 0.2 * trunk[row]
        # Eyes above nose above mouth above chin; people stand.
        heights = [face[36:48, 1].mean(), face[30, 1], face[48:68, 1].mean(), face[8, 1]]
        assert (np.diff(heights) > 0).all()
        assert np.ptp(face, axis=0).max() < 0.7 * trunk[row]
    # A mirrored face is the mirror's: pairs are at the same height across the nose's ridge.
    frontal = uv[int(np.argmax(faces))]
    ends = [frontal[WHOLE.index(*pair)] for pair in FACE_PAIRS]
    across = np.array([right - left for right, left in ends])
    assert (np.sign(across[:, 0]) == np.sign(across[0, 0])).mean() > 0.9
    assert COCO17.joints == WHOLE.joints[:17]
