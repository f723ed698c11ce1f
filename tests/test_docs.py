"""What the documents name exists, and what they promise to run runs."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from walking import SIZE, detected, room_rig, walk

from mmpose_ours import read_predictions, write_detections, write_rig
from mmpose_ours.calibration import FORMATS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md'), ROOT / 'configs' / 'README.md']


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_and_files_exist(page):
    text = page.read_text()
    links = re.findall(r'\]\(([^)#\s]*)(?:#[^)]*)?\)', text)
    named = re.findall(r'(?:python|bash) ((?:tools|demo|benchmarks)/[\w./]+)', text)
    configs = re.findall(r'(configs/[\w/]+\.py)', text)
    for link in links:
        assert link.startswith('http') or not link or (page.parent / link).exists(), link
    for path in [*named, *configs]:
        assert (ROOT / path).is_file(), path


def test_no_placeholder_is_left():
    for page in PAGES:
        assert not re.findall(r'\b[A-Z]+_(?:TABLE|MINUTES)\b', page.read_text()), page


def test_the_readme_counts_the_calibration_formats():
    assert f'Read {len(FORMATS)} calibration formats' in (ROOT / 'README.md').read_text()


# What must hold after the Python of a page.
CHECKS = {
    'api/index.md': (
        'seen = visible.sum(0) > 2\n'
        'assert seen.any()\n'
        'np.testing.assert_allclose(xyz_mm[seen], scene.poses[seen], atol=1e-3)\n'
    ),
    'how_it_works/cameras.md': (
        'np.testing.assert_allclose(uv, [[639.5, 359.5]])\n'
        'toward = np.array([0, 0, 1000]) - camera.center_w\n'
        'np.testing.assert_allclose(np.cross(direction, toward), 0, atol=1e-6)\n'
    ),
    'how_it_works/triangulation.md': (
        'np.testing.assert_allclose(xyz_mm, [[300, -200, 1200]], atol=1e-6)\n'
    ),
    'how_it_works/synthetic.md': (
        'assert exact.shape == (5, 2, 17, 2)\n'
        'assert keypoints.shape[0] == 5 and keypoints.shape[2:] == (17, 3)\n'
    ),
}


@pytest.mark.parametrize('page', CHECKS)
def test_the_python_of_a_page_runs(page):
    code = python_of(page) + CHECKS[page]
    subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT, timeout=120)


@pytest.fixture()
def recording(tmp_path):
    """``data/Ours`` with four frames of three cameras."""
    root, rig = tmp_path / 'data' / 'Ours', room_rig(3)
    for name in rig.names:
        (root / name).mkdir(parents=True)
        for frame in range(4):
            image = np.full((SIZE[1], SIZE[0], 3), 80, np.uint8)
            cv2.imwrite(str(root / name / f'{frame:06}.jpg'), image)
    write_rig(rig, root / 'camera_parameters.json', 'panoptic')
    frames = {f'{frame:06}': views for frame, views in enumerate(detected(rig, walk(frames=4)))}
    write_detections(root / 'keypoints_2d.json', frames)
    return tmp_path


def python_of(page):
    """The first Python block of a page."""
    return re.search(r'```python\n(.*?)```', (ROOT / 'docs' / page).read_text(), re.S).group(1)


def test_the_python_of_the_pages_on_inference_and_drawing_runs(recording):
    pytest.importorskip('mmengine', reason='inference needs MMEngine')
    check = (
        'assert space.contains(results[0].poses.xyz_mm.mean(1)).all()\n'
        'assert drawing.shape == image.shape and (drawing != image).any()\n'
    )
    code = python_of('predict.md') + python_of('look.md') + check
    subprocess.run([sys.executable, '-c', code], check=True, cwd=recording, timeout=300)
    assert len(read_predictions(recording / 'people.json').frames) == 4
    assert (recording / 'scene.html').stat().st_size > 50_000
    assert (recording / 'people.mp4').stat().st_size > 1000


def resolves(name):
    """Whether a dotted name is a module of the package, or something in one."""
    parts = name.split('.')
    for depth in range(len(parts), 0, -1):
        try:
            found = importlib.import_module('.'.join(parts[:depth]))
        except ModuleNotFoundError:
            continue
        for part in parts[depth:]:
            if not hasattr(found, part):
                return part in getattr(found, '__annotations__', {})
            found = getattr(found, part)
        return True
    return False


def test_what_pages_and_docstrings_refer_to_exists():
    pytest.importorskip('mmengine', reason='most modules need MMEngine')
    names = set()
    for path in (ROOT / 'mmpose_ours').rglob('*.py'):
        names.update(re.findall(r':\w+:`~?(mmpose_ours\.[\w.]+)`', path.read_text()))
    for page in PAGES:
        names.update(re.findall(r'`(mmpose_ours(?:\.\w+)+)', page.read_text()))
    assert len(names) > 100
    names = {name for name in names if not name.startswith('mmpose_ours.mmpose0x')}
    assert sorted(name for name in names if not resolves(name)) == []


def test_leaf_configs_are_short():
    for config in ROOT.glob('configs/[a-z]*/*.py'):
        assert len(config.read_text().splitlines()) < 40, config
