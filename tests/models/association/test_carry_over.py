"""Temporal tracking: people whom one view still shows are kept, per recording."""

import itertools

import numpy as np
import torch
from model_rigs import batch, ring

from mmpose_ours.models import TriangulatePose

FRAMES = itertools.count()


def frame_data(views, only=None, shift_mm=0.0, seed=0):
    """Two people, the first of whom some views alone show; shifted sideways."""
    data = batch([ring(views)], people=2, seed=seed)
    sample = data['data_samples'][0]
    truth = sample.gt_instances.keypoints_3d
    truth[..., 0] += shift_mm
    uv = np.nan_to_num(sample.rig.project(truth.double().numpy())[0])
    keypoints = np.concatenate([uv, np.ones_like(uv[..., :1])], -1).astype(np.float32)
    if only is not None:
        for view in set(range(views)) - set(only):
            keypoints[view, 0] = 0.0
    data['inputs']['keypoints'] = [torch.from_numpy(keypoints)]
    sample.set_metainfo(dict(recording='here', frame_id=next(FRAMES)))
    return data


def people(model, data):
    result = model.test_step(data)[0]
    truth = result.gt_instances.keypoints_3d
    distance = (result.pred_instances.keypoints_3d[:, None] - truth).norm(dim=-1).mean(-1)
    return result.pred_instances, distance.amin(0)


def test_somebody_whom_one_view_still_shows_stays_where_they_are():
    model, without = (TriangulatePose(temporal=temporal).eval() for temporal in (True, False))
    for model_, count in ((model, 2), (without, 1)):
        people(model_, frame_data(3))
        found, error = people(model_, frame_data(3, only=[0], shift_mm=40.0))
        assert len(found.scores) == count
    found, error = people(model, frame_data(3, only=[0], shift_mm=60.0))
    assert error.max() < 100 and sorted(found.views.tolist()) == [1, 3]


def test_nobody_is_kept_whom_no_view_shows():
    model = TriangulatePose(temporal=True).eval()
    people(model, frame_data(3))
    assert len(people(model, frame_data(3, only=[]))[0].scores) == 1
    assert len(people(model, frame_data(3, only=[1]))[0].scores) == 1


def test_another_recording_starts_afresh():
    model = TriangulatePose(temporal=True).eval()
    people(model, frame_data(4))
    # The same people, but seen by another rig: nothing is known of them.
    assert len(people(model, frame_data(3, only=[0]))[0].scores) == 1
    for name, count in (('here', 2), ('there', 1), (None, 1)):
        people(model, frame_data(3))
        data = frame_data(3, only=[0])
        data['data_samples'][0].set_metainfo(dict(recording=name))
        assert len(people(model, data)[0].scores) == count


def test_frames_that_start_again_are_another_recording():
    model = TriangulatePose(temporal=True).eval()
    for frames, count in (((5, 6), 2), ((6, 5), 1), (('b', 'a'), 2)):
        first, second = frame_data(3), frame_data(3, only=[0])
        for data, frame in zip((first, second), frames):
            data['data_samples'][0].set_metainfo(dict(frame_id=frame))
        people(model, first)
        assert len(people(model, second)[0].scores) == count


def test_frames_of_a_batch_are_in_order():
    one_by_one = TriangulatePose(temporal=True).eval()
    frames = [frame_data(3), frame_data(3, only=[0], shift_mm=30.0), frame_data(3, only=[])]
    expected = [one_by_one.test_step(data)[0].pred_instances for data in frames]
    together = dict(
        inputs=dict(keypoints=[data['inputs']['keypoints'][0] for data in frames]),
        data_samples=[data['data_samples'][0] for data in frames],
    )
    results = TriangulatePose(temporal=True).eval().test_step(together)
    for result, other in zip(results, expected):
        torch.testing.assert_close(
            result.pred_instances.keypoints_3d, other.keypoints_3d, atol=1.0, rtol=0
        )
