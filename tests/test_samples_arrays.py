"""Every sample of ``samples_arrays`` is read; damaged ones end in the package's errors."""

import random

import pytest
from samples_arrays import SAMPLES

from mmpose_ours.errors import InputError


@pytest.mark.parametrize('name', SAMPLES)
@pytest.mark.filterwarnings('ignore')
def test_a_sample_is_read_whole_and_damaged(tmp_path, name):
    sample = SAMPLES[name]
    path = sample.write(tmp_path)
    sample.read(path)
    whole, chance = path.read_bytes(), random.Random(name)
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged[: chance.randrange(len(damaged) // 2, 3 * len(damaged))]))
        try:
            sample.read(path)
        except InputError as error:
            assert '\n' not in str(error)
