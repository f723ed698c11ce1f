"""Folders of everything, for ``inspect``."""

from __future__ import annotations

import shutil
from pathlib import Path

from dataset_files import write_ours

from mmpose_ours.synthetic.noise_profiles import SHIPPED
from mmpose_ours.workflows.inspection import inspect_path, next_command

from .results import write_people


def _write(folder: Path) -> Path:
    root = folder / 'data'
    write_ours(root)
    write_people(root)
    shutil.copy(next(SHIPPED.glob('*.json')), root / 'noise.json')
    return root


def _inspect(root: Path) -> None:
    next_command(inspect_path(root).findings)
    for file in sorted(path for path in root.rglob('*') if path.is_file()):
        inspect_path(file)


SAMPLES = {'data folder': (_write, _inspect)}
