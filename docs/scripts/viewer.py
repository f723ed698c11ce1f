"""Screenshots and an animation of the web page of a recording, of synthetic people only.

    python docs/scripts/viewer.py [--out docs/images/viewer]

People walk in the example rig; the pretrained pose prior estimates their poses from noisy 2D
keypoints. The page is opened in headless Chromium (``apt-get install chromium``).
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from scene_of_figures import COCO17, EXAMPLE_RIG, walking_people

from mmpose_ours import (
    CameraRig,
    FrameResult,
    MultiviewInferencer,
    fit_space,
    read_rig,
    write_detections,
    write_scene_page,
)
from mmpose_ours.synthetic import DetectorNoise, Scene

ROOT = Path(__file__).resolve().parents[2]
FPS, FRAMES = 25.0, 150
LIMBS = [COCO17.index(*pair) for pair in COCO17.limbs]
# Shirts and trousers of the people in the images.
COLOURS = ((180, 120, 70), (90, 140, 110), (110, 110, 170))
# Frames of the animation, and how many frames of the recording lie between two of them.
SHOTS, STEP = 40, 2
# How far the wheel is turned before the first image.
NEARER = 300


class DrawnImages:
    """Images of the cameras: a floor with tiles, and people as thick limbs.

    Args:
        rig: The cameras.
        poses: (T, P, 17, 3) mm.
    """

    def __init__(self, rig: CameraRig, poses: np.ndarray):
        self.rig, self.poses = rig, poses
        self.empty = {camera.name: self._floor(camera.name) for camera in rig}

    def may_have(self, frame: int | str) -> bool:
        """Whether there are images of a frame."""
        return True

    def of(self, camera: str, frame: int | str) -> np.ndarray:
        """The (H, W, 3) RGB image of a camera in a frame."""
        image = self.empty[camera].copy()
        people = self.poses[int(frame)]
        centre = self.rig[camera].center_w
        for index in np.argsort(-np.linalg.norm(people.mean(1) - centre, axis=-1)):
            uv, valid = self.rig[camera].project(people[index])
            distance = np.linalg.norm(people[index].mean(0) - centre)
            width = max(2, int(95 * self.rig[camera].K[0, 0] / distance))
            uv = np.nan_to_num(uv).round().astype(int)
            for a, b in LIMBS:
                if valid[a] and valid[b]:
                    shade = 0.6 if max(a, b) > 12 else 1.0
                    colour = tuple(int(shade * c) for c in COLOURS[index])
                    cv2.line(image, tuple(uv[a]), tuple(uv[b]), colour, width, cv2.LINE_AA)
            if valid[0]:
                cv2.circle(image, tuple(uv[0]), int(0.9 * width), (205, 170, 140), -1, cv2.LINE_AA)
        return image

    def _floor(self, name: str) -> np.ndarray:
        camera = self.rig[name]
        width, height = camera.need_size()
        image = np.full((height, width, 3), (214, 212, 206), np.uint8)
        edges = np.arange(-4000, 4001, 1000.0)
        fine = np.linspace(0, 1, 12)
        for x in edges[:-1]:
            for y in edges[:-1]:
                square = [(x + 1000 * s, y) for s in fine] + [
                    (x + 1000, y + 1000 * s) for s in fine
                ]
                square += [(x + 1000 * s, y + 1000) for s in fine[::-1]]
                square += [(x, y + 1000 * s) for s in fine[::-1]]
                uv, valid = camera.project(np.pad(np.array(square), ((0, 0), (0, 1))))
                if valid.all():
                    grey = 176 if (x + y) % 2000 else 190
                    cv2.fillPoly(image, [uv.round().astype(np.int32)], (grey, grey - 4, grey - 10))
        return image


def write_page(path: Path) -> None:
    """Estimate the poses of the synthetic recording, and write its page."""
    rig = read_rig(EXAMPLE_RIG)
    poses = walking_people(FRAMES, FPS)
    noise, rng = DetectorNoise(jitter=0.1), np.random.default_rng(0)
    frames = {}
    for frame, people in enumerate(poses):
        found = noise.detect(Scene(people, np.ones(people.shape[:2], bool)), rig, rng)
        frames[f'{frame:06}'] = dict(zip(rig.names, found))
    keypoints = path.with_name('keypoints_2d.json')
    write_detections(keypoints, frames)
    session = MultiviewInferencer(rig=rig).open(keypoints=keypoints, smooth=True, fps=FPS)
    results: list[FrameResult] = list(session)
    write_scene_page(
        path, rig, results, space=fit_space(rig), fps=FPS, images=DrawnImages(rig, poses),
        title='synthetic people', image_budget=20_000_000,
    )  # fmt: skip


def photograph(page: Page, path: Path, quality: int = 80) -> None:
    """Write what the page shows as WebP."""
    image = Image.open(io.BytesIO(page.screenshot())).convert('RGB')
    image.save(path, quality=quality, method=6)
    print(f'{path} ({path.stat().st_size / 1000:.0f} kB)')


def show_frame(page: Page, frame: int) -> None:
    """Go to a frame and wait until it is drawn."""
    page.evaluate(
        """frame => {
            const time = document.getElementById('time');
            time.value = frame;
            time.dispatchEvent(new Event('input'));
        }""",
        frame,
    )
    page.evaluate('() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 150)))')


def animate(page: Page, path: Path) -> None:
    """Write an animation of the page as WebP, at the speed of the recording."""
    shots = []
    for shot in range(SHOTS):
        show_frame(page, 20 + STEP * shot)
        shots.append(Image.open(io.BytesIO(page.screenshot())).convert('RGB'))
    duration = int(1000 * STEP / FPS)
    shots[0].save(
        path, save_all=True, append_images=shots[1:], duration=duration, loop=0, quality=45,
        method=6,
    )  # fmt: skip
    print(f'{path} ({path.stat().st_size / 1000:.0f} kB)')


def open_page(browser: Any, scene: Path, width: int, height: int, **options: Any) -> Page:
    """Open the page in a window of a size."""
    tab = browser.new_context(viewport={'width': width, 'height': height}, **options).new_page()
    tab.goto(scene.as_uri())
    tab.wait_for_selector('html[data-ready-ms]')
    box = tab.locator('#room').bounding_box()
    tab.mouse.move(box['x'] + box['width'] / 2, box['y'] + box['height'] / 2)
    tab.mouse.wheel(0, -NEARER)
    return tab


def main() -> None:
    """Make all images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=ROOT / 'docs/images/viewer')
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    root = ['--no-sandbox'] if hasattr(os, 'geteuid') and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        scene = Path(folder) / 'scene.html'
        write_page(scene)
        browser = driver.chromium.launch(executable_path=chromium, args=['--disable-gpu', *root])
        tab = open_page(browser, scene, 1280, 800)
        show_frame(tab, 60)
        photograph(tab, args.out / 'scene.webp')
        tab.click('#people button >> nth=0')
        show_frame(tab, 61)
        photograph(tab, args.out / 'person.webp')
        tab.keyboard.press('Escape')
        tab.keyboard.press('2')
        show_frame(tab, 60)
        photograph(tab, args.out / 'camera.webp')
        tab = open_page(browser, scene, 390, 844, has_touch=True, device_scale_factor=2)
        show_frame(tab, 60)
        photograph(tab, args.out / 'phone.webp', quality=60)
        animate(open_page(browser, scene, 860, 560), args.out / 'viewer.webp')
        browser.close()


if __name__ == '__main__':
    main()
