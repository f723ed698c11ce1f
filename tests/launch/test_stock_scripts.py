"""MMPose's stock scripts on this package: train, test, resume, two processes, a killed run."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import mmpose_ours.registry  # noqa: F401  allows what a run's own checkpoints hold

# Trainings of their own, several processes each.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TINY = 'configs/ours/voxelpose_ours_tiny.py'
FAST = 'configs/ours/faster_voxelpose_ours_tiny.py'
# The tiny configuration made tinier still: a step takes a fraction of a second.
SMALL = [
    'model.center.bins=(16,16,8)',
    'model.pose.bins=(8,8,8)',
    'train_dataloader.batch_size=2',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'train_dataloader.dataset.num_samples=8',
    'val_dataloader.dataset.num_samples=2',
    'test_dataloader.dataset.num_samples=3',
    'train_cfg.val_interval=1',
    'default_hooks.logger.interval=1',
    'log_processor.window_size=1',
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def environment() -> dict:
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    return {**os.environ, 'PATH': path, 'OMP_NUM_THREADS': '1', 'PORT': str(free_port())}


def run(*command: object, options: tuple = (), check: bool = True, small: bool = True) -> str:
    done = subprocess.run(
        [*map(str, command), '--cfg-options', *(SMALL if small else []), *options],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if check:
        assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def kill_all(argument: str) -> None:
    """kill -9 the launcher and its workers, which have sessions of their own."""
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            if argument in (folder / 'cmdline').read_bytes().decode(errors='replace').split('\0'):
                os.kill(int(folder.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended by itself meanwhile


def steps(output: str) -> list[tuple[int, int]]:
    """(epoch, iteration) of every training step that the log mentions."""
    found = re.findall(r'Epoch\(train\)\s+\[(\d+)\]\[\s*(\d+)/', output)
    return [(int(epoch), int(step)) for epoch, step in found]


def train_losses(work_dir: Path) -> list[dict]:
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [row for row in rows if 'loss_pose' in row]


@pytest.fixture(scope='module')
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('trained')
    run(
        sys.executable,
        'tools/train.py',
        TINY,
        '--work-dir',
        folder,
        options=('train_cfg.max_epochs=2',),
    )
    return folder


def test_checkpoint_is_read_back_with_weights_only(trained):
    checkpoint = torch.load(trained / 'epoch_2.pth', weights_only=True)
    assert checkpoint['meta']['epoch'] == 2 and checkpoint['message_hub']
    assert not [key for key in checkpoint['state_dict'] if 'grid' in key]


def test_stock_test_scores_and_draws(trained, tmp_path):
    output = run(
        sys.executable,
        'tools/test.py',
        TINY,
        trained / 'epoch_2.pth',
        '--work-dir',
        tmp_path,
        '--show-dir',
        tmp_path / 'vis',
        '--interval',
        1,
    )
    assert 'pose3d/recall_500mm' in output and 'pose3d/MPJPE_mm' in output
    assert sorted(p.name for p in (tmp_path / 'vis').glob('*.png')) == [
        '000000.png',
        '000001.png',
        '000002.png',
    ]


def test_resume_goes_on_as_if_never_interrupted(tmp_path):
    """The same people come in the third epoch, to a net with the same weights."""
    three = ('train_cfg.max_epochs=3',)
    run(sys.executable, 'tools/train.py', TINY, '--work-dir', tmp_path, options=three)
    whole = train_losses(tmp_path)
    (tmp_path / 'epoch_3.pth').unlink()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_2.pth'))
    output = run(
        sys.executable, 'tools/train.py', TINY, '--work-dir', tmp_path, '--resume', options=three
    )
    assert steps(output)[0] == (3, 1)
    resumed = train_losses(tmp_path)[len(whole) :]
    expected = [row for row in whole if row['step'] > 8]
    assert [row['step'] for row in resumed] == [row['step'] for row in expected] == [9, 10, 11, 12]
    assert torch.load(tmp_path / 'epoch_3.pth', weights_only=True)['meta']['iter'] == 12
    # Proposal jitter draws from torch's generator, which a checkpoint does not hold.
    assert resumed[0]['loss_center'] == pytest.approx(expected[0]['loss_center'], rel=1e-3)
    assert expected[0]['loss_center'] != pytest.approx(whole[0]['loss_center'], rel=0.05)


def test_two_processes_without_a_gpu_then_killed_and_resumed(tmp_path):
    """kill -9 in mid-epoch loses no more than the epoch."""
    command = ['bash', 'tools/dist_train.sh', TINY, '2', '--work-dir', str(tmp_path)]
    endless = [*SMALL, 'train_cfg.max_epochs=500', 'train_cfg.val_interval=500']
    process = subprocess.Popen(
        [*command, '--cfg-options', *endless],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 240
        while not (tmp_path / 'epoch_2.pth').exists() and process.poll() is None:
            assert time.monotonic() < deadline, 'no second checkpoint in four minutes'
            time.sleep(0.2)
        assert process.poll() is None, 'training ended by itself'
    finally:
        kill_all(str(tmp_path))
        process.wait()

    reached = int(re.search(r'epoch_(\d+)', (tmp_path / 'last_checkpoint').read_text()).group(1))
    assert reached >= 2
    output = run(*command, '--resume', options=(f'train_cfg.max_epochs={reached + 1}',))
    assert steps(output)[0][0] == reached + 1
    # Two processes of two samples each: an epoch of 8 takes 2 steps.
    assert steps(output)[-1] == (reached + 1, 2)
    checkpoint = torch.load(tmp_path / f'epoch_{reached + 1}.pth', weights_only=True)
    assert not any(key.startswith('module.') for key in checkpoint['state_dict'])


def test_two_processes_test_every_sample_once(trained, tmp_path):
    alone = run(
        sys.executable,
        'tools/test.py',
        TINY,
        trained / 'epoch_2.pth',
        '--work-dir',
        tmp_path / 'one',
    )
    shared = run(
        'bash',
        'tools/dist_test.sh',
        TINY,
        trained / 'epoch_2.pth',
        '2',
        '--work-dir',
        tmp_path / 'two',
    )
    pick = r'(pose3d/(?:recall_500mm|MPJPE_mm|false_positives_per_frame): \S+)'
    assert re.findall(pick, alone) == re.findall(pick, shared) != []


def test_the_fast_model_trains_on_two_processes_and_finds_people(tmp_path):
    options = (
        'model.pose.bins=12',
        'model.pose.channels=(8,8,8)',
        'train_dataloader.batch_size=2',
        'train_dataloader.dataset.num_samples=16',
        'train_cfg.max_epochs=2',
        'default_hooks.logger.interval=1',
        'val_dataloader.dataset.num_samples=2',
        'test_dataloader.dataset.num_samples=8',
    )
    train = ('bash', 'tools/dist_train.sh', FAST, '2', '--work-dir', tmp_path)
    output = run(*train, options=options, small=False)
    assert steps(output)[-1] == (2, 4) and 'loss_score' in output
    test = ('bash', 'tools/dist_test.sh', FAST, tmp_path / 'epoch_2.pth', '2')
    tested = run(*test, '--work-dir', tmp_path, options=options, small=False)
    assert float(re.search(r'pose3d/recall_500mm: (\S+)', tested).group(1)) > 0.9


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('rig_file=nothing.json', ('nothing.json',)),
        ('cameras=[north_west,attic]', ("'attic'", 'north_west', 'south')),
        ('rig_file=README.md', ('README.md', 'fits no known format')),
    ],
)
def test_an_unfit_rig_is_one_clear_sentence(tmp_path, option, words):
    option = f'train_dataloader.dataset.{option}'
    command = (sys.executable, 'tools/train.py', TINY, '--work-dir', tmp_path)
    output = run(*command, check=False, options=(option,))
    assert 'Traceback' not in output
    assert output.splitlines()[-1].startswith('train.py: error: ')
    assert all(word in output.splitlines()[-1] for word in words)


def test_images_of_the_panoptic_demo_run_through_the_stock_script(shared_data, tmp_path):
    """Image mode from jpg to a file of people, with narrow random weights."""
    config = 'configs/panoptic/voxelpose_panoptic_image.py'
    net = ('width=8', 'deconv_filters=(8,8,8)')
    options = (
        *(f'model.backbone.{entry}' for entry in net),
        'model.center.bins=(16,16,8)',
        'model.pose.bins=(8,8,8)',
        'model.center_threshold=-10',
        f'test_dataloader.dataset.data_root={shared_data}/panoptic_demo',
        f'test_evaluator.out_file={tmp_path}/people.json',
    )
    from mmengine.config import Config, DictAction
    from mmengine.registry import MODELS, init_default_scope

    cfg = Config.fromfile(ROOT / config)
    pairs = (option.split('=', 1) for option in options)
    cfg.merge_from_dict({key: DictAction._parse_iterable(value) for key, value in pairs})
    init_default_scope(cfg.default_scope)
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, tmp_path / 'random.pth')
    output = run(
        sys.executable,
        'tools/test.py',
        config,
        tmp_path / 'random.pth',
        '--work-dir',
        tmp_path,
        '--show-dir',
        tmp_path / 'vis',
        '--interval',
        4,
        options=options,
        small=False,
    )
    assert 'people_per_frame' in output
    people = json.loads((tmp_path / 'people.json').read_text())
    assert people['joints'] == 'panoptic15' and len(people['frames']) == 5
    assert len(list((tmp_path / 'vis').glob('*.png'))) == 2
