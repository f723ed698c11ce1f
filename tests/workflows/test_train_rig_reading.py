"""How train-rig reads 2D keypoints: their joints and the offsets of cameras."""

import numpy as np
from walking import detected, room_rig, walk

from mmpose_ours.cli.main import build_parser
from mmpose_ours.cli.train_rig_arguments import site_of
from mmpose_ours.detections import read_detections, write_detections
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.workflows.train_rig.folder_step import command_words
from mmpose_ours.workflows.train_rig.test_recordings import write_own


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
