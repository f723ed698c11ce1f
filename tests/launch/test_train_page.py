"""The commands of docs/train.md that need one machine, on the CPU."""

import re
import subprocess

import pytest
import torch
from train_page import block, lay_out, run, steps

from mmpose_ours.launch import work_dirs

# Trainings of their own, several processes each.
pytestmark = pytest.mark.slow

FIGURES = r'(pose3d/(?:recall_500mm|MPJPE_mm|false_positives_per_frame): \S+)'
ONE = '--work-dir work_dirs/one\n'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('page')


@pytest.fixture(scope='module')
def environment(folder):
    return lay_out(folder, CUDA_VISIBLE_DEVICES='')


@pytest.fixture(scope='module')
def one(folder, environment):
    """A training of one process."""
    run(block(ONE), folder, environment)
    assert steps(folder / 'work_dirs/one') == [1, 2, 3, 4]
    return folder / 'work_dirs/one'


def learning_rates(work_dir) -> list:
    (file,) = work_dir.glob('*/vis_data/scalars.json')
    return [float(rate) for rate in re.findall(r'"lr": ([^,]+)', file.read_text())]


def refused(commands: str, folder, environment) -> str:
    done = subprocess.run(
        ['bash', '-c', commands], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2 and 'Traceback' not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]


def test_the_config_that_the_page_names_is_there(folder, environment):
    run(f'{block("CONFIG=")} test -f $CONFIG', folder, environment)


def test_the_test_script(one, folder, environment):
    output = run(block('--show-dir images'), folder, environment)
    assert len(re.findall(FIGURES, output)) == 3
    assert (folder / 'figures.pkl').is_file()
    assert len(list(folder.glob('images/*.png'))) == 2


def test_with_a_hidden_gpu_it_trains_as_without_one(one, folder, environment):
    run(block('CUDA_VISIBLE_DEVICES= '), folder, environment)
    cpu = folder / 'work_dirs/cpu'
    assert steps(cpu) == [1, 2, 3, 4]
    of_one, of_cpu = (
        torch.load(work_dir / 'epoch_1.pth', weights_only=True)['state_dict']
        for work_dir in (one, cpu)
    )
    assert all(torch.equal(of_one[key], of_cpu[key]) for key in of_one)


def test_amp_and_a_scaled_rate_without_a_gpu(one, folder, environment):
    plain = "_base_ = ['small.py']\noptim_wrapper = dict(type='OptimWrapper')\n"
    (folder / 'plain.py').write_text(plain)
    amp = block('CUDA_VISIBLE_DEVICES= ').replace('work_dirs/cpu', 'work_dirs/amp').strip()
    run(f'{amp} --amp --auto-scale-lr', folder, {**environment, 'CONFIG': 'plain.py'})
    config = (folder / 'work_dirs/amp/plain.py').read_text()
    assert "type='AutocastOptimWrapper'" in config
    # Batches of 2 for a rate that was chosen for 8; the rate that remains at the end is not scaled.
    expected = [rate / 4 for rate in learning_rates(one)]
    assert learning_rates(folder / 'work_dirs/amp') == pytest.approx(expected, rel=0.01)


def test_two_processes_train_and_test(folder, environment):
    commands = block('GPUS=2\n')
    run(commands, folder, environment)
    many = folder / 'work_dirs/many'
    assert steps(many) == [1, 2]  # of two samples each by two processes
    shared = run(f'GPUS=2\n{block("dist_test.sh")}', folder, environment)
    alone = f'python tools/test.py $CONFIG {many}/epoch_1.pth --work-dir work_dirs/many_alone'
    expected = re.findall(FIGURES, run(alone, folder, environment))
    assert re.findall(FIGURES, shared) == expected != []


def test_jobs_at_the_same_time_have_ports_and_seeds_of_their_own(folder, environment):
    """All three wait for the others' port to be free, or fail, where they share one."""
    run(block('for seed in'), folder, environment)
    for seed in range(3):
        work_dir = folder / f'work_dirs/seed_{seed}'
        assert steps(work_dir) == [1, 2, 3, 4] and (work_dir / 'epoch_1.pth').is_file()
        assert f'seed={seed}' in next(work_dir.glob('*.py')).read_text().replace(' ', '')


def test_one_training_per_rig(folder, environment):
    (folder / 'rigs').mkdir()
    rig = (folder / 'configs/ours/rigs/five_cameras.json').read_text()
    (folder / 'rigs/hall.json').write_text(rig)
    run(block('for rig in'), folder, environment)
    config = next((folder / 'work_dirs/hall').glob('*.py')).read_text()
    assert config.count("rig_file='rigs/hall.json'") == 3


def test_a_work_dir_is_not_written_to_twice_at_a_time(folder, environment):
    with work_dirs.lock(folder / 'work_dirs/held'):
        command = 'python tools/train.py $CONFIG --resume --work-dir work_dirs/held'
        said = refused(command, folder, environment)
    assert said.startswith('train.py: error: work_dirs/held is being written to by another')


def test_old_checkpoints_are_gone_on_with_or_moved_but_never_overwritten(one, folder, environment):
    before = (one / 'epoch_1.pth').read_bytes()
    assert '--start-over' in refused(block(ONE), folder, environment)
    assert (one / 'epoch_1.pth').read_bytes() == before
    longer = (folder / 'small.py').read_text().replace('max_epochs=1', 'max_epochs=2')
    (folder / 'longer.py').write_text(longer)
    run(block('--work-dir work_dirs/one --resume'), folder, {**environment, 'CONFIG': 'longer.py'})
    assert steps(one) == list(range(1, 9))
    run(block(ONE).strip() + ' --start-over', folder, environment)
    (aside,) = one.glob('earlier_*')
    assert (aside / 'epoch_1.pth').read_bytes() == before
    assert (aside / 'epoch_2.pth').is_file() and not (one / 'epoch_2.pth').exists()
