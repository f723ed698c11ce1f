"""From a calibration file to 3D poses in a few minutes, on two CPU cores.

Converts a calibration, trains the fast model from scratch on synthetic people with MMPose's
stock ``train.py``, tests it and an untrained net on held-out people with the stock ``test.py``,
draws what it found, and writes a page of people who walk around. Try it on your own cameras:

    python demo/calibration_to_poses_demo.py --calibration camera_parameters.json --out demo_out
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Sequence

import numpy as np

from mmpose_ours.calibration import check_rig, fit_space, write_rig
from mmpose_ours.cli.arguments import add_reading_arguments, read_with_options, words_again
from mmpose_ours.cli.main import join_up
from mmpose_ours.cli.main import main as command
from mmpose_ours.detections import write_detections
from mmpose_ours.engine.config_files import read_config
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.config_text import literal
from mmpose_ours.io.disk.files import write_json, write_whole
from mmpose_ours.io.programs import add_debug, guarded
from mmpose_ours.io.terminal import shell_word
from mmpose_ours.synthetic import DetectorNoise, Scene, built_in_poses

CONFIG = 'ours/faster_voxelpose_ours_tiny.py'
RIG = 'ours/rigs/five_cameras.json'
# Frames of the recording that is shown, and their rate.
RECORDED, RATE_HZ = 75, 15
FIGURES = {
    'recall_500mm': ('people found (500 mm)', '{:.1%}'),
    'MPJPE_mm': ('mean joint error', '{:.1f} mm'),
    'false_positives_per_frame': ('people who are not there, per frame', '{:.2f}'),
}


def main() -> int:
    """Run the demo; returns the exit code."""
    configs = paths.share('configs')
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--calibration',
        type=Path,
        nargs='+',
        default=[configs / RIG],
        help='file or files of any readable format; default: five cameras that come along',
    )
    add_reading_arguments(parser)
    add_debug(parser)
    parser.add_argument('--out', type=Path, default=Path('demo_out'), help='folder for results')
    parser.add_argument('--epochs', type=int, help='train longer or shorter than the config')
    args = parser.parse_args(join_up(sys.argv[1:]))
    started = time.monotonic()
    out = args.out.resolve()

    say(f'1. calibration: {" ".join(map(str, args.calibration))}')
    rig_file = out / 'calibration_campus.json'
    read, rig = read_with_options(args.calibration, args)
    check_rig(rig, path=args.calibration[0], unit=read.unit, up=read.up)
    write_rig(rig, rig_file, 'campus')
    space = fit_space(rig)
    size = ' x '.join(f'{side / 1000:g}' for side in space.size_mm)
    print(f'   {len(rig)} cameras ({", ".join(rig.names)}) -> {rig_file}')
    print(f'   people are looked for in {size} m around {space.center_mm} mm')

    config = write_config(out / 'config.py', configs / CONFIG, rig_file)
    say('2. training on synthetic people, from scratch')
    epochs = schedule(args.epochs)
    trained = out / 'train'
    run_tool('train.py', config, '--work-dir', trained, options=epochs)
    checkpoint = Path((trained / 'last_checkpoint').read_text().strip())

    say('3. testing on people it has never seen')
    untrained = write_untrained(config, out / 'untrained.pth')
    figures = {}
    for name, weights, images in (
        ('untrained', untrained, []),
        ('trained', checkpoint, ['--show-dir', out / 'images', '--interval', 10]),
    ):
        result = out / f'{name}.json'
        run_tool('test.py', config, weights, '--work-dir', out / 'test', '--out', result,
                 *images, quiet=True)  # fmt: skip
        # Of nobody found there is no mean error: NaN, which JSON does not have.
        read = json.loads(result.read_text())
        figures[name] = {key: value if value == value else None for key, value in read.items()}

    seconds = time.monotonic() - started
    summary = {
        'recall_500mm': figures['trained']['pose3d/recall_500mm'],
        'mpjpe_mm': figures['trained']['pose3d/MPJPE_mm'],
        'seconds': round(seconds),
        **figures,
    }
    write_json(out / 'summary.json', summary, indent=2)
    say(f'done in {seconds / 60:.1f} minutes')
    print_table(figures)
    say('4. 3D poses of people who walk around, to look at')
    keypoints = write_recording(out / 'walking.json', rig, space)
    words = ['predict', '--config', config, '--checkpoint', checkpoint, '--fps', RATE_HZ]
    words += ['--rig', *args.calibration, *words_again(args), '--keypoints', keypoints]
    if command([*map(str, words), '--out', str(out / 'scene')]):
        sys.exit('demo: nobody was found, see above')

    drawn = sorted((out / 'images').glob('*.png'))
    print(f'\n   page:     {out / "scene" / "scene.html"} (open it in a browser)')
    print(f'   images:   {drawn[0]} and {len(drawn) - 1} more beside it')
    print(f'   weights:  {checkpoint}')
    print(f'   figures:  {out / "summary.json"}')
    own = args.calibration != [configs / RIG]
    words = [*map(str, args.calibration), *words_again(args)] if own else ['CALIBRATION']
    words = ['mmpose-ours', 'predict', '--rig', *words, '--img-root', 'VIDEOS', '--out', 'poses']
    print('\n   next, with your own videos and the pretrained pose prior:')
    print(f'   {" ".join(map(shell_word, words))}')
    return 0


def write_recording(path: Path, rig: CameraRig, space: CaptureVolume) -> Path:
    """Write what a 2D detector finds of three people who go round in the capture volume."""
    rng = np.random.default_rng(3)
    people, noise = built_in_poses(3, rng, ('walk', 'reach', 'arms_up')), DetectorNoise()
    radius = 0.3 * min(space.size_mm[:2])
    frames = {}
    for frame in range(RECORDED):
        poses = []
        for number, pose in enumerate(people):
            angle = 2 * np.pi * (0.5 * frame / RECORDED + number / len(people))
            c, s = np.cos(angle), np.sin(angle)
            ahead = np.array([[-s, -c, 0.0], [c, -s, 0.0], [0.0, 0.0, 1.0]])  # +x to the tangent
            middle = (space.center_mm[0] + radius * c, space.center_mm[1] + radius * s, 0.0)
            poses.append(pose @ ahead.T + middle)
        scene = Scene(np.stack(poses), np.ones((len(people), 17), dtype=bool))
        views = noise.detect(scene, rig, np.random.default_rng(frame))
        frames[str(frame)] = dict(zip(rig.names, views))
    write_detections(path, frames)
    return path


def say(text: str) -> None:
    """Print a heading."""
    print(f'\n{text}', flush=True)


def schedule(epochs: int | None) -> list[str]:
    """Options that stretch the config's schedule to another number of epochs."""
    if epochs is None:
        return []
    return [f'train_cfg.max_epochs={epochs}', f'param_scheduler.1.end={epochs}']


def write_config(path: Path, base: Path, rig_file: Path) -> Path:
    """Write a config: another one with this rig. ``--cfg-options`` would not carry every path."""
    with write_whole(path) as file:
        file.write(f'_base_ = [{literal(str(base))}]\n\nrig_file = {literal(str(rig_file))}\n')
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            file.write(f'{loader} = dict(dataset=dict(rig_file=rig_file))\n')
    return path


def run_tool(
    script: str, *arguments: object, options: Sequence[str] = (), quiet: bool = False
) -> None:
    """Run a stock script; shows its progress lines, and everything if it fails."""
    command = [sys.executable, '-u', str(paths.share('tools') / script), *map(str, arguments)]
    lines: list[str] = []
    with subprocess.Popen(
        [*command, *(['--cfg-options', *options] if options else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if not quiet and 'Epoch(' in line:
                print('   ' + line.split(' - INFO - ')[-1].rstrip(), flush=True)
    if process.returncode:
        sys.exit(''.join(lines[-60:]) + f'demo: {script} failed, see above')


def write_untrained(config: Path, path: Path) -> Path:
    """Store the net as it is before training."""
    import torch
    from mmengine.registry import MODELS, init_default_scope

    cfg = read_config(config)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, path)
    return path


def print_table(figures: dict[str, dict[str, float]]) -> None:
    """Print the figures of both nets side by side."""
    print(f'   {"":40}{"untrained":>12}{"trained":>12}')
    for key, (label, form) in FIGURES.items():
        values = (figures[name][f'pose3d/{key}'] for name in ('untrained', 'trained'))
        cells = ('-' if value is None else form.format(value) for value in values)
        print(f'   {label:40}' + ''.join(f'{cell:>12}' for cell in cells))


if __name__ == '__main__':
    sys.exit(guarded('demo', sys.argv[1:], main))
