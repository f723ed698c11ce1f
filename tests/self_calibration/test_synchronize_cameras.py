"""Time offsets and frame rates from people: right ones come out, the rest is refused."""

import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails
from walkers import recorded, walking

from mmpose_ours.detections.arrays import named_frames
from mmpose_ours.errors import InputError
from mmpose_ours.self_calibration import retime, synchronize
from mmpose_ours.self_calibration.clocks import USUAL_RATIOS, Clock
from mmpose_ours.self_calibration.synchronization import keypoints_of_views


def true_frames(found, starts, rates, reference=0):
    """(V, 2) frames of the cameras at the first and last common frame, by how they were made."""
    ends = np.array([0, found.frames - 1]) + found.cameras[reference].offset
    moments = starts[reference] + ends / rates[reference]
    return (moments - np.array(starts)[:, None]) * np.array(rates)[:, None]


def found_frames(found):
    return np.array([camera.clock.at([0, found.frames - 1]) for camera in found.cameras])


class Shifted:
    starts, rates = (400.0, 0.0, 131.4, 250.7), (1, 1, 1, 1)


class Resampled:
    starts, rates = (40.0, 90.3, 0.0), (1, 25 / 30, 1 / 1.001)


@pytest.fixture(scope='module')
def shifted():
    seen = recorded(ring_rig(4), walking(2, 1010, seed=1), Shifted.starts, Shifted.rates, 600)
    return synchronize(ring_rig(4), seen)


@pytest.fixture(scope='module')
def seen():
    return recorded(ring_rig(3), walking(2, 1000, seed=2), Resampled.starts, Resampled.rates, 900)


@pytest.fixture(scope='module')
def resampled(seen):
    return synchronize(ring_rig(3), seen)


class TestShiftedCameras(Shifted):
    def test_offsets(self, shifted):
        off = found_frames(shifted) - true_frames(shifted, self.starts, self.rates)
        assert np.abs(off).max() < 0.2
        assert shifted.frame_offsets == {'cam0': 0, 'cam1': 400, 'cam2': 269, 'cam3': 149}

    def test_rates(self, shifted):
        assert [camera.rate for camera in shifted.cameras] == pytest.approx([1] * 4, abs=1e-4)
        assert shifted.frames in (200, 201) and shifted.left_over < 0.7

    def test_judgement(self, shifted):
        assert shifted.uncertain == () and shifted.reference == 'cam0'
        for camera in shifted.cameras[1:]:
            assert 0 < camera.offset_std < 0.2 and 0 < camera.rate_std < 1e-3
            assert camera.matched > 0.9 and camera.second < 0.75


class TestFrameRates(Resampled):
    def test_offsets_and_rates(self, resampled):
        for camera, rate in zip(resampled.cameras, self.rates):
            assert camera.rate == pytest.approx(rate, rel=1e-4)
        off = found_frames(resampled) - true_frames(resampled, self.starts, self.rates)
        assert np.abs(off).max() < 0.2
        assert resampled.left_over > 100  # 25 of 30 frames

    def test_other_reference(self, seen):
        found = synchronize(ring_rig(3), seen, 'cam1')
        assert found.reference == 'cam1' and found.cameras[1].rate == 1
        assert found.cameras[0].rate == pytest.approx(30 / 25, rel=1e-4)
        off = found_frames(found) - true_frames(found, self.starts, self.rates, 1)
        assert np.abs(off).max() < 0.2

    def test_retimed(self, seen, resampled):
        rig = ring_rig(3)
        retimed = retime(rig, named_frames(seen), seen, resampled)
        assert list(retimed) == [str(n) for n in range(resampled.frames)]
        arrays = {
            frame: {name: people.array for name, people in views.items()}
            for frame, views in retimed.items()
        }
        again = synchronize(rig, arrays, same_rate=True)
        assert set(again.frame_offsets.values()) == {0}
        assert max(abs(camera.offset) for camera in again.cameras) < 0.2


def test_a_clock_that_drifts():
    rates = (1, 1.0004)
    seen = recorded(ring_rig(2), walking(2, 1600, seed=3), (0.0, 20.0), rates, 1500)
    found = synchronize(ring_rig(2), seen)
    assert found.cameras[1].rate == pytest.approx(rates[1], abs=1e-4)


def test_interpolation():
    """A person who moves evenly is where the time says, and scores stay scores."""
    rig = ring_rig(2)
    seen = recorded(rig, walking(1, 400, seed=4), (0.0, 10.5), (1, 1), 300, noise_px=0, missed=0)
    found = synchronize(rig, seen, same_rate=True)
    retimed = retime(rig, named_frames(seen), seen, found)
    moment = found.cameras[0].clock.at(50)
    low = int(moment)
    first, second = (seen[str(n)]['cam0'][0] for n in (low, low + 1))
    array = retimed['50']['cam0'].array[0]
    share = moment - low
    expected = first[:, :2] + share * (second - first)[:, :2]
    if min(share, 1 - share) > 0.02:
        both = array[:, 2] > 0
        np.testing.assert_allclose(array[both, :2], expected[both], atol=1e-6)
    else:
        np.testing.assert_array_equal(array, first if share < 0.5 else second)


class TestRefused:
    def test_nobody_moves(self):
        still = np.repeat(walking(2, 2, seed=5)[:1], 310, axis=0)
        seen = recorded(ring_rig(3), still, (0, 0, 0), (1, 1, 1), 300)
        with fails(InputError, code='no-data'):
            synchronize(ring_rig(3), seen)

    def test_camera_of_another_recording(self):
        seen = recorded(ring_rig(3), walking(2, 310, seed=6), (0, 0, 0), (1, 1, 1), 300)
        other = recorded(ring_rig(3), walking(2, 310, seed=77), (0, 0, 0), (1, 1, 1), 300)
        for frame, views in seen.items():
            views['cam2'] = other[frame]['cam2']
        with fails(InputError, code='conflict', camera='cam2'):
            synchronize(ring_rig(3), seen)

    @pytest.mark.parametrize('seed', [8, 9])
    def test_no_overlap(self, seed):
        seen = recorded(ring_rig(2), walking(3, 610, seed=seed), (0, 300), (1, 1), 300)
        with pytest.raises(InputError) as caught:
            synchronize(ring_rig(2), seen)
        assert caught.value.code in ('no-data', 'conflict')

    def test_several_offsets_are_possible(self):
        """One person who walks the same way again and again."""
        people = walking(1, 400, seed=3)[(np.abs(np.arange(900) % 240 - 120) * 1)]
        seen = recorded(ring_rig(2), people, (0, 100), (1, 1), 700)
        with fails(InputError, code='no-data'):
            synchronize(ring_rig(2), seen)

    def test_one_camera(self):
        with fails(InputError, code='no-data', found=1):
            synchronize(ring_rig(1), {})

    def test_nobody(self):
        seen = recorded(ring_rig(2), walking(1, 100, seed=9), (0, 0), (1, 1), 90)
        with fails(InputError, code='no-data', camera='cam1'):
            synchronize(ring_rig(2), {n: {'cam0': views['cam0']} for n, views in seen.items()})
        with fails(InputError, code='no-data', camera='cam0', found=0):
            synchronize(ring_rig(2), {})

    def test_named_frames(self):
        with fails(InputError, code='conflict', frame='first'):
            synchronize(ring_rig(2), {'first': {}})

    def test_unknown_reference(self):
        with fails(InputError, code='unknown-camera', camera='cam9'):
            synchronize(ring_rig(2), {}, 'cam9')


def test_progress():
    calls = []
    seen = recorded(ring_rig(2), walking(1, 310, seed=10), (0, 0), (1, 1), 300)
    synchronize(ring_rig(2), seen, same_rate=True, progress=lambda *counts: calls.append(counts))
    assert calls[-1][0] == calls[-1][1] == len(calls)


def test_arrays_by_number():
    people = np.ones((2, 17, 3))
    first, (a, b) = keypoints_of_views(
        {'007': {'a': people}, '009': {'a': people[:1], 'b': people}}, ['a', 'b']
    )
    assert first == 7 and a.shape == b.shape == (3, 2, 17, 3)
    np.testing.assert_array_equal(a.any((2, 3)), [[True, True], [False, False], [True, False]])


class TestClocks:
    def test_inverse(self):
        clock = Clock(12.5, 0.8)
        assert clock.inverse().at(clock.at(7.0)) == pytest.approx(7.0)

    def test_chain(self):
        first, second = Clock(12.5, 0.8), Clock(-3.0, 1.2)
        assert second.after(first).at(5.0) == pytest.approx(float(second.at(first.at(5.0))))

    def test_usual_ratios(self):
        assert USUAL_RATIOS[0] == 1 and len(set(USUAL_RATIOS)) == len(USUAL_RATIOS)
        for ratio in (25 / 30, 2.0, 25 / (30 / 1.001), 1 / 1.001):
            assert min(abs(ratio - usual) for usual in USUAL_RATIOS) < 1e-9


def test_frames_that_are_hardly_there_take_no_memory():
    people = np.ones((1, 17, 3))
    few = {str(number): {'a': people} for number in (0, 1, 3_000_000)}
    with fails(InputError, code='out-of-range', found=3_000_000):
        keypoints_of_views(few, ['a'])
    apart = {str(number): {'a': people} for number in range(0, 500, 50)}  # frames without people
    assert keypoints_of_views(apart, ['a'])[1][0].shape == (451, 1, 17, 3)
