"""The commands on a recording of animals, whose skeleton is in a METAINFO file."""

import csv
import json
import re

import numpy as np
import pytest
from animals import FPS, JOINTS, RIG, detected, dog20, errors_of, ray_noise_mm, walk

pytest.importorskip('torch', reason='predicting needs torch')
pytest.importorskip('mmengine', reason='predicting needs MMEngine')
ezc3d = pytest.importorskip('ezc3d', reason='C3D files need ezc3d')

from mmpose_ours.calibration import write_rig  # noqa: E402
from mmpose_ours.cli.main import main  # noqa: E402
from mmpose_ours.detections import write_detections  # noqa: E402
from mmpose_ours.predictions.reading import read_predictions  # noqa: E402
from mmpose_ours.structures.keypoints import Keypoints2D  # noqa: E402
from mmpose_ours.structures.skeleton import Skeleton  # noqa: E402

FRAMES = 24


def run(command, *words):
    return main([command, *map(str, words)])


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Rig, METAINFO file, keypoints without names of joints, and what ``predict`` makes of them."""
    folder = tmp_path_factory.mktemp('animals')
    write_rig(RIG, folder / 'rig.json', 'panoptic')
    skeleton = dog20(folder)
    unnamed = Skeleton('unnamed', tuple(f'joint {number}' for number in range(20)))
    frames = detected(walk(frames=FRAMES), skeleton, missing=0.1, outliers=0.05)
    write_detections(
        folder / 'k.json',
        {
            str(number): {n: Keypoints2D(unnamed, people.array) for n, people in views.items()}
            for number, views in enumerate(frames)
        },
        unnamed,
    )
    assert run('predict', '--fps', FPS, '--device', 'cpu', *given(folder), '--out', folder) == 0
    return folder


def given(folder):
    return [
        *('--rig', folder / 'rig.json', '--keypoints', folder / 'k.json'),
        *('--skeleton', folder / 'dog20.py'),
    ]


def test_people_json_states_the_skeleton_and_is_right(folder):
    found, truth = read_predictions(folder / 'people.json'), walk(frames=FRAMES)
    assert found.skeleton == dog20(folder) and found.made_by['model'] == ''
    errors, unmatched = errors_of([poses.xyz_mm for poses in found.frames.values()], truth)
    assert unmatched == 0 and np.isfinite(errors).mean() > 0.95
    assert np.nanmean(errors) < 1.2 * ray_noise_mm(truth, 2.0)
    tracks = {int(i) for poses in found.frames.values() for i in poses.track_ids}
    assert tracks == {0, 1, 2}
    std = np.concatenate([poses.std_mm for poses in found.frames.values()])
    missing = np.concatenate([np.isnan(poses.xyz_mm[..., 0]) for poses in found.frames.values()])
    np.testing.assert_array_equal(np.isnan(std), missing)


def test_page_draws_every_limb(folder):
    page = (folder / 'scene.html').read_text(encoding='utf-8')
    manifest = json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))
    assert manifest['joints'] == list(JOINTS) and len(manifest['people']) == 3
    assert len(manifest['limbs']) == 19 and manifest['head'] == manifest['face'] == []
    assert manifest['root'] == list(range(20))


def test_exports_have_every_joint(folder):
    found = read_predictions(folder / 'people.json')
    for kind in ('npz', 'csv', 'trc', 'c3d'):
        assert run('export', folder / 'people.json', folder / f'dogs.{kind}') == 0
    with np.load(folder / 'dogs.npz') as arrays:
        assert arrays['poses'].shape == (FRAMES, 3, 20, 3)
        poses = found.frames[7]
        np.testing.assert_allclose(
            arrays['poses'][7, poses.track_ids], poses.xyz_mm, rtol=0, atol=0.1
        )
    with open(folder / 'dogs.csv', encoding='utf-8', newline='') as file:
        assert {row['joint'] for row in csv.DictReader(file)} == set(JOINTS)
    labels = ezc3d.c3d(str(folder / 'dogs.c3d'))['parameters']['POINT']['LABELS']['value']
    assert len(labels) == 60
    assert all(joint in (folder / 'dogs.trc').read_text() for joint in JOINTS)


def test_bvh_needs_a_body(folder, capsys):
    assert run('export', folder / 'people.json', folder / 'dogs.bvh') == 2
    assert 'hips' in capsys.readouterr().out and not list(folder.glob('*.bvh'))


def test_evaluation_without_truth(folder, capsys):
    files = ['--pred', folder / 'people.json', *given(folder)]
    assert run('evaluate', '--without-truth', '--json', *files) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['joints'] == 'dog20' and report['false_positives'] == 0
    assert report['reprojection']['median_px'] < 3 and report['missed'] <= 1
    assert report['limb_spread'] is None and report['head_above_hips'] is None


def test_view_with_a_report(folder, tmp_path):
    options = [*given(folder), '--out', tmp_path, '--report', '--every', 12]
    assert run('view', folder / 'people.json', *options) == 0
    assert (tmp_path / 'run.html').is_file() and (tmp_path / 'scene.html').is_file()


def test_check_rig_compares_views_by_animals(folder, capsys):
    options = ['--keypoints', folder / 'k.json', '--skeleton', folder / 'dog20.py', '--json']
    assert run('check-rig', folder / 'rig.json', *options) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['people']['disagreement'] < 0.05 and 'limbs_mm' not in report['people']


@pytest.mark.parametrize('command', ['fit-noise', 'align-rig'])
def test_what_needs_people_refuses_animals(folder, tmp_path, command, capsys):
    keypoints = {'fit-noise': [folder / 'k.json'], 'align-rig': []}[command]
    words = [folder / 'rig.json', *keypoints, tmp_path / 'out.json']
    if command == 'align-rig':
        words += ['--keypoints', folder / 'k.json']
    assert run(command, *words, '--skeleton', folder / 'dog20.py') == 2
    assert 'dog20' in capsys.readouterr().err and not (tmp_path / 'out.json').exists()
