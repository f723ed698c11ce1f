"""Only numbers become arrays, and every error says where."""

import numpy as np
import pytest
from errors import fails

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
    'value, code, found',
    [
        *((odd, 'wrong-shape', odd) for odd in (None, 1, 'text', {}, {'a': [1, 2]})),
        ([1, 2], 'wrong-shape', 1), ([[1, 2], 3], 'wrong-shape', 3), (['ab'], 'wrong-shape', 'ab'),
        (['1;2'], 'wrong-shape', '1;2'),
        ([[1, 2], [3]], 'wrong-shape', [1, 2]), ([[1, 2, 3]], 'wrong-shape', 3),
        *(([[1, odd]], 'file-format', odd) for odd in ('x', '2', None, True, [2], {})),
        ([[[1], [2]]], 'file-format', [1]),
        ([[1, 10**400]], 'out-of-range', 10**400),
    ],
)  # fmt: skip
def test_whatever_else_is_refused_with_its_place(value, code, found):
    expected = 1e308 if code == 'out-of-range' else (None, 2)
    where = dict(file='k.json', camera='cam_a', frame=7)
    with fails(FileFormatError, code=code, found=found, expected=expected, **where) as caught:
        numbers(value, (None, 2), PLACE['x'][3])
    assert 'people.x[3]' in str(caught.value), 'the place in the file is no field'


def test_whole_numbers_names_and_objects():
    assert checked_whole(MAX_INTEGER, PLACE) == MAX_INTEGER
    for value in (True, 1.0, '1', -1, MAX_INTEGER + 1, 10**400, None, []):
        code = 'out-of-range' if type(value) is int else 'file-format'
        with fails(FileFormatError, code=code, found=value, expected=(0, MAX_INTEGER)):
            checked_whole(value, PLACE)
    assert checked_name('cam', PLACE) == 'cam'
    for value in ('', 'x' * 1001, 1, None, ['a']):
        code = 'out-of-range' if type(value) is str else 'file-format'
        with fails(FileFormatError, code=code, found=value, expected=(1, 1000)):
            checked_name(value, PLACE)
    assert objects([{}], PLACE) == [{}]
    for value, found in (({}, {}), ([1], 1), ([{}, None], None), ('x', 'x'), (None, None)):
        with fails(FileFormatError, code='file-format', file='k.json', found=found):
            objects(value, PLACE)
