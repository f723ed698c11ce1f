"""Trajectories of synthetic people beside the truth, and beside frames that are solved alone."""

import dataclasses
import functools

import numpy as np
import pytest
from moving_people import crowd, seen
from scipy.signal import find_peaks
from single_frames import arrays, triangulated
from walking import room_rig

from mmpose_ours.evaluation.plausibility import limb_lengths
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.temporal.recording import TemporalReport, optimise_trajectories

FPS = 30.0


@functools.lru_cache
def recording(seed=0, frames=300, count=2):
    """Truth (T, N, 17, 3), and the results of single frames."""
    rng = np.random.default_rng(seed)
    rig = room_rig(4)
    people = crowd(rng, count, frames)
    views, owners = seen(rng, rig, people)
    return rig, people, triangulated(rig, views, owners, count)


@functools.lru_cache
def solved(with_rays=True):
    rig, people, results = recording()
    return arrays(optimise_trajectories(results, rig if with_rays else None, FPS), [0, 1])


def errors(xyz):
    return np.linalg.norm(xyz - recording()[1], axis=-1)


@pytest.mark.parametrize('with_rays', [True, False])
def test_error_and_acceleration_fall(with_rays):
    xyz, _ = solved(with_rays)
    alone, _ = arrays(recording()[2], [0, 1])
    assert np.nanmean(errors(xyz)) < 0.7 * np.nanmean(errors(alone))
    assert np.nanmax(errors(xyz)) < np.nanmax(errors(alone))
    acceleration = np.linalg.norm(xyz[:-2] - 2 * xyz[1:-1] + xyz[2:], axis=-1)
    assert np.nanmedian(acceleration) < 2.0


@pytest.mark.parametrize('with_rays', [True, False])
def test_bones_have_one_length_that_is_right(with_rays):
    xyz, _ = solved(with_rays)
    lengths = limb_lengths(xyz, COCO17)
    true = limb_lengths(recording()[1], COCO17)
    assert (np.ptp(lengths, axis=0) < 0.005 * true[0]).all()
    np.testing.assert_allclose(lengths[..., ::2], lengths[..., 1::2], rtol=0.005)
    np.testing.assert_allclose(np.median(lengths, 0), true[0], rtol=0.015)


def test_peaks_of_the_speed_of_wrists_are_kept():
    wrists = COCO17.index('left_wrist', 'right_wrist')
    true = np.linalg.norm(np.diff(recording()[1][:, :, wrists], axis=0), axis=-1)
    found = np.linalg.norm(np.diff(solved()[0][:, :, wrists], axis=0), axis=-1)
    ratios = []
    for person in range(2):
        for hand in range(2):
            speed = true[:, person, hand]
            for peak in find_peaks(speed, height=np.percentile(speed, 80), distance=8)[0]:
                near = slice(max(0, peak - 2), peak + 3)
                ratios.append(found[near, person, hand].max() / speed[peak])
    assert len(ratios) > 10
    assert abs(np.median(ratios) - 1) < 0.05


def test_standard_deviations_are_honest():
    xyz, std = solved()
    normalised = np.sqrt(np.nanmean(errors(xyz) ** 2 / 3 / std**2))
    assert 0.6 < normalised < 1.4


def test_short_gap_is_filled_and_less_certain_and_a_long_one_is_not():
    rig, people, results = recording()
    gone = {*range(50, 65), *range(150, 200)}
    cut = [
        dataclasses.replace(
            result,
            poses=result.poses.only(result.track_ids != 1) if frame in gone else result.poses,
            keypoints={},
        )
        for frame, result in enumerate(results)
    ]
    report = TemporalReport()
    xyz, std = arrays(optimise_trajectories(cut, None, FPS, report=report), [0, 1])
    assert np.isfinite(xyz[50:65, 1]).all() and report.filled == 15
    assert np.isnan(xyz[150:200, 1]).all()
    assert np.isfinite(xyz[:, 0]).all()
    assert np.median(std[57, 1] / std[40, 1]) > 1.8
    normalised = errors(xyz)[50:65, 1] / std[50:65, 1]
    assert np.sqrt(np.mean(normalised**2) / 3) < 2.5


def test_frames_keep_order_names_and_scores():
    rig, people, results = recording()
    optimised = optimise_trajectories(results, rig, FPS)
    assert [one.frame for one in optimised] == [one.frame for one in results]
    assert all((one.poses.scores == 1).all() for one in optimised)
    assert optimised[0].keypoints is results[0].keypoints


def test_windows_give_what_one_window_gives(monkeypatch):
    from mmpose_ours.temporal import trajectory

    rig, people, results = recording()
    monkeypatch.setattr(trajectory, 'WINDOW', 100)
    xyz, _ = arrays(optimise_trajectories(results, rig, FPS), [0, 1])
    assert np.nanmax(np.linalg.norm(xyz - solved()[0], axis=-1)) < 1.0


def test_nobody_anywhere():
    rig, people, results = recording()
    empty = [
        dataclasses.replace(one, poses=one.poses.only(np.zeros(len(one.poses), bool)))
        for one in results[:5]
    ]
    assert [len(one.poses) for one in optimise_trajectories(empty, rig, FPS)] == [0] * 5
