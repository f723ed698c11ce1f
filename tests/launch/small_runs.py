"""Trainings of seconds, by the stock scripts, that something may happen to."""

import json
import subprocess
import sys
from pathlib import Path

import torch
from test_stock_scripts import ROOT, SMALL, TINY, environment

HERE = Path(__file__).resolve().parent
EPOCHS, STEPS = 3, 4  # of one process; two take half the steps


def write_config(folder: Path, faults: tuple = (), before_packing: tuple = (), **more) -> Path:
    """The tiny config with faults, as a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = [*before_packing, dict(type='PackMultiviewInputs')]
    lines = [
        f'_base_ = [{str(ROOT / TINY)!r}]',
        "custom_imports = dict(imports=['mmpose_ours.registry', 'saboteur'])",
        f'custom_hooks = {list(faults)!r}',
        f'train_dataloader = dict(dataset=dict(pipeline={pipeline!r}))',
        *(f'{key} = {value!r}' for key, value in more.items()),
    ]
    path = folder / f'config_{len(list(folder.glob("config_*.py")))}.py'
    path.write_text('\n'.join(lines) + '\n')
    return path


def command(script: str, config: Path, *arguments: object, processes: int = 1) -> list[str]:
    """A command line of a launch script in ``tools/``."""
    if processes == 1:
        words = [sys.executable, f'tools/{script}.py', config, *arguments]
    else:
        words = ['bash', f'tools/dist_{script}.sh', config, *arguments]
        words.insert(3 if script == 'train' else 4, processes)
    return [*map(str, words)]


def run(
    words: list[str], options: tuple = (), timeout: int = 120, small: bool = True, **popen
) -> subprocess.CompletedProcess:
    """Run it, with the small settings unless asked otherwise; stdout and stderr come together."""
    settings = [*SMALL, f'train_cfg.max_epochs={EPOCHS}'] if small else []
    return subprocess.run(
        [*words, '--cfg-options', *settings, *options],
        cwd=ROOT,
        env={**environment(), 'PYTHONPATH': str(HERE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        **popen,
    )


def train(work_dir: Path, config: Path, *arguments: object, processes: int = 1, **kwargs):
    """Train; see :func:`run`."""
    words = command('train', config, '--work-dir', work_dir, *arguments, processes=processes)
    return run(words, **kwargs)


def curve(work_dir: Path) -> dict[int, tuple]:
    """All losses and rates by step; a step that was done twice must have given the same."""
    found: dict[int, tuple] = {}
    for file in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for row in map(json.loads, file.read_text().splitlines()):
            if 'loss_pose' in row:
                values = (row['loss_center'], row['loss_pose'], row['lr'])
                assert found.setdefault(row['step'], values) == values
    return found


def weights(path: Path) -> dict:
    """Weights and optimiser of a checkpoint."""
    checkpoint = torch.load(path, weights_only=True)
    return {'state': checkpoint['state_dict'], 'optimizer': checkpoint['optimizer']}


def same(a, b) -> bool:
    """Whether two nested containers of tensors are equal, bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def half_files(work_dir: Path) -> list[str]:
    """What was begun and not finished."""
    return sorted(path.name for path in work_dir.glob('.*.pth.*'))


def processes_of(work_dir: Path) -> list[int]:
    """Those whose command line names the work dir."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            words = (folder / 'cmdline').read_bytes().decode(errors='replace').split('\0')
        except OSError:
            continue  # it ended meanwhile
        if str(work_dir) in words:
            found.append(int(folder.name))
    return found
