"""How train-rig reads 2D keypoints: their joints and the offsets of cameras."""

import cv2
import numpy as np
import pytest
from errors import fails
from walking import detected, room_rig, walk

from mmpose_ours.calibration import fit_space, write_rig
from mmpose_ours.cli.main import build_parser
from mmpose_ours.cli.train_rig_arguments import site_of
from mmpose_ours.detections import read_detections, write_detections
from mmpose_ours.errors import InputError
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.workflows.train_rig.folder_step import command_words
from mmpose_ours.workflows.train_rig.test_recordings import write_held_out, write_own


def test_joints_and_offsets_reach_every_reader_of_the_keypoints(tmp_path):
    rig = room_rig(3)
    frames = detected(rig, walk(frames=12))
    numbered = Skeleton('joints', tuple(f'joint_{n}' for n in range(17)))
    late = rig.names[0]  # two images before the first frame
    of_camera = {name: [views[name] for views in frames] for name in rig.names}
    of_camera[late] = [of_camera[late][0]] * 2 + of_camera[late][:-2]
    keypoints = tmp_path / 'keypoints.json'
    write_detections(
        keypoints,
        {
            str(n): {name: Keypoints2D(numbered, people[n]) for name, people in of_camera.items()}
            for n in range(12)
        },
    )
    words = ['train-rig', str(tmp_path / 'data'), '--keypoints', str(keypoints),
             '--skeleton', 'coco17', '--frame-offsets', f'{late}=2']  # fmt: skip
    site = site_of(build_parser(words).parse_args(words))
    assert site.keypoint_words() == ['--skeleton', 'coco17', '--frame-offsets', f'{late}=2']
    for step in ('check', 'noise'):
        assert command_words(site, step)[-5:][-4:] == site.keypoint_words()
    own, _, count = write_own(tmp_path / 'own', keypoints, rig, 30, site.keypoint_reading)
    assert count == 12  # the last two without the late camera
    read = read_detections(own, rig.names)
    for number in range(10):
        views = read[str(number)]
        for name in rig.names:
            np.testing.assert_allclose(views[name], frames[number][name], atol=0.01)


def halpe(joints):
    """People with feet: toes and heels below the ankles."""
    skeleton, feet = SKELETONS['halpe26'], np.zeros((len(joints), 26, 3))
    feet[:, :17] = joints
    for name in skeleton.joints[17:]:
        below = [name.split('_')[0] + '_ankle'] if name.endswith(('toe', 'heel')) else ['nose']
        feet[:, skeleton.index(name)[0]] = feet[:, skeleton.index(*below)[0]]
    return Keypoints2D(skeleton, feet)


def test_the_joints_that_are_trained_reach_every_step(tmp_path):
    rig = room_rig(3)
    frames = detected(rig, walk(frames=12))
    keypoints = tmp_path / 'keypoints.json'
    write_detections(
        keypoints,
        {
            str(n): {name: halpe(views[name]) for name in rig.names}
            for n, views in enumerate(frames)
        },
    )
    words = ['train-rig', str(tmp_path / 'data'), '--keypoints', str(keypoints)]
    site = site_of(build_parser(words).parse_args([*words, '--joints', 'halpe26']))
    assert command_words(site, 'noise')[-2:] == ['--joints', 'halpe26']
    assert site.contenders == {'triangulation': 'mmpose-ours://none'}  # no weights of these joints
    skeleton = site.trained_skeleton
    own, _, _ = write_own(tmp_path / 'own', keypoints, rig, 30, site.keypoint_reading, skeleton)
    read = read_detections(own, rig.names, joints=skeleton)
    assert read['0'][rig.names[0]].shape[1:] == (26, 3)
    assert (read['0'][rig.names[0]][:, 20:, 2] > 0).all()
    people, truth = write_held_out(tmp_path / 'synthetic', rig, fit_space(rig), None, 5, skeleton)
    assert read_predictions(truth).skeleton.name == 'halpe26'
    seen = read_detections(people, rig.names, joints=skeleton)
    assert any((p[:, 20:, 2] > 0).any() for views in seen.values() for p in views.values())
    assert site_of(build_parser(words).parse_args(words)).joints_words() == []


def test_the_recording_lies_in_the_data_folder_or_beside_the_keypoints(tmp_path):
    rig = room_rig(3)
    data, videos = tmp_path / 'data', tmp_path / 'videos'
    data.mkdir()
    write_rig(rig, data / 'camera_parameters.json', 'panoptic')
    words = ['train-rig', str(data), '--keypoints', str(videos / 'keypoints_2d.json')]

    def recording():
        return site_of(build_parser(words).parse_args(words)).recording

    videos.mkdir()
    write_detections(videos / 'keypoints_2d.json', {'0': detected(rig, walk(frames=1))[0]})
    assert recording() is None
    for folder in (videos, data):
        (folder / rig.names[0]).mkdir()
        cv2.imwrite(str(folder / rig.names[0] / '000000.png'), np.zeros((4, 4, 3), np.uint8))
        assert recording() == folder


@pytest.mark.parametrize(
    ('joints', 'code'),
    [('halpe62', 'unknown-name'), ('h36m17', 'cannot-express'), ('kinect32', 'cannot-express')],
)
def test_joints_that_cannot_be_trained_are_refused(tmp_path, joints, code):
    words = ['train-rig', str(tmp_path / 'data'), '--joints', joints]
    with fails(InputError, code=code):
        site_of(build_parser(words).parse_args(words))
