"""The samples that the 0.x side is compared with (tests/mmpose0x) are those of today."""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / 'mmpose0x'


def test_the_stored_samples_are_what_the_datasets_make(monkeypatch):
    monkeypatch.setattr(sys, 'path', [str(FOLDER), *sys.path])
    import make_samples_1x

    stored = np.load(FOLDER / 'samples_1x.npz')
    made = make_samples_1x.make()
    assert sorted(made) == sorted(stored.files)
    for name, array in made.items():
        np.testing.assert_allclose(array, stored[name], atol=1e-5, err_msg=name)
