"""MMPose's COCO data sets and metric on pycocotools, where there is no xtcocotools."""

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest

from mmpose_ours import xtcocotools_stand_in

pytest.importorskip('pycocotools', reason='it comes with the training stack')


@pytest.fixture
def stand_in(monkeypatch):
    """The stand-in, whatever else is installed; other tests see none of it."""
    monkeypatch.setattr(sys, 'meta_path', [xtcocotools_stand_in._Finder(), *sys.meta_path])
    for name in [name for name in sys.modules if name.split('.')[0] == 'xtcocotools']:
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in [name for name in sys.modules if name.split('.')[0] == 'xtcocotools']:
        del sys.modules[name]


def people(rng, shift):
    joints = rng.uniform(20, 180, (4, 5, 2))
    truth, found = [], []
    for index, uv in enumerate(joints):
        rows = np.concatenate([uv, np.full((5, 1), 2)], axis=1)
        noisy = np.concatenate([uv + shift, np.ones((5, 1))], axis=1)
        common = {'id': index + 1, 'image_id': 1, 'category_id': 1, 'area': 10_000.0}
        box = [0.0, 0.0, 200.0, 200.0]
        truth.append(
            {**common, 'keypoints': rows.ravel().tolist(), 'num_keypoints': 5, 'bbox': box,
             'iscrowd': 0}
        )  # fmt: skip
        found.append({**common, 'keypoints': noisy.ravel().tolist(), 'score': 0.9 - index / 10})
    return truth, found


@pytest.mark.parametrize('shift', [0.0, 4.0, 12.0])
def test_oks_is_that_of_its_definition(stand_in, tmp_path, shift, capsys):
    COCO = importlib.import_module('xtcocotools.coco').COCO
    COCOeval = importlib.import_module('xtcocotools.cocoeval').COCOeval
    truth, found = people(np.random.default_rng(0), shift)
    content = {'images': [{'id': 1}], 'annotations': truth, 'categories': [{'id': 1}], 'info': {}}
    (tmp_path / 'truth.json').write_text(json.dumps(content))
    coco = COCO(str(tmp_path / 'truth.json'))
    sigmas = np.linspace(0.03, 0.1, 5)
    score = COCOeval(coco, coco.loadRes(found), 'keypoints', sigmas, use_area=True)
    score.params.imgIds = [1]
    score.evaluate()
    expected = np.exp(-(2 * shift**2) / (2 * 10_000 * (2 * sigmas) ** 2)).mean()
    np.testing.assert_allclose(np.diag(score.ious[1, 1]), expected, atol=1e-9)


def test_what_pycocotools_has_not_is_refused(stand_in):
    COCOeval = importlib.import_module('xtcocotools.cocoeval').COCOeval
    with pytest.raises(NotImplementedError):
        COCOeval(iouType='keypoints_crowd')
    with pytest.raises(NotImplementedError):
        COCOeval(use_area=False)
    with pytest.raises(ImportError):
        importlib.import_module('xtcocotools.other')


def test_an_installed_one_is_left_as_it_is(tmp_path):
    (tmp_path / 'xtcocotools').mkdir()
    (tmp_path / 'xtcocotools' / '__init__.py').write_text('mine = True\n')
    code = (
        f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
        'from mmpose_ours import xtcocotools_stand_in as s\n'
        's.provide(); s.provide()\n'
        'import xtcocotools; assert xtcocotools.mine\n'
        'assert sum(isinstance(f, s._Finder) for f in sys.meta_path) == 1\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def test_mmpose_loads_its_data_sets_and_metrics():
    pytest.importorskip('mmpose', reason='MMPose is what needs it')
    code = (
        'from mmpose_ours import xtcocotools_stand_in as s\n'
        's.provide()\n'
        'import mmpose.datasets, mmpose.evaluation\n'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
