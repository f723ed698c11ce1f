"""The commands of docs/train.md, run as they stand there, with trainings of seconds."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mmpose_ours.registry  # noqa: F401  allows what a run's own checkpoints hold

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/train.md'
# One process sees 8 samples in 4 steps of an epoch, two processes in 2.
SMALL = """
model = dict(center=dict(bins=(16, 16, 8)), pose=dict(bins=(8, 8, 8)))
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False, dataset=dict(num_samples=8)
)
val_dataloader = dict(dataset=dict(num_samples=2))
test_dataloader = dict(dataset=dict(num_samples=3))
train_cfg = dict(max_epochs=1, val_interval=1)
default_hooks = dict(logger=dict(interval=1))
log_processor = dict(window_size=1)
"""


def block(words: str) -> str:
    """The one block of commands on the page that has these words in it."""
    blocks = re.findall(r'```bash\n(.*?)```', PAGE.read_text(encoding='utf-8'), re.DOTALL)
    found = [text for text in blocks if words in text]
    assert len(found) == 1, f'{len(found)} blocks of {PAGE.name} have {words!r}'
    return found[0]


def lay_out(folder: Path, **environment: str) -> dict:
    """A folder as the page has it in mind, with a small config.

    Returns:
        The environment for the page's commands: ``CONFIG``, this Python's ``python``.
    """
    for name in ('tools', 'configs'):
        (folder / name).symlink_to(ROOT / name)
    config = folder / 'small.py'
    base = ROOT / 'configs/ours/voxelpose_ours_tiny.py'
    config.write_text(f'_base_ = [{str(base)!r}]\n{SMALL}')
    own = {
        'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',
        'CONFIG': config.name,
        'OMP_NUM_THREADS': '1',
    }
    # A test run may itself stand in a job; what it starts must not think so.
    of_a_job = ('SLURM', 'MASTER_', 'NNODES', 'NODE_RANK', 'PORT')
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(of_a_job)}
    return {**inherited, **own, **environment}


def run(commands: str, folder: Path, environment: dict, timeout: int = 120) -> str:
    """Run commands in bash, all of which must succeed; returns all that they print."""
    done = subprocess.run(
        ['bash', '-e', '-c', commands],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def steps(work_dir: Path) -> list[int]:
    """The training steps that a work dir's logs tell of, in order."""
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [row['step'] for row in rows if 'loss' in row]
