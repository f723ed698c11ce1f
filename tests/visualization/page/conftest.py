"""A browser, and a page of a scene in it."""

import os
import shutil

import numpy as np
import pytest
from frame_results import result_of
from scene_pages import FRAMES, PEOPLE
from visual_rigs import SPACE, people, small_rig

from mmpose_ours.visualization.page.scene import write_scene_page

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
# Nothing may look for a network; root has no sandbox.
QUIET = ('--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync',
         '--no-first-run', '--disable-component-update')  # fmt: skip


class Images:
    """An image per camera in every frame, which JPEG cannot make small."""

    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)

    def may_have(self, frame):
        return True

    def of(self, camera, frame):
        return np.roll(self.noise, frame, axis=1)


@pytest.fixture(scope='module')
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip('no Chromium on this machine; on Debian: apt-get install chromium')
    playwright = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
    with playwright.sync_playwright() as driver:
        root = ('--no-sandbox',) if os.geteuid() == 0 else ()
        started = driver.chromium.launch(executable_path=found, args=[*QUIET, *root])
        yield started
        started.close()


@pytest.fixture(scope='module')
def scene_file(tmp_path_factory):
    """1,000 frames of five people and five cameras; one is away for a while."""
    still = people(*[(700 * i - 1400, 300 * (i % 2)) for i in range(PEOPLE)])
    rig = small_rig(5)
    frames = []
    for t in range(FRAMES):
        moved = still + (600 * np.sin(t / 50), 200 * np.cos(t / 30), 0)
        here = np.array([i for i in range(PEOPLE) if i != 4 or not 300 < t < 500])
        uv, valid = rig.project(moved[here])
        found = np.concatenate([np.nan_to_num(uv), valid[..., None]], -1)
        frames.append(
            result_of(
                t, moved[here], here + 10, np.full(len(here), 0.8), np.full(len(here), 4),
                detections=dict(zip(rig.names, found)),
            )
        )  # fmt: skip
    path = tmp_path_factory.mktemp('page') / 'scene.html'
    write_scene_page(
        path, rig, frames, space=SPACE, fps=25.0, images=Images(), image_budget=16_000_000,
        title='five people',
    )  # fmt: skip
    return path


@pytest.fixture
def page(browser, scene_file):
    context = browser.new_context(viewport={'width': 1280, 'height': 800})
    tab = context.new_page()
    tab.wrong = []
    tab.on('console', lambda message: tab.wrong.append(message.text))
    tab.on('pageerror', lambda error: tab.wrong.append(str(error)))
    tab.on('request', lambda request: _local(tab, request.url))
    tab.goto(scene_file.as_uri())
    tab.wait_for_selector('html[data-ready-ms]')
    yield tab
    assert tab.wrong == []
    context.close()


def _local(tab, url):
    if not url.startswith(('file:', 'data:', 'blob:')):
        tab.wrong.append(f'asked for {url}')
