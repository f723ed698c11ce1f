"""The benchmark itself: turns, ratios, the check of agreement, and a small run of our side."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import agreement, problem  # noqa: E402
from benchmarks.stages import Stage, compare, take_turns, usual_stages  # noqa: E402
from benchmarks.worker import Worker, WorkerError  # noqa: E402

FAKE = """
import os, time
from benchmarks.worker import serve

turns = open({log!r}, 'a')

def measure(stage, seconds, threads, **options):
    print('chatter on stdout, as libraries have it')
    os.write(1, b'and from C code')
    turns.write('{name} ' + stage + chr(10))
    turns.flush()
    start = time.perf_counter()
    time.sleep({sleep})
    return dict(wall=time.perf_counter() - start, cpu={sleep})

def die():
    os._exit(3)

serve(dict(measure=measure, die=die))
"""


@pytest.fixture
def fake(tmp_path):
    workers = []

    def start(name, sleep=0.0):
        code = FAKE.format(log=str(tmp_path / 'turns'), name=name, sleep=sleep)
        workers.append(Worker(name, [sys.executable, '-c', code]))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


def test_the_ratio_says_how_many_times_faster_ours_is(fake, tmp_path):
    stages = [Stage('a', 'A', 'first'), Stage('b', 'B', 'second')]
    rows = take_turns(stages, fake('ours', 0.01), fake('stock', 0.1), 3, 0.0, 1, quiet=True)
    assert list(rows) == ['a', 'b']
    for row in rows.values():
        assert row['rounds'] == 3
        assert 3 < row['ratio'] < 11 and row['cpu_ratio'] == pytest.approx(10)
        assert row['stock_spread'][0] <= row['stock'] <= row['stock_spread'][1]
    turns = (tmp_path / 'turns').read_text().split('\n')[:-1]
    assert turns == ['ours first', 'stock first', 'ours second', 'stock second'] * 3


def test_rows_that_share_a_stock_stage_measure_it_once_per_round(fake, tmp_path):
    stages = [Stage('a', 'A', 'frame'), Stage('b', 'B', 'frame', ours_only=dict(config='c'))]
    rows = take_turns(stages, fake('ours'), fake('stock'), 2, 0.0, 1, quiet=True)
    assert rows['a']['stock'] == rows['b']['stock']
    turns = (tmp_path / 'turns').read_text().split('\n')[:-1]
    assert turns == ['ours frame', 'stock frame', 'ours frame'] * 2


def test_compare_takes_medians():
    ours = [dict(wall=wall, cpu=2 * wall) for wall in (1.0, 2.0, 90.0)]
    stock = [dict(wall=wall, cpu=wall) for wall in (8.0, 6.0, 7.0)]
    row = compare(ours, stock)
    assert (row['ours'], row['stock'], row['ratio'], row['cpu_ratio']) == (2.0, 7.0, 3.5, 1.75)
    assert row['ours_spread'] == [1.0, 90.0]
    alone = compare(ours, [])
    assert alone['ours'] == 2.0
    assert alone['stock'] is alone['ratio'] is alone['cpu_ratio'] is alone['stock_spread'] is None


def test_a_worker_that_fails_or_dies_is_named(fake):
    worker = fake('stock')
    # Errors of a tool, whose sentence is all that they have; those below too.
    with pytest.raises(WorkerError, match=r"stock worker failed at 'measure'(?s:.*)stage"):
        worker.ask('measure')
    with pytest.raises(WorkerError, match=r"stock worker failed at 'nothing'"):
        worker.ask('nothing')
    with pytest.raises(WorkerError, match=r"ended with exit status 3 at 'die'"):
        worker.ask('die')


def test_every_config_adds_a_frame_and_a_training_step():
    stages = usual_stages(['configs/ours/voxelpose_ours.py'])
    assert [stage.name for stage in stages[-4:]] == [
        'fast_model_frame', 'fast_model_train_step',
        'voxelpose_ours_frame', 'voxelpose_ours_train_step',
    ]  # fmt: skip
    assert all(Path(stage.ours_only['config']).is_file() for stage in stages[-4:])


class _Answers:
    """A worker whose outputs are given."""

    def __init__(self, outputs):
        self.outputs = outputs

    def ask(self, request, file):
        assert request == 'outputs'
        np.savez(file, **self.outputs)


@pytest.fixture(scope='module')
def small_problem(tmp_path_factory):
    folder = tmp_path_factory.mktemp('problem')
    sizes = problem.Sizes((8, 8, 4), (4, 4, 4), (100, 76))
    problem.write_problem(folder, problem.ring_rig(4), sizes, (1, 3))
    return folder


def _outputs(**changes):
    rng = np.random.default_rng(0)
    outputs = dict(
        heatmaps=rng.random((4, 17, 76, 100)),
        coarse=rng.random((17, 8, 8, 4)),
        person=rng.random((3, 17, 4, 4, 4)),
        poses=1000 * rng.random((3, 17, 3)),
    )
    return {name: value + changes.get(name, 0.0) for name, value in outputs.items()}


def test_sides_that_agree_may_be_timed(small_problem):
    stock = _outputs(coarse=5e-5, person=-5e-5, poses=0.05)
    found = agreement.check_agreement(small_problem, _Answers(_outputs()), _Answers(stock))
    assert found['heatmaps'] == 0 and found['coarse_projection'] == pytest.approx(5e-5)
    assert found['joints_mm'] == pytest.approx(0.05 * 3**0.5)
    assert 0 <= found['unclear_voxels'] < 0.1


@pytest.mark.parametrize(
    'change', [dict(heatmaps=2e-4), dict(coarse=2e-4), dict(person=2e-4), dict(poses=1.0)]
)
def test_sides_that_disagree_are_not_timed(small_problem, change):
    with pytest.raises(agreement.DisagreementError, match='would not compare'):
        agreement.check_agreement(small_problem, _Answers(_outputs()), _Answers(_outputs(**change)))


def test_another_number_of_people_is_a_disagreement(small_problem):
    fewer = _outputs()
    fewer['poses'] = fewer['poses'][:2]
    with pytest.raises(agreement.DisagreementError, match='joints_mm'):
        agreement.check_agreement(small_problem, _Answers(_outputs()), _Answers(fewer))


def test_a_problem_holds_what_it_says(small_problem):
    settings, rig, space = problem.read_problem(small_problem)
    assert settings['views'] == len(rig) == 4
    for count in (1, 3):
        people = np.load(small_problem / f'people_{count}.npz')
        assert people['poses'].shape == (count, 17, 3)
        # A perfect detector finds every joint at its projection.
        uv, _ = rig.project(people['poses'])
        for view in range(4):
            found = people['keypoints'][view][people['keypoints'][view, ..., 2] > 0][:, :2]
            gap = np.linalg.norm(found[:, None] - uv[view].reshape(-1, 2), axis=-1).min(1)
            assert len(found) and gap.max() < 1e-2
    corners = problem.voxel_centers(space.center_mm, space.size_mm, (2, 2, 2))
    assert all((camera.to_camera(corners)[:, 2] > 0).all() for camera in rig)


def test_hand_made_weights_answer_where_the_input_peaks():
    import torch

    from benchmarks.weights import fill_weights
    from mmpose_ours.models import VoxelPose

    model = VoxelPose(center=dict(bins=(12, 12, 8)), pose=dict(bins=(12, 12, 12), beta=100.0))
    fill_weights(model.eval())
    rng = np.random.default_rng(0)
    volumes = torch.zeros(1, 17, 12, 12, 12)
    places = rng.integers(2, 10, (17, 3))
    places[12] = places[11] + (1, 0, 0)  # the hips stand side by side
    for joint, place in enumerate(places):
        volumes[(0, joint, *place)] = 1.0
    with torch.no_grad():
        found = model.pose_regressor.pose_net(volumes)[0]
        root = model.human_detector(volumes)[0]
    for joint, place in enumerate(places[:16]):
        assert np.array_equal(np.unravel_index(int(found[joint].argmax()), (12, 12, 12)), place)
    peak = np.unravel_index(int(root.argmax()), (12, 12, 12))
    assert np.abs(np.array(peak) - places[11:13].mean(0)).max() <= 1


@pytest.mark.slow
@pytest.mark.slow
def test_a_quick_run_of_our_side_writes_its_figures(tmp_path):
    command = [sys.executable, '-m', 'benchmarks.bench', '--quick', '--ours-only', '--sweep']
    options = ['--rounds', '1', '--threads', '1', '--out', str(tmp_path)]
    done = subprocess.run(command + options, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'bench.json').read_text())
    for name in (
        'scene_sampling', 'heatmaps', 'coarse_projection', 'person_projection',
        'voxelpose_same_weights', 'voxelpose_train_step',
    ):  # fmt: skip
        assert result[name]['ours'] > 0
        assert result[name]['stock'] is None and result[name]['ratio'] is None
    assert result['voxelpose_same_weights']['bfloat16']['ours'] > 0
    machine = result['machine']
    assert min(machine['sgemm_gflops'], machine['memory_gb_per_s']) > 0.1
    assert machine['threads'] == 1
    assert 1e3 < result['loader_bytes']['ours'] < 1e5
    shares = result['shares']['ours']
    assert sum(shares['operators'].values()) == pytest.approx(1)
    assert shares['gflop'] > 1 and 0 < shares['of_matrix_rate'] < 2
    assert set(result['sweep']) == {'people', 'batch', 'threads', 'views'}
    assert result['sweep']['views']['3']['voxelpose']['seconds'] > 0
    for name in ('bench.png', 'sweep.png'):
        assert (tmp_path / name).read_bytes()[:4] == b'\x89PNG'
    assert 'VoxelPose, same weights' in done.stdout and 'GFLOP/s' in done.stdout
