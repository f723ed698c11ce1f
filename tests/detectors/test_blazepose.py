"""BlazePose's landmarks; with MediaPipe itself where it is installed."""

import importlib.util
import subprocess
import sys
import types

import numpy as np
import pytest
from errors import fails

from mmpose_ours.detectors import detector
from mmpose_ours.detectors.blazepose import BlazePose, person_of
from mmpose_ours.errors import InputError
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17

HERE = importlib.util.find_spec('mediapipe') is not None
needs_mediapipe = pytest.mark.skipif(
    not HERE, reason='the extra mediapipe is not installed: pip install "mmpose-ours[mediapipe]"'
)


def test_landmarks_become_joints_by_name():
    """Numbers of the published figure of the 33 landmarks."""
    published = {'nose': 0, 'left_eye': 2, 'right_ear': 8, 'left_shoulder': 11, 'right_wrist': 16,
                 'left_hip': 23, 'right_knee': 26, 'right_ankle': 28}  # fmt: skip
    marks = [
        types.SimpleNamespace(x=i / 64, y=i / 128, visibility=0.9, presence=0.5) for i in range(33)
    ]
    marks[28].visibility = 0.25
    person = person_of(marks, (640, 1280))
    for name, number in published.items():
        assert BlazePose.skeleton.index(name) == [number]
        row = number
        score = 0.25 if number == 28 else 0.5
        np.testing.assert_allclose(person[row], [10 * number - 0.5, 10 * number - 0.5, score])


def test_without_mediapipe_it_says_how_to_add_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mediapipe', None)
    with pytest.raises(ImportError, match=r'pip install "mmpose-ours\[mediapipe\]"'):
        detector('mediapipe')
    given = {'max_people': 0, 'min_score': 0.5, 'tile': 0.75}
    with fails(InputError, code='out-of-range', found=given):
        detector('mediapipe', max_people=0)


@needs_mediapipe
def test_nobody_is_found_in_an_empty_image():
    found = detector('mediapipe').detect([np.full((480, 640, 3), 128, np.uint8)])
    assert [people.shape for people in found] == [(0, 33, 3)]


@needs_mediapipe
def test_mediapipe_finds_the_people_that_openpose_finds(shared_data):
    """Three of four in this image, whose shoulders lie within 40 pixels of 1920."""
    from mmpose_ours.detections import read_detections

    folder = shared_data / 'pizza1'
    theirs = read_detections(folder / 'pred_pizza1_openpose_coco.pkl')['100']['00_03']
    image = decode_image(folder / 'images' / '00_03_00000100.jpg')
    whole, tiled = (detector('mediapipe', tile=tile).detect([image])[0] for tile in (0, 0.75))
    whole, tiled = (Keypoints2D(BlazePose.skeleton, p).to(COCO17).array for p in (whole, tiled))
    shoulders = COCO17.index('left_shoulder', 'right_shoulder')
    apart = np.linalg.norm(
        tiled[:, None, shoulders, :2] - theirs[None][:, :, shoulders, :2], axis=-1
    ).max(-1)
    assert len(tiled) > len(whole) >= 2
    assert (apart.min(1) < 40).sum() >= 3
    assert (tiled[..., 2] <= 1).all() and tiled.dtype == np.float32


@needs_mediapipe
def test_people_of_five_cameras_and_3d_keeps_up(shared_data):
    """Real people in real images become 3D poses; finding them there is not what takes."""
    pytest.importorskip('torch', reason='inference needs torch')
    pytest.importorskip('mmengine', reason='inference needs MMEngine')
    from mmpose_ours.apis.inferencer import MultiviewInferencer

    folder = shared_data / 'panoptic_demo'
    names = ['00_03', '00_06', '00_12', '00_13', '00_23']
    images = {name: sorted((folder / name).glob('*.jpg')) for name in names}
    inferencer = MultiviewInferencer(
        rig=folder / 'camera_parameters.json', cameras=names, detector='mediapipe', device='cpu'
    )
    for index in (0, 2):  # the first time, what a rig needs is prepared
        frame = {name: [files[index]] for name, files in images.items()}
        session = inferencer.open(frame)
        (people,) = session
    # Three stand in the dome at frame 6859: heads above hips, hips above ankles.
    assert len(people.track_ids) == 3
    heights = [
        people.poses.xyz_mm[:, people.poses.skeleton.index(*joints), 2].mean(1)
        for joints in (['nose'], ['left_hip', 'right_hip'], ['left_ankle', 'right_ankle'])
    ]
    assert (np.diff(heights, axis=0) < -200).all()
    assert session.detection_time_ratio > 10


@needs_mediapipe
def test_it_says_nothing():
    """In a process of its own, since MediaPipe greets once."""
    program = (
        'import numpy; from mmpose_ours.detectors import detector; '
        "detector('mediapipe').detect([numpy.full((240, 320, 3), 90, numpy.uint8)])"
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
