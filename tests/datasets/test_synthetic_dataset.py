import pickle

import numpy as np
import pytest
import torch
from dataset_files import SPACE, small_rig
from errors import fails
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmpose_ours.calibration import CalibrationError, write_rig
from mmpose_ours.datasets import FreshEpochSampler
from mmpose_ours.datasets import sampler as sampler_module
from mmpose_ours.datasets.read_ahead import ReadAhead
from mmpose_ours.datasets.synthetic import BLOCK
from mmpose_ours.io.package_files import share
from mmpose_ours.scope import DATA_SAMPLERS, DATASETS


@pytest.fixture(scope='module')
def rig_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('rig') / 'rig.json'
    write_rig(small_rig(), path, 'panoptic')
    return str(path)


def build(rig_file, **changes):
    settings = dict(type='SyntheticDataset', rig_file=rig_file, num_samples=6, space=SPACE)
    return DATASETS.build({**settings, **changes})


def content(item):
    """What an item holds, as plain arrays."""
    sample = item['data_samples']
    return (
        sample.frame_id,
        item['inputs']['keypoints'].numpy(),
        sample.gt_instances.keypoints_3d.numpy(),
        sample.gt_instances.visible.numpy(),
    )


def assert_same(first, second):
    for a, b in zip(content(first), content(second)):
        np.testing.assert_array_equal(a, b)


def test_items_are_keypoints_truth_rig_and_space(rig_file):
    item = build(rig_file)[0]
    keypoints, sample = item['inputs']['keypoints'], item['data_samples']
    assert keypoints.dtype == torch.float32 and keypoints.shape[0] == 3
    assert keypoints.shape[2:] == (17, 3)
    assert sample.gt_instances.keypoints_3d.shape[1:] == (17, 3)
    assert sample.gt_instances.visible.dtype == torch.bool
    assert sample.rig.names == small_rig().names and sample.joints == 'coco17'
    assert sample.space.size_mm == SPACE['size_mm']


def test_without_faults_the_keypoints_are_the_truths_projection(rig_file):
    sample = build(rig_file, faults=None, scene=dict(people=(1, 1)))[3]['data_samples']
    uv, valid = sample.rig.project(sample.gt_instances.keypoints_3d.double().numpy())
    found = sample.keypoints_2d
    visible = found[..., 2] > 0
    assert visible.any() and (found[..., 2][visible] == 1).all()
    assert not (visible & ~valid).any()
    np.testing.assert_allclose(found[..., :2][visible], uv[visible], atol=1e-2)


def test_an_item_depends_on_seed_and_index_only(rig_file):
    first, again, other = build(rig_file), build(rig_file), build(rig_file, seed=1)
    np.random.seed(0)
    one = first[2]
    first[0], np.random.rand(), torch.rand(3)
    assert_same(one, first[2])
    assert_same(one, again[2])
    with pytest.raises(AssertionError):
        assert_same(one, other[2])
    with pytest.raises(AssertionError):
        assert_same(one, first[1])


def test_workers_make_no_difference(rig_file):
    dataset = build(rig_file)

    def run(workers):
        loader = DataLoader(
            dataset, batch_size=2, num_workers=workers, collate_fn=pseudo_collate,
            sampler=FreshEpochSampler(dataset),
        )  # fmt: skip
        epochs = []
        for epoch in range(2):
            loader.sampler.set_epoch(epoch)
            epochs.append([sample for batch in loader for sample in zip(
                batch['inputs']['keypoints'], batch['data_samples'])])  # fmt: skip
        return epochs

    for one, two in zip(run(0), run(2)):
        assert len(one) == len(two) == 6
        for (keypoints, sample), (others, other) in zip(one, two):
            np.testing.assert_array_equal(keypoints, others)
            assert sample.frame_id == other.frame_id
            np.testing.assert_array_equal(
                sample.gt_instances.keypoints_3d, other.gt_instances.keypoints_3d
            )


def test_indices_beyond_the_length_work_and_a_loop_ends(rig_file):
    dataset = build(rig_file)
    assert dataset[123_456_789]['data_samples'].frame_id == 123_456_789
    assert len(dataset) == 6
    assert [item['data_samples'].frame_id for item in dataset] == list(range(6))


@pytest.mark.parametrize('batch, workers, ranks', [(1, 1, 1), (4, 2, 1), (3, 2, 4), (40, 1, 1)])
def test_a_worker_generates_in_blocks_what_it_will_be_asked_for(rig_file, batch, workers, ranks):
    """Whatever regular share of an epoch a worker sees: nothing is made twice or in vain."""
    dataset = build(rig_file, num_samples=240 * ranks * workers)
    alone = build(rig_file)
    blocks = []
    generate = dataset._generate
    dataset._generate = lambda indices: blocks.append(list(indices)) or generate(indices)
    seen = list(range(1, len(dataset), ranks))  # what process 1 draws
    batches = [seen[i : i + batch] for i in range(0, len(seen), batch)][1::workers]
    for indices in batches:
        for index, item in zip(indices, dataset.__getitems__(indices)):
            assert item['data_samples'].frame_id == index
            if index % 17 == 0:
                assert_same(item, alone[index])
        assert len(dataset._ready) <= max(BLOCK, batch)
    made = [index for block in blocks for index in block]
    assert len(made) == len(set(made))
    assert len(made) <= sum(map(len, batches)) + BLOCK
    # The first batches teach the step; from then on blocks are full.
    full = max(batch, BLOCK - BLOCK % batch)
    assert len(blocks) <= 3 + len(made) / full


def test_nothing_is_made_ahead_in_a_shuffled_order(rig_file):
    dataset = build(rig_file, num_samples=1000)
    made = []
    generate = dataset._generate
    dataset._generate = lambda indices: made.extend(indices) or generate(indices)
    order = np.random.default_rng(0).permutation(1000)[:60]
    for index in order[:20]:
        dataset[index]
    for start in range(20, 60, 4):
        dataset.__getitems__(order[start : start + 4])
    assert made == order.tolist()


def test_nothing_is_made_beyond_the_end_of_an_epoch(rig_file):
    dataset = build(rig_file, num_samples=10)
    made = []
    generate = dataset._generate
    dataset._generate = lambda indices: made.extend(indices) or generate(indices)
    for index in range(20, 30):
        dataset[index]
    assert made == list(range(20, 30))


def test_an_item_may_be_asked_for_again(rig_file):
    dataset = build(rig_file)
    one, two, three = dataset.__getitems__([4, 4, 4])
    assert_same(one, two)
    assert_same(one, three)
    one['inputs']['keypoints'].zero_()
    for _ in range(4):
        assert_same(two, dataset[4])


def test_items_share_the_rig_and_nothing_else(rig_file):
    """A batch then pickles its rig once, on the way from a worker to the model."""
    dataset = build(rig_file)
    items = dataset.__getitems__(range(4))
    assert all(item['data_samples'].rig is dataset.rig for item in items)
    assert len(pickle.dumps(items)) < sum(len(pickle.dumps(item)) for item in items)
    owners = [item['inputs']['keypoints'].untyped_storage().data_ptr() for item in items]
    assert len(set(owners)) == 4


def test_items_are_kilobytes(rig_file):
    assert len(pickle.dumps(build(rig_file)[0])) < 16_384
    five = share('configs') / 'ours' / 'rigs' / 'five_cameras.json'
    dataset = build(str(five), space=None, scene=dict(people=(10, 10)))
    assert max(len(pickle.dumps(dataset[i])) for i in range(5)) < 65_536


def test_the_space_is_fitted_where_none_is_given(rig_file):
    dataset = build(rig_file, space=None)
    assert np.linalg.norm(dataset.space.center_mm[:2]) < 1000


def test_cameras_are_chosen_by_name_in_order(rig_file):
    dataset = build(rig_file, cameras=['gate_2', 'left'])
    item = dataset[0]
    assert item['data_samples'].rig.names == ('gate_2', 'left')
    assert len(item['inputs']['keypoints']) == 2


def test_bad_rigs_and_spaces_are_errors(rig_file):
    known = dict(file=rig_file, camera='up', expected=['left', 'right', 'gate_2'])
    with fails(CalibrationError, code='unknown-camera', **known):
        build(rig_file, cameras=['left', 'up'])
    with fails(CalibrationError, code='no-data', file=rig_file, found=1, expected=2):
        build(rig_file, cameras=['left'])
    far = dict(center_mm=(90_000, 0, 1000), size_mm=(3000, 3000, 2000))
    with fails(CalibrationError, code='no-match', found=0.0):
        build(rig_file, space=far)
    nothing = rig_file.replace('rig.json', 'nothing.json')
    with fails(CalibrationError, code='no-data', file=nothing):
        build(nothing)


class Indices:
    """A dataset of which only the length matters."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length


def ranks(monkeypatch, length, world, epoch):
    """What each process of a run draws in an epoch."""
    drawn = []
    for rank in range(world):
        monkeypatch.setattr(sampler_module, 'get_dist_info', lambda rank=rank: (rank, world))
        sampler = DATA_SAMPLERS.build(
            dict(type='FreshEpochSampler', dataset=Indices(length), seed=5)
        )
        sampler.set_epoch(epoch)
        drawn.append(list(sampler))
        assert len(sampler) == len(drawn[-1])
    return drawn


def test_epochs_never_repeat_an_index():
    sampler = FreshEpochSampler(Indices(7))
    assert list(sampler) == list(range(7))
    assert list(sampler) == list(range(7)), 'the epoch is reported, not counted'
    sampler.set_epoch(3)
    assert list(sampler) == list(range(21, 28))


@pytest.mark.parametrize('epoch', [0, 2])
def test_two_processes_share_an_epoch(monkeypatch, epoch):
    first, second = ranks(monkeypatch, 8, 2, epoch)
    assert not set(first) & set(second)
    assert sorted(first + second) == list(range(8 * epoch, 8 * epoch + 8))


def test_an_uneven_epoch_is_covered_in_as_many_steps_by_all(monkeypatch):
    drawn = ranks(monkeypatch, 7, 3, 1)
    assert {len(indices) for indices in drawn} == {3}
    assert {index for indices in drawn for index in indices} == set(range(7, 14))


def test_reading_ahead_waits_for_a_regular_step():
    ahead = ReadAhead(6)
    assert ahead([0, 1]) == [0, 1]
    assert ahead([4, 5]) == [4, 5]
    assert ahead([8, 9]) == [8, 9, 12, 13, 16, 17]
    assert ahead([12, 13]) == [12, 13, 16, 17, 20, 21]
    assert ahead([40, 41]) == [40, 41]
    assert ahead([68, 70]) == [68, 70], 'the step is not the same for both'
    assert ahead([96]) == [96], 'a shorter batch is no continuation'
    assert ahead([]) == [] == ahead([])


def test_reading_ahead_goes_backwards_but_does_not_stand_still():
    ahead = ReadAhead(3)
    assert [ahead([i]) for i in (9, 8, 7)] == [[9], [8], [7, 6, 5]]
    assert [ahead([i]) for i in (7, 7, 7)] == [[7], [7], [7]]
