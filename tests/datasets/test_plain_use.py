"""The datasets without a runner, as in a notebook."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_dataset_needs_no_default_scope():
    code = (
        'from mmpose_ours.datasets import SyntheticDataset\n'
        "data = SyntheticDataset('configs/ours/rigs/five_cameras.json', num_samples=2)\n"
        "assert data[0]['inputs']['keypoints'].shape[0] == 5\n"
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT, timeout=120)
