"""Calibrations that are refused in one sentence."""

import contextlib

from errors import fails

from mmpose_ours.calibration import CalibrationError


@contextlib.contextmanager
def refused(path, **fields):
    """Expect an error of a file with these fields, in one sentence."""
    with fails(CalibrationError, file=path, **fields) as caught:
        yield caught
    message = str(caught.value)
    assert message.startswith(f'{path}: '), 'the file comes first'
    assert '\n' not in message and not message.endswith('.')
