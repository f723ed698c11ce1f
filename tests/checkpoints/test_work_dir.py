"""Which checkpoint a training goes on from, and that none is lost while another is written."""

import errno
import os
import pickle

import pytest
import torch
from errors import fails
from hostile_checkpoints import evil
from in_process import runner

from mmpose_ours.checkpoints.loading import CheckpointError
from mmpose_ours.checkpoints.reading import check_resumable
from mmpose_ours.checkpoints.work_dir import latest_whole, read_checkpoint
from mmpose_ours.errors import FileFormatError
from mmpose_ours.text import arguments_as_options


def save(folder, name, steps, **more):
    path = folder / name
    meta = dict(epoch=steps // 10, iter=steps)
    torch.save(dict(meta=meta, state_dict={'w': torch.arange(1000.0)}, optimizer={}, **more), path)
    return path


def cut(path):
    path.write_bytes(path.read_bytes()[:-700])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b'')


@pytest.mark.parametrize('damage', [cut, flip_a_bit, empty, os.unlink])
def test_a_damaged_last_checkpoint_is_passed_over(damage, tmp_path):
    # The furthest one by what it holds: neither names nor times of copies tell.
    best = save(tmp_path, 'epoch_2.pth', 20)
    last = save(tmp_path, 'epoch_10.pth', 100)
    save(tmp_path, 'epoch_1.pth', 10)
    torch.save(dict(meta=dict(epoch=9, iter=90), state_dict={}), tmp_path / 'best_AP.pth')
    (tmp_path / 'last_checkpoint').write_text(str(last))
    assert latest_whole(tmp_path) == str(last)
    damage(last)
    assert latest_whole(tmp_path) == str(best)


def test_a_last_checkpoint_that_names_nothing(tmp_path):
    one = save(tmp_path, 'epoch_1.pth', 10)
    for name in (
        b'epoch_1.pth\0',
        b'a' * 5000,
        b'a/' * 100_000,
        b'a' * 300 + b'/epoch_2.pth',
        b'.',
    ):
        (tmp_path / 'last_checkpoint').write_bytes(name)
        assert latest_whole(tmp_path) == str(one)
    (tmp_path / 'last_checkpoint').write_text('')  # killed while it was written
    assert latest_whole(tmp_path) == str(one)
    (tmp_path / 'last_checkpoint').unlink()
    assert latest_whole(tmp_path) == str(one)


def test_a_work_directory_that_was_moved(tmp_path):
    one = save(tmp_path, 'epoch_1.pth', 10)
    (tmp_path / 'last_checkpoint').write_text('/gone/work_dirs/a/epoch_1.pth')
    assert latest_whole(tmp_path) == str(one)


def test_nothing_there_is_a_beginning_and_nothing_whole_an_error(tmp_path):
    assert latest_whole(tmp_path) is None
    cut(save(tmp_path, 'epoch_1.pth', 10))
    with fails(FileFormatError, code='damaged', file=tmp_path) as caught:
        latest_whole(tmp_path)
    # One process finds it out and sends it to the others.
    assert vars(pickle.loads(pickle.dumps(caught.value))) == vars(caught.value)


def test_a_damaged_file_is_named(tmp_path):
    cut(save(tmp_path, 'mine.pth', 10))
    # The wording: how to go on is spelt as the caller gives it.
    with fails(FileFormatError, code='damaged', file=tmp_path / 'mine.pth') as caught:
        read_checkpoint(tmp_path / 'mine.pth')
    assert '; to go on with a training, resume=True without a name' in str(caught.value)
    with arguments_as_options(), fails(FileFormatError) as caught:
        read_checkpoint(tmp_path / 'mine.pth')
    assert '; to go on with a training, --resume without a name' in str(caught.value)


def test_weights_alone_cannot_be_resumed_from():
    given = dict(code='missing-value', file='a.pth', found=['meta', 'state_dict'])
    with fails(FileFormatError, **given, expected=['meta', 'optimizer', 'state_dict']):
        check_resumable(dict(state_dict={}, meta=dict(epoch=1, iter=1)), 'a.pth')


def test_the_oldest_goes_after_the_newest_has_come(tmp_path, monkeypatch):
    """With one to keep, MMEngine removes it and then writes the next."""
    stock, seen = os.fsync, []

    def fsync(handle):
        seen.append(sorted(path.name for path in tmp_path.glob('epoch_*.pth')))
        stock(handle)

    monkeypatch.setattr(os, 'fsync', fsync)
    (tmp_path / '.epoch_7.pth.k1ll3d').touch()
    runner(tmp_path, default_hooks__checkpoint__max_keep_ckpts=1).train()
    assert seen == [[], ['epoch_1.pth']]
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['epoch_2.pth']
    assert not list(tmp_path.glob('.epoch*'))


def test_no_room_for_one_checkpoint(tmp_path, monkeypatch):
    calls = []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', fsync)
    runner(tmp_path).train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['epoch_2.pth']
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'NO CHECKPOINT' in log and 'epoch_1.pth' in log and 'make room' in log


def test_another_fault_of_the_disk_is_an_error(tmp_path, monkeypatch):
    def fsync(handle):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, 'fsync', fsync)
    with pytest.raises(OSError, match='epoch_1.pth'):  # without our fields
        runner(tmp_path).train()


@pytest.mark.slow
def test_a_run_takes_all_weights_or_none(tmp_path, monkeypatch):
    """Trained, resumed and tested; then with weights that are not of the model, or are code."""
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    runner(tmp_path, train_cfg__max_epochs=1).train()
    resumed = runner(tmp_path, resume=True)
    resumed.train()
    assert resumed.iter == 4 and (tmp_path / 'epoch_2.pth').is_file()
    assert runner(tmp_path / 'test', load_from=str(tmp_path / 'epoch_2.pth')).test()

    checkpoint = read_checkpoint(tmp_path / 'epoch_2.pth')
    state = checkpoint['state_dict']
    gone = next(key for key in state if key.endswith('weight'))
    del state[gone]
    part = tmp_path / 'part.pth'
    torch.save(checkpoint, part)
    for changes in (dict(), dict(resume=True)):
        run = runner(tmp_path / 'part', load_from=str(part), **changes)
        with pytest.raises(CheckpointError) as caught:
            run.train() if changes else run.test()
        assert caught.value.missing == [gone] and caught.value.file == str(part)
    # A training may begin with a part of them, but not with nothing of the model.
    begun = runner(tmp_path / 'begun', load_from=str(part), train_cfg__max_epochs=1)
    begun.train()
    torch.save(dict(state_dict={'other': torch.ones(1)}), part)
    with pytest.raises(CheckpointError):
        runner(tmp_path / 'other', load_from=str(part)).train()
    torch.save(dict(state_dict=begun.model.state_dict()), part)
    with pytest.raises(FileFormatError):
        runner(tmp_path / 'weights', load_from=str(part), resume=True).train()

    evil(part, tmp_path / 'canary')
    for changes in (dict(), dict(resume=True)):
        with pytest.raises(FileFormatError):
            runner(tmp_path / 'evil', load_from=str(part), **changes).train()
    checkpoint = read_checkpoint(tmp_path / 'epoch_2.pth')
    checkpoint['meta']['config'] = f'import os\nos.system("touch {tmp_path / "canary"}")'
    torch.save(checkpoint, part)
    runner(tmp_path / 'config', load_from=str(part), resume=True, train_cfg__max_epochs=3).train()
    assert not (tmp_path / 'canary').exists()
