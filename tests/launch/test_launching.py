"""What the launch scripts make of a command line, and how they end."""

import subprocess
import sys

import pytest

from mmpose_ours.launch import launching
from mmpose_ours.launch.launching import with_our_amp

OURS = 'optim_wrapper.type=AutocastOptimWrapper'
# A process of a group of one; at exit it says so, and then aborts as gloo sometimes does.
IN_A_GROUP = """
import atexit, ctypes, os, sys
import torch.distributed
from mmpose_ours.launch import launching

def stock(script):
    torch.distributed.init_process_group('gloo', 'file://' + sys.argv[1], rank=0, world_size=1)
    atexit.register(print, 'at exit')
    libc = ctypes.CDLL(None)
    libc.on_exit(libc.abort, None)
    print('done')
    sys.exit(int(sys.argv[2]))

launching.run_stock = stock
launching.test()
"""


@pytest.mark.parametrize(
    ('said', 'meant'),
    [
        ('train.py c.py --amp', f'train.py c.py --cfg-options {OURS}'),
        (
            'train.py c.py --cfg-options a=1 --amp --resume',
            f'train.py c.py --cfg-options {OURS} a=1 --resume',
        ),
    ],
)
def test_amp_becomes_an_option_of_the_config(said, meant):
    assert with_our_amp(said.split()) == meant.split()


@pytest.mark.parametrize('status', [0, 75])
def test_a_process_of_a_group_keeps_its_status_whatever_the_destructors_do(tmp_path, status):
    words = [sys.executable, '-c', IN_A_GROUP, str(tmp_path / 'meeting'), str(status)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    # Some builds of gloo say that they are connected.
    assert done.stdout.endswith('done\nat exit\n')
    assert done.returncode == status, done.stderr


@pytest.mark.parametrize(
    ('installed', 'text', 'said'),
    [
        ('1.3.2', 'from mmpose_ours.mmpose0x import settings\n', 'is for MMPose 0.x, but 1.3.2'),
        ('1.3.2', 'train_dataloader = dict()\n', ''),
        ('0.29.0', 'from mmpose_ours.mmpose0x import settings\n', ''),
    ],
)
def test_a_config_for_the_other_mmpose_is_refused(
    installed, text, said, tmp_path, monkeypatch, capsys
):
    config = tmp_path / 'config.py'
    config.write_text(text)
    monkeypatch.setattr(launching.importlib.metadata, 'version', lambda name: installed)
    (tmp_path / 'checkpoint.pth').touch()
    words = ['test.py', str(config), str(tmp_path / 'checkpoint.pth')]
    monkeypatch.setattr(launching.sys, 'argv', words)
    monkeypatch.setattr(launching, '_run', lambda script: print('runs'))
    if not said:
        launching.test()
        assert capsys.readouterr().out == 'runs\n'
        return
    with pytest.raises(SystemExit):
        launching.test()
    error = capsys.readouterr().err
    assert said in error and 'configs/ours has those for 1.x' in error
