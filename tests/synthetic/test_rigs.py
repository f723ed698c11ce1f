"""Synthetic sites: usable, various, the same for the same generator."""

import numpy as np

from mmpose_ours.synthetic import PoseBank
from mmpose_ours.synthetic.rigs import random_site


def sites(count=60):
    return [random_site(np.random.default_rng(seed)) for seed in range(count)]


def test_the_same_generator_gives_the_same_site():
    one, two = (random_site(np.random.default_rng(7))[0] for _ in range(2))
    assert one.fingerprint == two.fingerprint


def test_cameras_are_upright_and_look_into_the_scene():
    for rig, room in sites():
        for camera in rig:
            assert camera.R_w2c[1, 2] < -0.4  # the image's down is the scene's down
            # Half way to the far end of the scene at most, the view's axis crosses its middle.
            beside = np.linalg.norm(camera.to_camera(np.array(room.center_mm))[:2])
            assert beside < max(room.size_mm[:2]) / 2


def test_most_of_a_room_is_seen_and_much_by_two():
    pose = PoseBank.built_in(1).poses[0]
    once, twice = [], []
    for rig, room in sites(40):
        rng = np.random.default_rng(0)
        places = rng.uniform(-0.5, 0.5, (50, 1, 2)) * np.array(room.size_mm[:2])
        people = np.repeat(pose[None], 50, 0)
        people[..., :2] += places
        views = (rig.sees(people).mean(-1) > 0.6).sum(0)
        once.append((views >= 1).mean())
        twice.append((views >= 2).mean())
    assert np.mean(once) > 0.75 and 0.4 < np.mean(twice) < 0.95


def test_sites_differ():
    rigs = sites()
    assert len({len(rig) for rig, _ in rigs}) >= 5
    assert len({rig.cameras[0].size for rig, _ in rigs}) >= 4
