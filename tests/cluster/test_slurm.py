"""MMPose's slurm_train.sh and slurm_test.sh under a real Slurm of two nodes."""

import re
import time

from machines import finish
from slurm import PARTITION
from train_page import block, lay_out, run, steps

from mmpose_ours.launch.network import SLURM_PORTS

FIGURES = r'(pose3d/(?:recall_500mm|MPJPE_mm|false_positives_per_frame): \S+)'
INTERRUPTED = 75


def environment_of(folder, slurm) -> dict:
    return lay_out(folder, PARTITION=PARTITION, SLURM_CONF=str(slurm.folder / 'slurm.conf'))


def endless(folder, samples: int) -> str:
    """A config that trains until something ends it, with epochs of so many samples."""
    config = folder / 'endless.py'
    config.write_text(
        "_base_ = ['small.py']\n"
        f'train_dataloader = dict(dataset=dict(num_samples={samples}))\n'
        'train_cfg = dict(max_epochs=500, val_interval=500)\n'
    )
    return config.name


def until(condition, what: str, process=None, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < deadline, f'{what}: not in {seconds} s'
        time.sleep(0.2)


def test_train_and_test_on_two_nodes(slurm, tmp_path):
    environment, n1 = environment_of(tmp_path, slurm), slurm.machines.n1
    trained = n1.run(block('slurm_train.sh'), tmp_path, environment)
    work_dir = tmp_path / 'work_dirs/slurm'
    assert steps(work_dir) == [1, 2], trained[-3000:]  # an epoch of 8 in batches of 2 times 2
    assert re.search(r'Distributed launcher: slurm', trained)
    assert re.search(r'GPU number: 2', trained)  # as MMEngine calls the processes
    tested = n1.run(block('slurm_test.sh'), tmp_path, environment)
    alone = f'python tools/test.py $CONFIG {work_dir}/epoch_1.pth --work-dir work_dirs/alone'
    expected = re.findall(FIGURES, run(alone, tmp_path, environment))
    assert re.findall(FIGURES, tested) == expected != []


def test_jobs_on_the_same_nodes_do_not_meet(slurm, tmp_path):
    environment, n1 = environment_of(tmp_path, slurm), slurm.machines.n1
    command = block('slurm_train.sh')
    names = ('a', 'b')
    jobs = [
        n1.start(command.replace('work_dirs/slurm', f'work_dirs/{name}'), tmp_path, environment)
        for name in names
    ]
    outputs = [finish(job) for job in jobs]
    for name, output in zip(names, outputs):
        assert steps(tmp_path / 'work_dirs' / name) == [1, 2], output[-3000:]


def test_a_lost_node_ends_the_job_and_the_other_goes_on(slurm, tmp_path):
    environment, n1 = environment_of(tmp_path, slurm), slurm.machines.n1
    environment['CONFIG'] = endless(tmp_path, samples=8)
    work_dir = tmp_path / 'work_dirs/slurm'
    job = n1.start(block('slurm_train.sh'), tmp_path, environment)
    until((work_dir / 'epoch_2.pth').exists, 'second checkpoint', job)
    slurm.machines.n2.lose()
    lost_at = time.monotonic()
    job.communicate(timeout=90)
    assert job.returncode != 0
    assert time.monotonic() - lost_at < 60
    slurm.wait_for('', 'squeue --noheader', 30)

    reached = int(re.search(r'epoch_(\d+)', (work_dir / 'last_checkpoint').read_text()).group(1))
    command = block('slurm_train.sh').strip().replace('GPUS=2', 'GPUS=1', 1)
    options = f'--resume --cfg-options train_cfg.max_epochs={reached + 1}'
    n1.run(f'{command} {options}', tmp_path, environment)
    # Alone, the remaining process takes 4 steps for what both did in 2.
    assert steps(work_dir)[-4:] == [2 * reached + step for step in (1, 2, 3, 4)]


def test_a_preempted_job_writes_a_checkpoint_and_goes_on_where_it_was(slurm, tmp_path):
    """One epoch that is longer than the test: what is not lost was saved in mid-epoch."""
    environment, n1 = environment_of(tmp_path, slurm), slurm.machines.n1
    environment['CONFIG'] = endless(tmp_path, samples=100_000)
    work_dir = tmp_path / 'work_dirs/batch'
    submitted = n1.run(block('sbatch'), tmp_path, environment)
    job = re.search(r'Submitted batch job (\d+)', submitted).group(1)
    until(lambda: len(steps(work_dir)) >= 3, 'three steps')
    n1.run(f'scontrol requeue {job}', tmp_path, environment)
    until((work_dir / 'mid_epoch.pth').exists, 'checkpoint in mid-epoch')
    until(lambda: len(starts(work_dir)) == 2, 'second start', seconds=90)
    until(lambda: starts(work_dir)[-1].read_text().count('"step"') >= 2, 'two steps more')
    n1.run(f'scancel {job}', tmp_path, environment)
    slurm.wait_for('', 'squeue --noheader', 60)
    done = steps(work_dir)
    assert done == list(range(1, len(done) + 1))  # no step lost, none done twice


def starts(work_dir) -> list:
    """The logs of figures, one of each start of the training."""
    return sorted(work_dir.glob('2*/vis_data/scalars.json'))


def test_ports_lie_outside_what_slurm_itself_uses(slurm):
    reported = slurm.machines.n1.run('scontrol show config', env=slurm.environment)
    own = {int(port) for port in re.findall(r'Slurm(?:ctld|d)Port\s+= (\d+)', reported)}
    assert len(own) == 2 and not own & set(SLURM_PORTS)
