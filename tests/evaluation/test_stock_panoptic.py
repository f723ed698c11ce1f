"""AP, AR, recall, MPJPE and truth against stock MMPose 0.29's Panoptic dataset.

``tests/stock_reference/make_panoptic_reference.py`` made the reference, from synthetic people.
Stock is not followed in three things, of which the reference has the first: it drops frames
without a usable person, keeps ten people per frame at most, and a predicted joint that is missing
makes its distances NaN, so that the person cannot be matched.
"""

from pathlib import Path

import numpy as np
import pytest
from panoptic_files import write_sequence

from mmpose_ours.evaluation import evaluate_files
from mmpose_ours.evaluation.panoptic_truth import read_panoptic_truth
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS

REFERENCE = Path(__file__).resolve().parents[1] / 'stock_reference' / 'panoptic.npz'


@pytest.fixture(scope='module')
def stock():
    with np.load(REFERENCE) as arrays:
        return dict(arrays)


@pytest.fixture(scope='module')
def report(stock, tmp_path_factory):
    """Our figures on the frames asked for; None is all of them."""
    folder = tmp_path_factory.mktemp('panoptic')
    write_sequence(folder, 'synthetic', stock)
    frames = {f: stock['poses'][stock['pose_frames'] == f] for f in stock['frames'].tolist()}
    scores = {f: stock['scores'][stock['pose_frames'] == f] for f in frames}
    skeleton = SKELETONS['panoptic15']
    people = {f: Poses3D(skeleton, poses, scores[f]) for f, poses in frames.items()}
    write_predictions(folder / 'pred.json', people, 'panoptic15')
    truth = folder / 'synthetic' / 'hdPose3d_stage1_coco19'
    return lambda wanted=None: evaluate_files('panoptic', truth, folder / 'pred.json', wanted)


def test_figures_are_those_of_stock_where_people_are_annotated(stock, report):
    ours = report(stock['kept'].tolist())
    theirs = dict(zip(stock['figure_names'].tolist(), stock['figures'].tolist()))
    for threshold in (25, 50, 75, 100, 125, 150):
        # Stock adds 1e-5 to the number of people and of predictions.
        assert ours['ap'][str(threshold)] == pytest.approx(theirs[f'AP {threshold}'], abs=2e-5)
        assert ours['ar'][str(threshold)] == pytest.approx(theirs[f'AR {threshold}'], abs=2e-5)
    assert ours['mean_ap'] == pytest.approx(theirs['mAP'], abs=2e-5)
    assert ours['mean_ar'] == pytest.approx(theirs['mAR'], abs=2e-5)
    assert ours['recall_500mm'] == pytest.approx(theirs['RECALL 500mm'], abs=1e-12)
    # Stock keeps the truth in single precision.
    assert ours['mpjpe_mm'] == pytest.approx(theirs['MPJPE 500mm'], rel=1e-6)


def test_people_found_in_empty_rooms_count_here_and_not_in_stock(stock, report):
    # Stock drops frames without a usable person when it reads the truth, false positives and all.
    empty = sorted(set(stock['frames'].tolist()) - set(stock['kept'].tolist()))
    false_positives = int(np.isin(stock['pose_frames'], empty).sum())
    everything, kept = report(), report(stock['kept'].tolist())
    assert len(empty) == 2 and false_positives == 3
    assert everything['false_positives'] == kept['false_positives'] + false_positives
    assert everything['mean_ap'] < kept['mean_ap']
    assert everything['recall_500mm'] == kept['recall_500mm']
    assert everything['mpjpe_mm'] == kept['mpjpe_mm']


def test_truth_is_the_one_that_stock_keeps(stock, tmp_path):
    write_sequence(tmp_path, 'synthetic', stock)
    truth = read_panoptic_truth(tmp_path / 'synthetic' / 'hdPose3d_stage1_coco19').frames
    assert [frame for frame, people in truth.items() if len(people)] == stock['kept'].tolist()
    seen = {f: sum(b[2, 3] > 0.1 for b in _bodies(stock, f)) for f in truth}
    assert {frame: len(people) for frame, people in truth.items()} == seen


def _bodies(stock, frame):
    return stock['bodies'][stock['body_frames'] == frame]
