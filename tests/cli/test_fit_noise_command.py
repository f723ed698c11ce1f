"""The command ``fit-noise``."""

import json

import numpy as np
import pytest

from mmpose_ours.calibration import fit_space, read_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.io.package_files import share
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams

RIG = share('configs') / 'ours' / 'rigs' / 'five_cameras.json'


def keypoints(path, scenes, joints='coco17'):
    """Write detections of synthetic people."""
    rig, skeleton = read_rig(RIG), SKELETONS[joints]
    bank = PoseBank.built_in(300).in_skeleton(skeleton)
    sampler = SceneSampler(rig, fit_space(rig), bank, people=(3, 4))
    rngs = Streams(0)(range(scenes))
    views = DetectorNoise(jitter=0.5).detect_many(sampler.sample_many(rngs), rig, rngs)
    frames = {
        str(i): {name: people[people[..., 2].any(-1)] for name, people in zip(rig.names, frame)}
        for i, frame in enumerate(views)
    }
    write_detections(path, frames, skeleton)


@pytest.mark.parametrize('joints', ['coco17', 'halpe26'])
def test_a_fit_is_printed_written_and_read(tmp_path, capsys, joints):
    keypoints(tmp_path / 'found.json', 35, joints)
    out = tmp_path / 'noise.json'
    words = [str(RIG), str(tmp_path / 'found.json'), str(out), '--joints', joints]
    assert cli.main(['fit-noise', *words]) == 0
    printed = capsys.readouterr().out
    assert 'jitter, in units of COCO sigma' in printed and 'recorded simulated' in printed
    noise = DetectorNoise.read(out)
    assert np.mean(noise.jitter) == pytest.approx(0.5, rel=0.15)
    assert noise.joints == joints
    data = json.loads(out.read_text())
    assert 'found.json' in data['source'] and data['counts']['people'] > 60


def test_too_few_people_name_the_file_and_leave_nothing(tmp_path, capsys):
    keypoints(tmp_path / 'found.json', 4)
    out = tmp_path / 'noise.json'
    assert cli.main(['fit-noise', str(RIG), str(tmp_path / 'found.json'), str(out)]) == 2
    error = capsys.readouterr().err
    assert 'found.json: ' in error and '60 are needed' in error
    assert not out.exists()


def test_two_cameras_are_too_few(tmp_path, capsys):
    keypoints(tmp_path / 'found.json', 4)
    names = read_rig(RIG).names[:2]
    words = [str(RIG), str(tmp_path / 'found.json'), str(tmp_path / 'noise.json')]
    assert cli.main(['fit-noise', *words, '--cameras', *names]) == 2
    assert 'three cameras or more' in capsys.readouterr().err
