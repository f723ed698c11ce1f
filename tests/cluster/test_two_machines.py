"""MMPose's dist_train.sh on two machines, as docs/train.md has it."""

import torch
from machines import finish
from train_page import block, lay_out, steps


def test_two_machines_train_together(machines, tmp_path):
    environment = lay_out(tmp_path, FIRST='n1', GPUS='1')
    first = machines.n1.start(block('# on the first,'), tmp_path, environment)
    second = machines.n2.start(block('# on the second'), tmp_path, environment)
    output = finish(first)
    finish(second)
    work_dir = tmp_path / 'work_dirs/machines'
    assert steps(work_dir) == [1, 2], output[-3000:]  # an epoch of 8 in batches of 2 times 2
    assert len(list(work_dir.glob('2*'))) == 1  # the second writes no log
    assert torch.load(work_dir / 'epoch_1.pth', weights_only=True)['meta']['iter'] == 2


def test_a_refusal_ends_the_job_on_both(machines, tmp_path):
    """The second machine does not wait for a first that was refused."""
    environment = lay_out(tmp_path, FIRST='n1', GPUS='1')
    work_dir = tmp_path / 'work_dirs/machines'
    work_dir.mkdir(parents=True)
    (work_dir / 'epoch_7.pth').touch()
    second = machines.n2.start(block('# on the second'), tmp_path, environment)
    first = machines.n1.start(block('# on the first,'), tmp_path, environment)
    assert 'train.py: error: work_dirs/machines holds 1 checkpoint' in finish(first, 60, status=1)
    finish(second, 60, status=1)
