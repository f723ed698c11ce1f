"""Figures of body, feet, hands and face: each planted and found again."""

import json

import numpy as np
import pytest
from whole_people import RIG, detections_of, walkers

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.detections import write_detections
from mmpose_ours.evaluation import evaluate_files
from mmpose_ours.evaluation.joint_groups import (
    GroupErrors,
    compared_groups,
    group_segments,
    joint_groups,
)
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.synthetic.poses.whole_body import WHOLE_BODY

GROUPS = joint_groups(WHOLE_BODY)


def test_groups():
    assert {name: len(group) for name, group in GROUPS.items()} == {
        'body': 17, 'feet': 6, 'hands': 42, 'face': 68
    }  # fmt: skip
    assert sorted(sum(GROUPS.values(), [])) == list(range(133))
    assert list(joint_groups(COCO17)) == ['body']
    horse = Skeleton('horse', ('snout', 'withers', 'left_front_hoof'))
    assert joint_groups(horse) == {'body': [0, 1, 2]}
    body25 = SKELETONS['body25']
    assert compared_groups(body25)['ankles'] == body25.index('left_ankle', 'right_ankle')
    assert list(compared_groups(WHOLE_BODY)) == [
        'body', 'ankles', 'feet', 'wrists', 'hands', 'face'
    ]  # fmt: skip


def test_group_errors_of_nothing():
    errors = GroupErrors.of(np.zeros(0))
    assert errors.joints == 0 and np.isnan(errors.mpjpe_mm) and np.isnan(errors.missing)
    assert GroupErrors.of(np.array([10.0, np.inf])).pck == {20: 0.5, 50: 0.5, 150: 0.5}


@pytest.fixture
def files(tmp_path):
    """Truth of two people; bodies are 30 mm off, feet 10, face 60, left hands missing."""
    truth = walkers(frames=3)
    truth[1, 0, GROUPS['feet']] = np.nan  # not annotated
    found = truth.copy()
    for name, off in (('body', 30), ('feet', 10), ('hands', 5), ('face', 60)):
        found[:, :, GROUPS[name], 2] += off
    left = [j for j in GROUPS['hands'] if WHOLE_BODY.joints[j].startswith('left')]
    found[:, :, left] = np.nan
    found = np.concatenate([found, found[:, :1] + 5000], axis=1)
    for name, people in (('gt', truth), ('pred', found)):
        frames = {
            n: Poses3D(WHOLE_BODY, xyz, np.linspace(0.9, 0.1, len(xyz)))
            for n, xyz in enumerate(people)
        }
        write_predictions(tmp_path / f'{name}.json', frames, WHOLE_BODY)
    return str(tmp_path / 'gt.json'), str(tmp_path / 'pred.json')


def test_errors_by_group(files, capsys):
    report = evaluate_files('panoptic', *files)
    assert report['mpjpe_mm'] == pytest.approx(30, abs=0.01)
    assert report['ap'] == {'25': 0, '50': 1, '75': 1, '100': 1, '125': 1, '150': 1}
    assert report['recall_500mm'] == 1 and report['false_positives'] == 3
    groups = report['joint_groups']
    assert {name: group['joints'] for name, group in groups.items()} == {
        'body': 6 * 17, 'feet': 5 * 6, 'hands': 6 * 42, 'face': 6 * 68
    }  # fmt: skip
    for name, error in (('body', 30), ('feet', 10), ('hands', 5), ('face', 60)):
        assert groups[name]['mpjpe_mm'] == pytest.approx(error, abs=0.01)
        share = 0.5 if name == 'hands' else 1.0
        expected = {str(t): share * (error <= t) for t in (20, 50, 150)}
        assert groups[name]['pck'] == pytest.approx(expected)
        assert groups[name]['missing'] == pytest.approx(1 - share)
    gt, pred = files
    assert main(['evaluate', '--dataset', 'panoptic', '--gt', gt, '--pred', pred]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    (hands,) = [line for line in lines if line[:1] == ['hands']]
    assert hands[1:] == ['5.0', 'mm', '50.0', '%', '50.0', '%', '50.0', '%', '50.0', '%']


def test_a_body_alone_has_no_groups(tmp_path):
    write_predictions(tmp_path / 'a.json', {0: np.zeros((1, 17, 3)) + np.arange(17)[:, None]})
    report = evaluate_files('panoptic', tmp_path / 'a.json', tmp_path / 'a.json')
    assert report['joint_groups'] == {}


@pytest.fixture
def recording(tmp_path):
    """Detections whose feet lie 12 px, and hands 5 px, beside the projected people."""
    people = walkers(frames=8)
    frames = {}
    for n, here in enumerate(people):
        views = detections_of(here, noise_px=0.0)
        for name, view in views.items():
            array = view.array.copy()
            array[:, GROUPS['feet'], 0] += 12
            array[:, GROUPS['hands'], 1] += 5
            views[name] = Keypoints2D(WHOLE_BODY, array)
        frames[n] = views
    write_detections(tmp_path / 'keypoints.json', frames)
    write_rig(RIG, tmp_path / 'rig.json', 'panoptic')
    # Feet grow and shrink by a tenth, around the ankles.
    for n, here in enumerate(people):
        for side in ('left', 'right'):
            foot = WHOLE_BODY.index(*(f'{side}_{j}' for j in ('heel', 'big_toe', 'small_toe')))
            ankle = here[:, WHOLE_BODY.index(f'{side}_ankle')]
            here[:, foot] = ankle + (0.9, 1.1)[n % 2] * (here[:, foot] - ankle)
    poses = {
        n: Poses3D(WHOLE_BODY, here, np.ones(2), np.arange(2)) for n, here in enumerate(people)
    }
    write_predictions(tmp_path / 'people.json', poses, WHOLE_BODY)
    return tmp_path


def test_figures_without_truth_by_group(recording, capsys):
    command = ['evaluate', '--without-truth', '--pred', str(recording / 'people.json'), '--rig',
               str(recording / 'rig.json'), '--keypoints', str(recording / 'keypoints.json'),
               '--left-out', f'{RIG.names[0]}={recording / "people.json"}']  # fmt: skip
    assert main([*command, '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report['groups']) == ['body', 'ankles', 'feet', 'wrists', 'hands', 'face']
    for groups in (report['groups'], report['left_out_groups']):
        for name, px, tolerance in (
            ('body', 0, 0.05), ('face', 0, 0.05), ('hands', 5, 0.05), ('feet', 12, 2.5)
        ):  # fmt: skip
            assert groups[name]['median_px'] == pytest.approx(px, abs=tolerance), name
    assert report['left_out_groups']['hands']['matched'] == 8 * 2
    assert report['groups']['hands']['matched'] == 8 * 2 * len(RIG)
    # Half the distance between 0.9 and 1.1, over their median.
    assert report['segment_spread']['feet'] == pytest.approx([0.1, 0.1], abs=0.002)
    assert report['segment_spread']['hands'] == pytest.approx([0, 0], abs=0.002)
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert 'feet segments' in printed and 'left out, hands' in printed


def test_segments_are_those_of_the_skeleton():
    segments = group_segments(SKELETONS['halpe26'])
    assert list(segments) == ['feet']
    assert ('left_heel', 'left_big_toe') in [segment[:2] for segment in segments['feet']]
    assert len(group_segments(WHOLE_BODY)['hands']) == 2 * (20 + 3)
    assert group_segments(COCO17) == {}
