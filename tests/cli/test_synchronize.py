"""The command: what it prints, writes and refuses."""

import json
import re

import numpy as np
import pytest
from calibration_rigs import ring_rig
from walkers import recorded, walking

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import read_detections, write_detections
from mmpose_ours.errors import InputError
from mmpose_ours.self_calibration import synchronize


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('recording')
    write_rig(ring_rig(3), folder / 'rig.json', 'panoptic')
    seen = recorded(ring_rig(3), walking(2, 410, seed=3), (90, 0, 31), (1, 1, 1), 300)
    write_detections(folder / 'people.json', seen)
    return folder


def command(files, *options):
    given = ['synchronize', files / 'rig.json', '--keypoints', files / 'people.json', *options]
    return cli.main(list(map(str, given)))


@pytest.fixture(scope='module')
def out(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp('out')
    options = ('--out', folder / 'out.npz', '--report', folder / 'report.json', '--same-rate')
    assert command(files, *options) == 0
    return folder


class TestOffsets:
    def test_report(self, out):
        said = json.loads((out / 'report.json').read_text())
        assert said['frame_offsets'] == {'cam0': 0, 'cam1': 90, 'cam2': 59}
        assert said['reference'] == 'cam0' and said['frames'] in (209, 210, 211)
        assert [camera['uncertain'] for camera in said['cameras']] == [False] * 3
        assert [camera['offset'] for camera in said['cameras']] == pytest.approx(
            [0, 90, 59], abs=0.2
        )

    def test_keypoints(self, out):
        """What was written is synchronised."""
        found = synchronize(ring_rig(3), read_detections(out / 'out.npz'), same_rate=True)
        assert set(found.frame_offsets.values()) == {0}


def test_words_are_those_of_other_commands(files, tmp_path, capsys):
    assert command(files, '--same-rate') == 0
    words = re.search(r'^--frame-offsets .*$', capsys.readouterr().out, re.MULTILINE)[0].split()
    out = tmp_path / 'out.json'
    assert cli.main(['keypoints', str(files / 'people.json'), str(out), *words]) == 0
    found = synchronize(ring_rig(3), read_detections(out), same_rate=True)
    assert max(abs(camera.offset) for camera in found.cameras) < 0.2


def test_refused(files, tmp_path):
    out = tmp_path / 'out.json'
    assert command(files, '--out', out, '--reference', 'cam9') == 2
    people = read_detections(files / 'people.json')
    few = {frame: people[frame] for frame in list(people)[:10]}
    write_detections(tmp_path / 'few.json', few)
    given = ['synchronize', files / 'rig.json', '--keypoints', tmp_path / 'few.json', '--out', out]
    assert cli.main(list(map(str, given))) == 2
    assert not out.exists()
    with pytest.raises(InputError):
        synchronize(ring_rig(3), few)


def test_rates(tmp_path, capsys):
    write_rig(ring_rig(2), tmp_path / 'rig.json', 'panoptic')
    seen = recorded(ring_rig(2), walking(2, 410, seed=4), (0, 9), (1, 25 / 30), 400)
    write_detections(tmp_path / 'people.json', seen)
    assert command(tmp_path, '--out', tmp_path / 'out.json') == 0
    assert 'warning rates' in capsys.readouterr().out
    people = read_detections(tmp_path / 'out.json')
    assert len(people) > 350 and np.isfinite(people['0']['cam0']).all()
