"""Scores of any range become confidences."""

import numpy as np
import pytest
from errors import fails
from tool_files import mmpose_instances, openpose_json, person, results, save

from mmpose_ours.detections import read_detections
from mmpose_ours.errors import FileFormatError


def scored(root, scores):
    """A recording of one camera whose people have these scores, 17 each."""
    for frame, row in enumerate(np.reshape(scores, (-1, 17))):
        rows = person()
        rows[:, 2] = row
        save(root / 'cam_a' / f'{frame}.json', openpose_json(rows))
    notes = []
    read = read_detections(root, say=notes.append)
    notes = [note for note in notes if ': scores ' in note]
    return np.stack([views['cam_a'][0, :, 2] for views in read.values()]).ravel(), notes


def spread(low, high):
    return np.random.default_rng(0).uniform(low, high, 34)


@pytest.mark.parametrize('high', [0.4, 1.0, 1.02, 1.4])
def test_confidences_stay_as_they_are(tmp_path, high):
    """Interpolated peaks of heatmaps are a little above 1."""
    raw = spread(0.1, high)
    got, notes = scored(tmp_path, raw)
    np.testing.assert_array_equal(got, raw.astype(np.float32))
    assert not notes


def test_raw_scores_of_simcc_keep_their_order_and_small_ones_their_value(tmp_path):
    raw = spread(0.05, 7.0)
    raw[0] = 0.1
    got, (note,) = scored(tmp_path, raw)
    np.testing.assert_array_equal(np.argsort(got), np.argsort(raw))
    assert got[0] == pytest.approx(0.1, abs=0.01) and 0 < got.min() and got.max() <= 1
    assert got[np.argmax(raw)] > 0.99
    assert 'SimCC' in note


@pytest.mark.parametrize('high, whole', [(97.3, 100), (100.0, 100), (255.0, 255)])
def test_per_cent_and_bytes(tmp_path, high, whole):
    raw = spread(1.0, high)
    raw[3] = high
    got, (note,) = scored(tmp_path, raw)
    np.testing.assert_allclose(got, raw / whole, rtol=1e-6)
    assert str(whole) in note


def test_flags_of_visibility(tmp_path):
    raw = np.tile([0, 1, 2, 2, 1, 2, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2], 2)
    got, (note,) = scored(tmp_path, raw)
    np.testing.assert_array_equal(got, raw > 0)
    assert 'visibility' in note


def test_negative_scores_and_nan_are_missing(tmp_path):
    raw = spread(0.5, 6.0)
    raw[[2, 5]] = -3.0, np.nan
    got, _ = scored(tmp_path, raw)
    assert (np.flatnonzero(got == 0) == [2, 5]).all()


def test_one_outlier_is_no_per_cent(tmp_path):
    raw = spread(0.5, 1.0)
    raw[4] = 57.0
    got, _ = scored(tmp_path, raw)
    assert got[4] == 1 and (np.delete(got, 4) > 0.39).all()


def test_what_is_no_score_is_refused(tmp_path):
    with fails(FileFormatError, code='out-of-range', file=tmp_path, found=1080.0, expected=255.0):
        scored(tmp_path, np.full(17, 1080.0))


@pytest.mark.parametrize('tool', ['mmpose', 'alphapose', 'voxelpose'])
def test_all_tools_alike(tmp_path, tool):
    rows = person()
    rows[:, 2] = np.linspace(0.5, 5, 17)
    if tool == 'mmpose':
        path = save(tmp_path / 'in' / 'cam_a' / '7.json', mmpose_instances(rows)).parents[1]
    elif tool == 'alphapose':
        path = save(tmp_path / 'r.json', results('cam_a/7.jpg', rows))
    else:
        import pickle

        path = tmp_path / 'r.pkl'
        path.write_bytes(pickle.dumps({'cam_a_7': [{'pred': rows}]}))
    got = read_detections(path)['7']['cam_a'][0, :, 2]
    np.testing.assert_allclose(got, 1 - np.exp(-np.linspace(0.5, 5, 17)), rtol=1e-5)


def test_pose2sim_project_of_rtmw(shared_data):
    folder = shared_data.parent / 'cases' / '07-simcc-scores-above-two' / 'input' / 'project'
    notes = []
    read = read_detections(folder, say=notes.append)
    scores = np.concatenate([p[..., 2].ravel() for views in read.values() for p in views.values()])
    assert len(read) == 5 and len(notes) == 1
    assert 0.63 < scores.min() < 0.7 and 0.99 < scores.max() <= 1


@pytest.mark.parametrize('score', [0.0, -0.4])
def test_people_without_any_score_are_refused(tmp_path, score):
    with fails(FileFormatError, code='out-of-range', file=tmp_path, found=0.0):
        scored(tmp_path, np.full(34, score))


def test_a_camera_without_any_score_is_reported(tmp_path):
    for camera, score in (('cam_a', 0.5), ('cam_b', 0.0)):
        rows = person()
        rows[:, 2] = score
        save(tmp_path / camera / '0.json', openpose_json(rows))
    notes = []
    read = read_detections(tmp_path, say=notes.append)
    assert read['0']['cam_b'][0, :, 2].max() == 0
    assert sum('cam_b' in note and 'score' in note for note in notes) == 1
