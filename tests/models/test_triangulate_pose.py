"""The model without weights: results, options, the stock way to load nothing."""

import numpy as np
import torch
from errors import fails
from model_rigs import SPACE, batch, ring

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.models import TriangulatePose
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.synthetic import DetectorNoise


def predict(data, **options):
    with torch.no_grad():
        return TriangulatePose(**options).eval().test_step(data)


def test_finds_everybody_where_they_are():
    for result in predict(batch([ring(5), ring(2)], people=3)):
        found, truth = result.pred_instances, result.gt_instances.keypoints_3d
        error = (found.keypoints_3d[:, None] - truth).norm(dim=-1).mean(-1)
        assert sorted(error.argmin(1).tolist()) == [0, 1, 2] and error.amin(1).max() < 60
        assert found.views.tolist() == [len(result.rig)] * 3
        assert (0 < found.scores).all() and (found.scores < 1).all()


def test_more_views_are_surer():
    many, few = predict(batch([ring(5), ring(2)], people=1))
    assert many.pred_instances.spread_mm.mean() < 0.8 * few.pred_instances.spread_mm.mean()
    assert many.pred_instances.scores.min() > few.pred_instances.scores.max()


def test_open_joints_are_missing_where_they_are_not_to_be_filled():
    data = batch([ring(4)], people=2)
    ankle = 15
    data['inputs']['keypoints'][0][1:, :, ankle] = 0.0
    filled = predict(data)[0].pred_instances.keypoints_3d
    left_open = predict(data, fill=False)[0].pred_instances.keypoints_3d
    assert torch.isfinite(filled).all() and left_open[:, ankle].isnan().all()
    others = ~left_open.isnan()
    assert others.any(-1).sum(1).min() >= 12
    torch.testing.assert_close(left_open[others], filled[others])


def test_is_not_much_worse_with_a_real_detectors_faults():
    errors = []
    for seed in range(6):
        result = predict(batch([ring(5)], people=3, faults=DetectorNoise(), seed=seed))[0]
        truth = result.gt_instances.keypoints_3d
        distance = (result.pred_instances.keypoints_3d[:, None] - truth).norm(dim=-1).mean(-1)
        errors += distance.amin(0).tolist()
    assert np.mean(np.array(errors) < 100) > 0.9


def test_there_is_nothing_to_train():
    model = TriangulatePose()
    data = model.data_preprocessor(batch([ring(3)]), True)
    with fails(InputError, code='cannot-express', found='loss'):
        model(**data, mode='loss')
    assert not list(model.parameters()) and not model.state_dict()


def test_nobody_there():
    rays = Rays(torch.zeros(1, 3, 3), torch.zeros(1, 3, 1, 17, 3), torch.zeros(1, 3, 1, 17))
    sample = MultiviewDataSample(metainfo=dict(rig=ring(3), space=SPACE))
    result = TriangulatePose()(dict(rays=rays), [sample], mode='predict')[0].pred_instances
    assert result.keypoints_3d.shape == (0, 17, 3) and result.scores.shape == (0,)
