import pytest
from walking import detected, room_rig, walk

from mmpose_ours.calibration.checks.synchronization import find_shifts


@pytest.fixture(scope='module')
def recording():
    rig = room_rig()
    return rig, detected(rig, walk(frames=110))


def _shifted(instants, **lags):
    """The same instants where some cameras show them so many frames later."""
    return [
        {name: instants[index - lags.get(name, 0)][name] for name in instants[index]}
        for index in range(max(0, *lags.values(), 0), len(instants))
        if 0 <= index - lags.get('cam0', 0)
    ]


@pytest.mark.parametrize('lags', [{}, {'cam2': 10}, {'cam1': 4, 'cam3': 9}])
def test_shifts_are_found(recording, lags):
    rig, instants = recording
    shifts = find_shifts(rig, _shifted(instants, **lags))
    expected = {name: lags.get(name, 0) for name in rig.names}
    assert all(abs(shifts.frames[name] - expected[name]) <= 1 for name in rig.names)
    assert shifts.any == bool(lags)
    assert shifts.error_shifted < 0.03


def test_a_camera_that_began_late_shifts_the_others(recording):
    rig, instants = recording
    late = [
        {name: instants[i + 6 if name == 'cam0' else i][name] for name in rig.names}
        for i in range(len(instants) - 6)
    ]
    frames = find_shifts(rig, late).frames
    assert frames['cam0'] == 0
    assert all(abs(frames[name] - 6) <= 1 for name in rig.names[1:])


def test_a_wrong_calibration_is_no_shift(recording):
    rig, instants = recording
    swapped = [{**i, 'cam0': i['cam1'], 'cam1': i['cam0']} for i in instants]
    assert not find_shifts(rig, swapped).any


def test_nobody_says_nothing(recording):
    rig, instants = recording
    assert find_shifts(rig, [{name: i[name][:0] for name in i} for i in instants]) is None
    assert find_shifts(rig, [{'cam0': i['cam0']} for i in instants]) is None
