import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('mmengine')

from campus_people import nobody, standing  # noqa: E402
from errors import fails  # noqa: E402
from mmengine.evaluator import Evaluator  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402

from mmpose_ours.datasets.data_sample import MultiviewDataSample  # noqa: E402
from mmpose_ours.errors import InputError  # noqa: E402
from mmpose_ours.predictions.reading import read_predictions  # noqa: E402
from mmpose_ours.scope import METRICS  # noqa: E402
from mmpose_ours.structures.joint_maps import HEAD_RECIPES  # noqa: E402


def sample(frame, predicted, scores, actors=None, truth=None, joints='campus14'):
    """One frame as a model hands it over."""
    result = MultiviewDataSample(metainfo={'frame_id': frame, 'joints': joints})
    result.pred_instances = InstanceData(
        keypoints_3d=torch.tensor(np.asarray(predicted), dtype=torch.float32),
        scores=torch.tensor(scores, dtype=torch.float32),
    )
    if actors is not None:
        result.set_metainfo({'actors': actors})
    if truth is not None:
        result.gt_instances = InstanceData(
            keypoints_3d=torch.tensor(truth, dtype=torch.float32),
            visible=torch.ones(truth.shape[:2], dtype=torch.bool),
        )
    return result


def evaluate(samples, **metric):
    evaluator = Evaluator(METRICS.build({'_scope_': 'mmpose_ours', **metric}))
    for one in samples:
        evaluator.process(data_samples=[one])
    figures = evaluator.evaluate(len(samples))
    assert all(type(value) is float for value in figures.values())
    json.dumps(figures)
    return figures


@pytest.fixture
def shelf():
    actors = np.stack([standing(), standing(2000), nobody()])
    return [
        sample(1, np.stack([standing(), standing(2000), standing(6000)]), [0.9, 0.8, 0.7], actors),
        sample(2, np.empty((0, 14, 3)), np.empty(0), actors),
    ]


def test_pcp_through_the_evaluator(shelf):
    figures = evaluate(shelf, type='PCPMetric')
    assert figures == {
        'pcp/PCP': 50.0,
        'pcp/PCP_actor1': 50.0,
        'pcp/PCP_actor2': 50.0,
        'pcp/recall_500mm': 0.5,
        'pcp/error_mm': 0.0,
        'pcp/extra_people_per_frame': 0.5,
        'pcp/empty_frames': 1.0,
    }


def test_pcp_converts_joints_with_the_head_it_is_given(shared_data):
    from mmpose_ours.evaluation import read_actors

    people = read_predictions(shared_data / 'campus/published_tracker_result_3d.json')
    truth = read_actors(shared_data / 'campus/actorsGT.mat')
    samples = [
        sample(f, people.frames[f].xyz_mm, people.frames[f].scores, truth[f], joints='coco17')
        for f in (*range(350, 471), *range(650, 751))
    ]
    figures = evaluate(samples, type='PCPMetric', head='crossview', prefix='campus')
    percents = [figures[f'campus/PCP_actor{i}'] for i in (1, 2, 3)]
    assert np.round(percents, 2).tolist() == [97.14, 94.13, 98.62]
    assert round(figures['campus/PCP'], 2) == 96.63


def test_multiview_pose_metric():
    truth = np.stack([standing(), standing(3000)])
    samples = [
        sample(1, np.stack([standing(y=10), standing(9000)]), [0.9, 0.5], truth=truth),
        sample(2, np.empty((0, 14, 3)), np.empty(0), truth=np.empty((0, 14, 3))),
    ]
    figures = evaluate(samples, type='MultiviewPoseMetric')
    assert figures['pose3d/AP_25mm'] == figures['pose3d/mAP'] == 0.5
    assert figures['pose3d/AR_150mm'] == figures['pose3d/recall_500mm'] == 0.5
    assert figures['pose3d/MPJPE_mm'] == pytest.approx(10)
    assert figures['pose3d/false_positives_per_frame'] == 0.5


def test_predictions_are_written_for_the_evaluate_command(shelf, tmp_path):
    path = tmp_path / 'pred.json'
    evaluate(shelf, type='PCPMetric', out_file=str(path))
    people = read_predictions(path)
    assert people.skeleton.name == 'campus14' and list(people.frames) == [1, 2]
    np.testing.assert_allclose(people.frames[1].xyz_mm[1], standing(2000))
    np.testing.assert_allclose(people.frames[1].scores, [0.9, 0.8, 0.7])


def test_frames_that_share_an_id_are_not_written(shelf, tmp_path):
    shelf[1].set_metainfo({'frame_id': 1})
    path = tmp_path / 'pred.json'
    with fails(InputError, code='duplicate', file=path, found=1, expected=2):
        evaluate(shelf, type='PCPMetric', out_file=str(path))
    assert list(tmp_path.iterdir()) == []


def test_pcp_without_actors_is_an_error():
    with fails(InputError, code='missing-value', frame=1, expected='actors'):
        evaluate([sample(1, standing()[None], [1.0])], type='PCPMetric')


def test_an_unknown_head_is_an_error():
    with fails(InputError, code='unknown-name', found='ears', expected=list(HEAD_RECIPES)):
        METRICS.build({'type': 'PCPMetric', 'head': 'ears'})


def test_unlabelled_metric():
    from lens_rigs import rig_of

    from mmpose_ours.synthetic import DetectorNoise, Scene, built_in_poses

    rig = rig_of()
    pose = built_in_poses(1, np.random.default_rng(3), ('stand',))
    samples = []
    for frame in ('000002', '000000', '000001'):  # in any order
        moved = pose + [40.0 * int(frame) ** 2, 0, 0]
        scene = Scene(moved, np.ones((1, 17), bool))
        seen = DetectorNoise.none().detect(scene, rig, np.random.default_rng(0))
        people = np.concatenate([moved, moved + [1200, 1200, 0]])  # and a false positive
        one = sample(frame, people, [0.9, 0.5], joints='coco17')
        one.set_metainfo({'rig': rig, 'keypoints_2d': seen})
        samples.append(one)
    figures = evaluate(samples, type='UnlabelledMetric', frame_rate=10.0)
    assert (
        figures['unlabelled/false_positives_per_frame'] == 1
        and figures['unlabelled/missed_share'] == 0
    )
    assert figures['unlabelled/reprojection_px'] == pytest.approx(0, abs=1e-2)
    assert figures['unlabelled/jitter_mm'] == pytest.approx(80, rel=1e-4)
    assert figures['unlabelled/jitter_m_s2'] == pytest.approx(8, rel=1e-4)
    with fails(InputError, code='missing-value', frame=7, expected='keypoints_2d'):
        evaluate([sample(7, pose, [1.0], joints='coco17')], type='UnlabelledMetric')
