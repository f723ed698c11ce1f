"""Only numbers become arrays, and every error says where."""

import numpy as np
import pytest

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_values import (
    MAX_INTEGER,
    Place,
    checked_name,
    checked_whole,
    numbers,
    objects,
)

PLACE = Place('k.json', 'people', 'cam_a', 7)


def test_arrays_are_those_of_numpy():
    nested = [[[1, 2.5], [3, 4]], [[5, 6], [7, 2**70]]]
    array = numbers(nested, (None, 2, None), PLACE)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, np.array(nested, float))
    assert numbers([], (None, 17, 3), PLACE).shape == (0, 17, 3)
    assert numbers([[], []], (None, None), PLACE).shape == (2, 0)
    assert numbers(3, (), PLACE).shape == ()
    assert np.isnan(numbers([float('nan')], (1,), PLACE)[0])


@pytest.mark.parametrize(
    'value',
    [
        None, 1, 'text', {}, [1, 2], [[1, 2], [3]], [[1, 2], 3], [[1, 'x']], [[1, '2']], ['ab'],
        [[1, None]], [[1, True]], [[1, [2]]], [[1, {}]], [[1, 10**400]], [[1, 2, 3]], ['1;2'],
        [[[1], [2]]], {'a': [1, 2]},
    ],
)  # fmt: skip
def test_whatever_else_is_refused_with_its_place(value):
    with pytest.raises(FileFormatError) as caught:
        numbers(value, (None, 2), PLACE['x'][3])
    error = caught.value
    assert (error.file, error.camera, error.frame) == ('k.json', 'cam_a', 7)
    assert error.found and error.expected and 'people.x[3]' in str(error)


def test_whole_numbers_names_and_objects():
    assert checked_whole(MAX_INTEGER, PLACE) == MAX_INTEGER
    for value in (True, 1.0, '1', -1, MAX_INTEGER + 1, 10**400, None, []):
        with pytest.raises(FileFormatError):
            checked_whole(value, PLACE)
    assert checked_name('cam', PLACE) == 'cam'
    for value in ('', 'x' * 1001, 1, None, ['a']):
        with pytest.raises(FileFormatError):
            checked_name(value, PLACE)
    assert objects([{}], PLACE) == [{}]
    for value in ({}, [1], [{}, None], 'x', None):
        with pytest.raises(FileFormatError):
            objects(value, PLACE)
