"""The page on a whole run: its figures tell which camera and which frames are wrong."""

import re

import numpy as np
import pytest
from errors import fails
from frame_results import result_of
from visual_rigs import SPACE, people, small_rig

from mmpose_ours.errors import InputError
from mmpose_ours.visualization.page.run import write_run_page
from mmpose_ours.visualization.page.run_scores import run_figures

SHIFT_PX, FRAMES, LOST = 12.0, 40, 25


@pytest.fixture(scope='module')
def run():
    """Two people; one camera's keypoints lie aside, one finds nobody; once 3D lacks a person."""
    rig, rng = small_rig(5), np.random.default_rng(0)
    pair = people((-600, 0), (600, 0))
    frames = []
    for t in range(FRAMES):
        moved = pair + (5.0 * t, 0, 0)
        uv = rig.project(moved)[0] + rng.normal(0, 0.5, (5, 2, 17, 2))
        uv[2, ..., 0] += SHIFT_PX
        found = {
            name: np.concatenate([view, np.ones((2, 17, 1))], -1)
            for name, view in zip(rig.names, uv)
        }
        found[rig.names[4]] = np.zeros((0, 17, 3))
        kept = np.arange(2) if t != LOST else np.array([0])
        frames.append(result_of(t, moved[kept], kept, detections=found))
    return rig, frames


def test_the_figures_are_those_that_were_put_in(run):
    figures = run_figures(*run, fps=25.0)
    median = {camera.name: camera.median_px for camera in figures.cameras}
    assert median['camera 2'] == pytest.approx(SHIFT_PX, abs=0.5)
    # The median length of noise of 0.5 px along u and v.
    assert median['camera 0'] == pytest.approx(0.5 * np.sqrt(2 * np.log(2)), abs=0.05)
    lazy = figures.cameras[4]
    assert (lazy.people_2d, lazy.empty_share, lazy.matched) == (0, 1, 0) and lazy.due > 70
    assert figures.cameras[0].people_2d == 2
    first, reason = figures.worst(4)[0]
    assert first.index == LOST and reason.startswith('1 missed whom two cameras see')
    indices = [frame.index for frame, _ in figures.worst(4)]
    assert len(indices) == 4 and np.diff(sorted(indices)).min() > FRAMES // 20


def test_the_page_says_them(run, tmp_path):
    path = tmp_path / 'run.html'
    write_run_page(path, *run, space=SPACE, title='<two>')
    page = path.read_text()
    assert '<!--' not in page and '/*STYLE*/' not in page
    assert page.count('&lt;two&gt;') == 2 and '<two>' not in page
    odd = re.findall(r'<tr class=odd><td>(.*?)</td>', page)
    assert odd == ['camera 2', 'camera 4']
    assert page.count('<img ') == 6 and f'frame {LOST}: 1 missed' in page
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!data:)', page)


def test_nobody_anywhere(tmp_path):
    nobody = [result_of(t, np.zeros((0, 17, 3)), np.zeros(0, int)) for t in range(3)]
    figures = write_run_page(tmp_path / 'run.html', small_rig(2), nobody)
    assert figures.worst(6) == []
    assert 'None stands out' in (tmp_path / 'run.html').read_text()
    with fails(InputError, code='no-data', file=tmp_path / 'other.html'):
        write_run_page(tmp_path / 'other.html', small_rig(2), [])
