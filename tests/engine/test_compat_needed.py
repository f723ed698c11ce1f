"""What :mod:`mmpose_ours.compat` patches is still as it was: where one of these fails, its patch
can go. Each runs stock MMEngine in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip('torch', reason='MMEngine needs torch')
pytest.importorskip('mmengine', reason='this is about MMEngine')


def run_stock(code, folder):
    """Run code that asserts how stock MMEngine behaves."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code)],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_this_package_patches_nothing_by_itself(tmp_path):
    run_stock(
        """
        import torch
        from mmengine.fileio import LocalBackend
        from mmengine.logging import HistoryBuffer, MessageHub
        from mmengine.runner import CheckpointLoader, EpochBasedTrainLoop, Runner
        from mmengine.runner import checkpoint, runner
        from mmengine.dist import utils
        import importlib, pkgutil, mmpose_ours

        def state():
            places = [
                (LocalBackend, 'put'), (HistoryBuffer, '__reduce__'), (MessageHub, 'state_dict'),
                (EpochBasedTrainLoop, 'run_epoch'), (Runner, 'load_checkpoint'),
                (checkpoint, 'load_state_dict'), (runner, 'find_latest_checkpoint'),
                (utils, '_init_dist_pytorch'), (torch.nn.Conv3d, 'forward'),
            ]
            return [getattr(owner, name) for owner, name in places], dict(CheckpointLoader._schemes)

        before = state()
        import mmpose_ours.models, mmpose_ours.datasets, mmpose_ours.engine.metrics
        import mmpose_ours.engine.hooks, mmpose_ours.apis.inferencer
        import mmpose_ours.visualization.training.hook
        assert state() == before
        import mmpose_ours.registry
        assert state() != before
        """,
        tmp_path,
    )


def test_logs_of_checkpoints(tmp_path):
    run_stock(
        """
        import pickle, torch
        from mmengine.logging import HistoryBuffer
        torch.save({'log': HistoryBuffer([1.0], [1])}, 'a.pth')
        try:
            torch.load('a.pth', weights_only=True)
        except pickle.UnpicklingError:
            raise SystemExit(0)
        raise SystemExit('torch reads the log')
        """,
        tmp_path,
    )


def test_process_groups(tmp_path):
    run_stock(
        """
        import os, torch
        from mmengine.dist import utils
        torch.cuda.is_available = lambda: False
        asked = []
        torch.cuda.set_device = asked.append
        torch.cuda.device_count = lambda: 1
        utils.torch_dist.init_process_group = lambda **options: None
        os.environ.update(RANK='0', LOCAL_RANK='0')
        utils._init_dist_pytorch('gloo')
        assert asked == [0], 'no CUDA device is selected any more'
        """,
        tmp_path,
    )


def test_half_files(tmp_path):
    run_stock(
        """
        from mmengine.fileio import put
        put(b'first', 'a.pth')
        try:
            put('cannot be written as bytes', 'a.pth')
        except TypeError:
            pass
        assert open('a.pth', 'rb').read() != b'first', 'MMEngine writes files whole'
        """,
        tmp_path,
    )


def test_lost_checkpoints(tmp_path):
    run_stock(
        """
        from mmengine.runner import find_latest_checkpoint
        open('last_checkpoint', 'w').write('gone.pth')
        assert find_latest_checkpoint('.') == 'gone.pth', 'MMEngine looks whether it is there'
        """,
        tmp_path,
    )


def test_missing_weights(tmp_path):
    run_stock(
        """
        import torch
        from mmengine.runner import load_checkpoint
        model = torch.nn.Linear(2, 2)
        torch.save({'state_dict': {}}, 'a.pth')
        load_checkpoint(model, 'a.pth')
        """,
        tmp_path,
    )


def test_interrupted_epochs(tmp_path):
    run_stock(
        """
        import inspect
        from mmengine.runner import EpochBasedTrainLoop
        source = inspect.getsource(EpochBasedTrainLoop.run_epoch)
        assert 'enumerate(self.dataloader)' in source, 'MMEngine skips what is done'
        """,
        tmp_path,
    )
