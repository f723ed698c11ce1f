"""``--skeleton``, ``--frame-offsets`` and notes on keypoints, in every command that reads them."""

import json

import numpy as np
import pytest
from errors import fails
from tool_files import openpose_json, save
from walking import detected, room_rig, walk

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.arguments import parse_offsets
from mmpose_ours.cli.main import main
from mmpose_ours.detections import read_detections
from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeletons import SKELETONS

FRAMES = 12
H36M = SKELETONS['h36m17']
EPOCH = 1699123456000


def as_h36m(people):
    """COCO-17 people (P, 17, 3) with Human3.6M's joints."""
    coco = SKELETONS['coco17']
    out = np.zeros((len(people), 17, 3))
    for index, joint in enumerate(H36M.joints):
        if joint in coco.joints:
            out[:, index] = people[:, coco.index(joint)[0]]
    hips, shoulders = (
        people[:, coco.index(f'left_{part}', f'right_{part}')].mean(1)
        for part in ('hip', 'shoulder')
    )
    between = {'mid_hip': hips, 'spine': (hips + shoulders) / 2, 'thorax': shoulders}
    for joint in ('mid_hip', 'spine', 'thorax', 'neck_base', 'head'):
        out[:, H36M.index(joint)[0]] = between.get(joint, people[:, 0])
    return out


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    """A rig, and people as OpenPose's files with unnamed joints of Human3.6M and time stamps."""
    root = tmp_path_factory.mktemp('recording')
    rig = room_rig()
    write_rig(rig, root / 'rig.json', 'panoptic')
    for frame, views in enumerate(detected(rig, walk(frames=60)[::5][:FRAMES])):
        for index, (camera, people) in enumerate(views.items()):
            stamp = EPOCH + 33 * frame + 3 * index
            save(root / 'k' / camera / f'{stamp}.json', openpose_json(*as_h36m(people)))
    return root


def words(command, root, out):
    rig, keypoints = str(root / 'rig.json'), str(root / 'k')
    return {
        'keypoints': ['keypoints', keypoints, str(out / 'k.json'), '--camera-param-file', rig],
        'check-rig': ['check-rig', rig, '--keypoints', keypoints],
        'align-rig': ['align-rig', rig, str(out / 'a.json'), '--keypoints', keypoints],
        'fit-noise': ['fit-noise', rig, keypoints, str(out / 'n.json')],
        'predict': ['predict', '--rig', rig, '--keypoints', keypoints, '--out', str(out / 'p')],
    }[command]


@pytest.mark.parametrize('command', ['keypoints', 'check-rig', 'align-rig', 'fit-noise', 'predict'])
def test_every_command_takes_the_skeleton_and_prints_the_notes(
    recording, tmp_path, command, capsys
):
    if command == 'predict':
        pytest.importorskip('torch', reason='predicting needs torch')
        pytest.importorskip('mmengine', reason='predicting needs MMEngine')
    argv = words(command, recording, tmp_path)
    assert main(argv) == 2
    assert '--skeleton h36m17' in capsys.readouterr().err
    status = main([*argv, '--skeleton', 'h36m17'])
    printed = capsys.readouterr()
    said = printed.out + printed.err
    if command != 'fit-noise':  # so few people may tell too little of the noise
        assert status == 0
    assert f'{FRAMES} of {FRAMES} frames have all' in said and 'time stamps' in said
    assert ('nose' in said) == (command != 'keypoints'), 'which joints are lost'


def test_view_shows_what_predict_found_with_the_same_options(recording, tmp_path, capsys):
    pytest.importorskip('torch', reason='predicting needs torch')
    pytest.importorskip('mmengine', reason='predicting needs MMEngine')
    given = ['--rig', str(recording / 'rig.json'), '--keypoints', str(recording / 'k')]
    given += ['--skeleton', 'h36m17', '--out', str(tmp_path)]
    assert main(['predict', *given, '--device', 'cpu']) == 0
    people = json.loads((tmp_path / 'people.json').read_text())
    assert list(people['frames']) == [str(EPOCH + 33 * n) for n in range(FRAMES)]
    assert main(['view', str(tmp_path / 'people.json'), *given]) == 0
    rest = [str(tmp_path / 'people.json'), *given[:-2], '--json']
    assert main(['evaluate', '--without-truth', '--pred', *rest]) == 0
    assert 'lacks' not in capsys.readouterr().err


def test_offsets_of_clips(recording, tmp_path, capsys):
    """Clips that were trimmed, and that began two images apart."""
    folder, out = tmp_path / 'in', tmp_path / 'k.json'
    for index, camera in enumerate(sorted(path.name for path in (recording / 'k').iterdir())[:2]):
        files = sorted((recording / 'k' / camera).iterdir())[2 * index :]
        for number, file in enumerate(files):
            data = json.loads(file.read_text())
            save(folder / camera / f'{1000 * (index + 1) + number}.json', data)
    argv = ['keypoints', str(folder), str(out), '--skeleton', 'h36m17']
    assert main(argv) == 2
    assert '--frame-offsets' in capsys.readouterr().err
    first, second = sorted(path.name for path in folder.iterdir())
    assert main([*argv, '--frame-offsets', f'{first}=2']) == 0
    read = read_detections(out)
    assert len(read) == FRAMES - 2 and all(len(views) == 2 for views in read.values())


def test_an_offset_that_is_said_twice():
    with fails(InputError, code='duplicate', found='cam1=3'):
        parse_offsets(['cam1=2', 'cam2=1', 'cam1=3'])
    assert parse_offsets(['cam1=2', 'cam2=1']) == {'cam1': 2, 'cam2': 1}
