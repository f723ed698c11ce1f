import pytest
from walking import detected, room_rig, walk

from mmpose_ours.calibration.checks.synchronization import find_shifts


@pytest.fixture(scope='module')
def recording():
    rig = room_rig()
    return rig, detected(rig, walk(frames=110))


def _shifted(frames, **lags):
    """The same frames where some cameras show them so many frames later."""
    return [
        {name: frames[index - lags.get(name, 0)][name] for name in frames[index]}
        for index in range(max(0, *lags.values(), 0), len(frames))
        if 0 <= index - lags.get('cam0', 0)
    ]


@pytest.mark.parametrize('lags', [{}, {'cam2': 10}, {'cam1': 4, 'cam3': 9}])
def test_shifts_are_found(recording, lags):
    rig, frames = recording
    shifts = find_shifts(rig, _shifted(frames, **lags))
    expected = {name: lags.get(name, 0) for name in rig.names}
    assert all(abs(shifts.frames[name] - expected[name]) <= 1 for name in rig.names)
    assert shifts.any == bool(lags)
    assert shifts.error_shifted < 0.03


def test_a_camera_that_began_late_shifts_the_others(recording):
    rig, frames = recording
    late = [
        {name: frames[i + 6 if name == 'cam0' else i][name] for name in rig.names}
        for i in range(len(frames) - 6)
    ]
    offsets = find_shifts(rig, late).frames
    assert offsets['cam0'] == 0
    assert all(abs(offsets[name] - 6) <= 1 for name in rig.names[1:])


def test_a_wrong_calibration_is_no_shift(recording):
    rig, frames = recording
    swapped = [{**i, 'cam0': i['cam1'], 'cam1': i['cam0']} for i in frames]
    assert not find_shifts(rig, swapped).any


def test_nobody_says_nothing(recording):
    rig, frames = recording
    assert find_shifts(rig, [{name: i[name][:0] for name in i} for i in frames]) is None
    assert find_shifts(rig, [{'cam0': i['cam0']} for i in frames]) is None
