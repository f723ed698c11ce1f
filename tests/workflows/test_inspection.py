"""What files and folders are said to be."""

import json
import shlex
import shutil

import numpy as np
import pytest
from dataset_files import exact_detections, small_rig, two_people, write_images, write_ours
from format_samples import MAKERS, WRITTEN, sample, sample_rig

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import build_parser, main
from mmpose_ours.detections import write_detections
from mmpose_ours.predictions.writing import write_predictions
from mmpose_ours.synthetic.noise_profiles import SHIPPED, profile_names
from mmpose_ours.workflows.inspection import (
    CALIBRATION,
    DEPTH,
    KEYPOINTS,
    NOISE,
    POSES,
    RECORDING,
    WEIGHTS,
    inspect_path,
    next_command,
)


def kinds(path):
    return [finding.kind for finding in inspect_path(path).findings]


@pytest.mark.parametrize('format', (*MAKERS, *WRITTEN))
def test_every_calibration_format(tmp_path, format):
    paths = sample(format, tmp_path / 'rig')
    (found,) = inspect_path(tmp_path / 'rig').findings
    assert found.kind == CALIBRATION
    # Crossview's intrinsics mean nothing without an image size.
    assert found.summary.startswith(format if format == 'crossview' else f'{format}, 2 cameras')
    assert found.path == (paths[0] if len(paths) == 1 else paths[0].parent)


def test_a_data_folder_is_all_that_is_in_it(tmp_path):
    write_ours(tmp_path)
    found = inspect_path(tmp_path).findings
    assert sorted(finding.kind for finding in found) == [KEYPOINTS, CALIBRATION, RECORDING]
    by_kind = {finding.kind: finding.path for finding in found}
    assert by_kind[CALIBRATION] == tmp_path / 'camera_parameters.json'
    assert by_kind[RECORDING] == tmp_path
    assert by_kind[KEYPOINTS] == tmp_path / 'keypoints_2d.json'
    command = next_command(found)
    assert f'--rig {by_kind[CALIBRATION]} --img-root {tmp_path}' in command
    assert f'--keypoints {by_kind[KEYPOINTS]}' in command


def test_things_in_folders_of_a_folder(tmp_path):
    project = tmp_path / 'project'
    sample('anipose', project / 'calibration')
    write_images(project / 'videos' / 'first')
    write_detections(project / 'pose.json', exact_detections(small_rig()))
    (project / '.hidden').mkdir()
    sample('krtd', project / '.hidden' / 'rig')
    assert sorted(kinds(project)) == [KEYPOINTS, CALIBRATION, RECORDING]
    deep = project.joinpath(*['deeper'] * DEPTH)
    sample('krtd', deep)
    assert CALIBRATION in kinds(deep)
    assert sorted(kinds(project)) == [KEYPOINTS, CALIBRATION, CALIBRATION, RECORDING]
    shutil.move(deep, deep / '..' / 'a' / 'b')
    assert sorted(kinds(project)) == [KEYPOINTS, CALIBRATION, RECORDING]


def test_poses_noise_weights_images(tmp_path):
    write_predictions(tmp_path / 'people.json', {0: two_people().poses}, 'coco17', fps=25.0)
    shutil.copy(SHIPPED / f'{profile_names()[0]}.json', tmp_path / 'noise.json')
    (tmp_path / 'epoch_5.pth').write_bytes(b'anything')
    write_images(tmp_path / 'images')
    image = next((tmp_path / 'images').rglob('*.png'))
    assert kinds(tmp_path / 'people.json') == [POSES]
    assert '25 frames per second' in inspect_path(tmp_path / 'people.json').findings[0].summary
    assert kinds(tmp_path / 'noise.json') == [NOISE]
    assert kinds(tmp_path / 'epoch_5.pth') == [WEIGHTS]
    assert kinds(image) == [RECORDING]


def test_what_a_rig_needs_is_in_the_commands(tmp_path):
    write_rig(sample_rig(), tmp_path / 'rig.toml', 'anipose')
    (found,) = inspect_path(tmp_path / 'rig.toml').findings
    assert all('--unit UNIT --up UP' in command for command in found.commands)
    write_rig(sample_rig(), tmp_path / 'rig.json', 'panoptic')
    (found,) = inspect_path(tmp_path / 'rig.json').findings
    assert not any('--unit' in command for command in found.commands)


def test_broken_files_say_what_is_wrong(tmp_path):
    write_rig(sample_rig(), tmp_path / 'rig.json', 'panoptic')
    data = json.loads((tmp_path / 'rig.json').read_text())
    data['cameras'][1]['R'][0][0] = 5.0
    (tmp_path / 'rig.json').write_text(json.dumps(data))
    (found,) = inspect_path(tmp_path / 'rig.json').findings
    assert found.kind == CALIBRATION
    assert any('rotation' in line for line in found.details)


def test_nothing_that_a_command_takes(tmp_path, capsys):
    (tmp_path / 'notes.txt').write_text('Meet at nine.\n')
    np.save(tmp_path / 'array.npy', np.zeros(3))
    (tmp_path / 'package.json').write_text(json.dumps({'name': 'x', 'version': '1'}))
    for name in ('notes.txt', 'array.npy', 'package.json'):
        inspection = inspect_path(tmp_path / name)
        assert not inspection.findings
        assert inspection.refusals
        assert main(['inspect', str(tmp_path / name)]) == 1
    (tmp_path / 'empty').mkdir()
    assert not inspect_path(tmp_path / 'empty').findings
    with pytest.raises(FileNotFoundError):
        inspect_path(tmp_path / 'nowhere')
    capsys.readouterr()


def test_as_json(tmp_path, capsys):
    write_ours(tmp_path)
    assert main(['inspect', str(tmp_path), '--json']) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said['paths'][str(tmp_path)]['findings']) == 3
    assert said['next'].startswith('mmpose-ours predict --rig')


def test_every_command_that_is_printed_is_one(tmp_path):
    """As it stands there, with words in capitals for what is not known."""
    write_ours(tmp_path / 'data')
    write_predictions(tmp_path / 'people.json', {0: two_people().poses}, 'coco17', fps=25.0)
    (tmp_path / 'epoch_5.pth').write_bytes(b'anything')
    paths = (tmp_path / 'data', tmp_path / 'people.json', tmp_path / 'epoch_5.pth')
    findings = [finding for path in paths for finding in inspect_path(path).findings]
    commands = [line for finding in findings for line in finding.commands]
    commands.append(next_command(inspect_path(tmp_path / 'data').findings))
    assert len(commands) > 8
    for line in commands:
        program, *words = shlex.split(line)
        if program == 'mmpose-ours':
            build_parser(words).parse_args(words)
