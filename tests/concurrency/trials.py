"""Simultaneous ``predict`` runs on one keypoint cache, and on one output folder or several.

    python tests/concurrency/trials.py --processes 4 --detectors different --trials 200

Every process is forked from this one, which has imported everything and has no threads, and runs
the real command line with a detector whose people tell frame, camera and detector. In half of the
trials one process is killed at a random time, and another run must then repair what it left.
Prints the counts of what came out, as JSON; ``faults`` are sentences and must be none.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'helpers'))

import cv2
import numpy as np
import torch
from walking import detected, room_rig, walk

import mmpose_ours.cli.predict
import mmpose_ours.visualization.view_files  # noqa: F401
from mmpose_ours.apis.inferencer import MultiviewInferencer
from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import main as command_line
from mmpose_ours.detections import read_detections
from mmpose_ours.detections.arrays import as_kept
from mmpose_ours.detectors.by_name import DETECTORS
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.package_files import share

FRAMES, VIEWS, SIZE = 8, 3, (320, 180)
CACHE = 'keypoints_2d.json'
# What a child ends with: an error that the package promises, and one that it does not.
TYPED, UNTYPED = 40, 41


def small_rig():
    """A room's cameras with small images."""
    scale = np.diag([1 / 4, 1 / 4, 1])
    return CameraRig(
        tuple(dataclasses.replace(c, K=scale @ c.K, size=SIZE) for c in room_rig(VIEWS))
    )


def people_by_detector():
    """Detector -> frame -> camera -> people."""
    rig, found = small_rig(), {}
    for seed, name in enumerate('ab'):
        poses = walk(people=2, frames=FRAMES, seed=seed)
        found[name] = detected(rig, poses, noise_px=0.1, seed=seed)
    return found


PEOPLE = people_by_detector()


class Telling:
    """A detector that finds what the frame and camera in an image's corner stand for."""

    version = '1'

    def __init__(self, model):
        self.name = f'telling {model}'
        self._people = PEOPLE[model]

    def detect(self, images):
        time.sleep(random.random() * 0.01)
        return [self._people[int(im[0, 0, 0])][f'cam{int(im[0, 0, 1])}'] for im in images]


# It says whether a run looks right, which takes longer than all that is tried here.
NO_CAUSE = types.SimpleNamespace(causes=[], certain=False, verdict='')
MultiviewInferencer.diagnose = lambda self: NO_CAUSE
DETECTORS['telling'] = (__name__, 'Telling', 'for tests')


def lay_out(folder: Path) -> None:
    """Write a calibration and images."""
    rig = small_rig()
    write_rig(rig, folder / 'rig.json', 'panoptic')
    for view, name in enumerate(rig.names):
        (folder / 'images' / name).mkdir(parents=True)
        for frame in range(FRAMES):
            image = np.full((SIZE[1], SIZE[0], 3), (frame, view, 80), np.uint8)
            assert cv2.imwrite(str(folder / 'images' / name / f'{frame:06}.png'), image)


def predict(folder: Path, detector: str, out: Path) -> None:
    """Run the command; this process then ends."""
    code = UNTYPED
    try:
        log = open(folder / f'log.{os.getpid()}', 'w')
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        words = ['--rig', folder / 'rig.json', '--img-root', folder / 'images', '--out', out]
        words += ['--config', share('configs') / 'ours' / 'triangulation_ours.py']
        words += ['--detector', f'telling:{detector}', '--device', 'cpu', '--debug']
        code = command_line(['predict', *map(str, words)])
    except (InputError, OSError):
        traceback.print_exc()
        code = TYPED
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def start(*args) -> int:
    """Fork a run; returns its process."""
    process = os.fork()
    if not process:
        random.seed(os.getpid())
        predict(*args)
    return process


def end(process: int) -> int:
    """Wait for a run; returns its exit status, or minus the signal."""
    status = os.waitpid(process, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def cache_faults(path: Path) -> list[str]:
    """What is wrong with a keypoint file."""
    try:
        found, source = read_detections(path), read_json(path)['source']
    except Exception as error:
        return [f'{path.name} is unreadable: {type(error).__name__}: {error}']
    expected = PEOPLE[source['detector'][-1]]
    if sorted(found) != sorted(map(str, range(FRAMES))):
        return [f'{path.name} has the frames {sorted(found)}']
    return [
        f'{path.name}: frame {frame}, {camera} has people of another frame or detector'
        for frame, views in found.items()
        for camera in (f'cam{view}' for view in range(VIEWS))
        if not np.array_equal(views[camera], as_kept(expected[int(frame)][camera]))
    ]


def out_faults(out: Path, expected: dict[str, tuple[dict, bytes]], complete: bool) -> list[str]:
    """What is wrong with an output folder."""
    people, page = out / 'people.json', out / 'scene.html'
    if not people.exists():
        return [f'{out.name} has no people.json'] if complete else []
    try:
        found = read_json(people)
    except Exception as error:
        return [f'people.json is unreadable: {type(error).__name__}: {error}']
    detector = found['made_by']['detector'][-1]
    faults = []
    if found != expected[detector][0]:
        faults.append('people.json differs from that of a run alone')
    if not page.exists():
        faults += ['there is no page'] if complete else []
    elif page.read_bytes() != expected[detector][1]:
        faults.append('the page is not of the run of people.json')
    return faults


def left_behind(folder: Path) -> list[str]:
    """Hidden files: locks, journals, temporary files."""
    return sorted(p.name for p in folder.rglob('.*'))


class Trials:
    """Trials of one kind, and what came out.

    Args:
        base: An empty folder.
        processes: How many run at the same time.
        detectors: ``'same'`` or ``'different'``.
    """

    def __init__(self, base: Path, processes: int, detectors: str):
        self.base, self.processes, self.detectors = base, processes, detectors
        self.counts: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []
        self.expected = {}
        self.longest = 0.1
        for name in 'ab':
            folder = self._folder(f'alone_{name}')
            began = time.monotonic()
            assert end(start(folder, name, folder / 'out')) == 0, self._logs(folder)
            self.longest = max(self.longest, time.monotonic() - began)
            page = (folder / 'out' / 'scene.html').read_bytes()
            self.expected[name] = read_json(folder / 'out' / 'people.json'), page

    def run(self, seed: int) -> None:
        """Do one trial."""
        drawn = random.Random(seed)
        folder = self._folder(f'trial_{seed}')
        apart, killing = drawn.random() < 0.5, drawn.random() < 0.5
        running = {}
        for number in range(self.processes):
            detector = 'ab'[number % 2] if self.detectors == 'different' else 'a'
            out = folder / (f'out_{number}' if apart else 'out')
            running[start(folder, detector, out)] = out
            time.sleep(drawn.random() * 0.03)
        if killing:
            time.sleep(drawn.random() * self.longest * self.processes * 0.6)
            os.kill(drawn.choice(list(running)), signal.SIGKILL)
        statuses = {process: end(process) for process in running}
        faults = []
        killed = -signal.SIGKILL in statuses.values()
        for process, status in statuses.items():
            self.counts[f'exit {status}'] += 1
            if status not in ((0, TYPED, -signal.SIGKILL) if killing else (0, TYPED)):
                faults.append(f'a process ended with {status}')
            # A killed run may have put its people in place of another's, and no page yet.
            complete = status == 0 and (apart or not killed)
            faults += out_faults(running[process], self.expected, complete)
        if not killed or (folder / 'images' / CACHE).exists():
            faults += cache_faults(folder / 'images' / CACHE)
        if killed:
            self.counts['killed in time'] += 1
            for out in sorted(set(running.values())):
                if end(start(folder, 'a', out)) != 0:
                    faults.append('the run after a killed one failed')
                faults += out_faults(out, self.expected, True)
            faults += cache_faults(folder / 'images' / CACHE)
        faults += [f'left behind: {name}' for name in left_behind(folder)]
        self.counts['trials'] += 1
        self.counts['faulty trials'] += bool(faults)
        if faults:
            self.faults += [f'trial {seed}: {fault}' for fault in faults[:5]]
            self.faults.append(self._logs(folder))
        shutil.rmtree(folder)

    def _folder(self, name: str) -> Path:
        folder = self.base / name
        folder.mkdir()
        lay_out(folder)
        return folder

    @staticmethod
    def _logs(folder: Path) -> str:
        return '\n'.join(log.read_text()[-1500:] for log in folder.glob('log.*'))


def main() -> int:
    """Run trials; returns 1 where there are faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--processes', type=int, default=2)
    parser.add_argument('--detectors', choices=('same', 'different'), default='same')
    parser.add_argument('--trials', type=int, default=2)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        trials = Trials(Path(base), args.processes, args.detectors)
        for seed in range(args.seed, args.seed + args.trials):
            trials.run(seed)
    said = {'counts': dict(sorted(trials.counts.items())), 'faults': trials.faults[:20]}
    print(json.dumps({**said, 'seconds': round(time.monotonic() - began)}, indent=1))
    return 1 if trials.faults else 0


if __name__ == '__main__':
    sys.modules['trials'] = sys.modules[__name__]
    sys.exit(main())
