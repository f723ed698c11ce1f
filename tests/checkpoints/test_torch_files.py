"""Files of torch.save are read as data, in both layouts, and hostile ones in bounded time."""

import collections
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from errors import fails
from fuzz.samples.checkpoints import content
from hostile_checkpoints import ARCHIVES, FOUR, archive, dumps, evil, save, tensor
from mmengine.logging import HistoryBuffer

from mmpose_ours.checkpoints.torch_files import read_torch_file
from mmpose_ours.checkpoints.torch_values import History
from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited


def assert_same(read, saved):
    if isinstance(saved, torch.Tensor):
        assert torch.equal(read, saved.detach()) and read.dtype == saved.dtype
    elif isinstance(saved, dict):
        assert type(read) is type(saved) and list(read) == list(saved)
        for key in saved:
            assert_same(read[key], saved[key])
    elif isinstance(saved, (list, tuple)):
        assert len(read) == len(saved)
        for one, other in zip(read, saved):
            assert_same(one, other)
    elif isinstance(saved, np.ndarray):
        np.testing.assert_array_equal(read, saved)
    elif isinstance(saved, HistoryBuffer):
        np.testing.assert_array_equal(read.values, saved.data[0])
        np.testing.assert_array_equal(read.counts, saved.data[1])
        assert read.max_length == saved.max_length
    elif isinstance(saved, torch.device):
        assert read == str(saved)
    else:
        assert read == saved and type(read) is type(saved) or isinstance(saved, torch.Size)


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_all_that_a_checkpoint_holds_is_read(legacy, protocol, tmp_path):
    saved = content()
    path = tmp_path / 'a.pth'
    torch.save(saved, path, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    read = read_torch_file(path)
    assert_same(read, saved)
    assert read['state_dict']._metadata['1'] == {'version': 2}
    assert type(read['optimizer']['state'][0]['step']) is torch.Tensor


def test_a_log_of_plain_mmengine_is_read(tmp_path, monkeypatch):
    """Without this package, MMEngine pickles its methods' names along."""
    if '__reduce__' in vars(HistoryBuffer):
        monkeypatch.delattr(HistoryBuffer, '__reduce__')
    for protocol in (2, 4):
        torch.save(HistoryBuffer([1.0, 2.0], [1, 1]), tmp_path / 'a.pth', pickle_protocol=protocol)
        read = read_torch_file(tmp_path / 'a.pth')
        assert isinstance(read, History) and read.values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('force', ['', '1'])
def test_nothing_in_it_is_run(legacy, force, tmp_path, monkeypatch):
    if force:
        monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', force)
    path = evil(tmp_path / 'a.pth', tmp_path / 'canary', legacy)
    with fails(FileFormatError, code='unsafe', file=path) as caught:
        read_torch_file(path)
    assert 'system' in caught.value.found
    assert 'weights_only' not in str(caught.value) and 'add_safe_globals' not in str(caught.value)
    assert not (tmp_path / 'canary').exists()


def test_torchs_unpickler_is_not_used(tmp_path, monkeypatch):
    """With weights_only it ran code before 2.6 and corrupted memory before 2.10."""
    path = save(content(), tmp_path / 'a.pth')

    def refuse(*args, **options):
        raise AssertionError

    monkeypatch.setattr(torch, 'load', refuse)
    monkeypatch.setattr(torch.serialization, 'load', refuse)
    assert read_torch_file(path)['meta']['epoch'] == 1


def test_the_samples_made_by_hand_are_read_where_they_are_right(tmp_path):
    path = archive(tmp_path / 'a.pth', dumps({'a': tensor(4, (2, 2), (2, 1))}), FOUR)
    assert torch.equal(read_torch_file(path)['a'], torch.zeros(2, 2))


@pytest.mark.parametrize('name', ARCHIVES)
def test_hostile_archives_are_refused(name, tmp_path):
    data, members = ARCHIVES[name]
    with pytest.raises(FileFormatError):
        read_torch_file(archive(tmp_path / 'a.pth', data, members))


READ = (
    'import resource, sys\n'
    'from mmpose_ours.errors import FileFormatError\n'
    'from mmpose_ours.checkpoints.torch_files import read_torch_file\n'
    'from pathlib import Path\n'
    'used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()\n'
    'resource.setrlimit(resource.RLIMIT_AS, (used + 500_000_000,) * 2)\n'
    'resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n'
    'for path in sys.argv[1:]:\n'
    '    try:\n'
    '        read_torch_file(path)\n'
    '        print("read", path)\n'
    '    except FileFormatError:\n'
    '        print("refused")\n'
)


def test_hostile_archives_take_neither_memory_nor_time(tmp_path):
    paths = [
        archive(tmp_path / f'{number}.pth', data, members)
        for number, (data, members) in enumerate(ARCHIVES.values())
    ]
    ten_gb = tmp_path / 'zeros.pth'
    with zipfile.ZipFile(ten_gb, 'w', zipfile.ZIP_DEFLATED) as file:
        with file.open('archive/data.pkl', 'w', force_zip64=True) as member:
            for _ in range(100):  # claimed below to be more
                member.write(bytes(10**6))
        file.writestr('archive/data/0', b'')
    paths.append(ten_gb)
    claim = archive(tmp_path / 'claim.pth', dumps(tensor(2**28, (2**28,), (1,))), FOUR)
    content = claim.read_bytes()
    # The directory says that a member has 1 GB: both of its sizes.
    claim.write_bytes(
        content.replace((16).to_bytes(4, 'little') * 2, (2**30).to_bytes(4, 'little') * 2)
    )
    paths.append(claim)
    legacy = save({'a': torch.zeros(4)}, tmp_path / 'legacy.pth', legacy=True)
    content = legacy.read_bytes()
    assert b'K\x04N' in content
    legacy.write_bytes(content.replace(b'K\x04N', b'J\x00\x00\x00\x7fN'))
    paths.append(legacy)
    done = subprocess.run(
        [sys.executable, '-c', READ, *map(str, paths)],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ['refused'] * len(paths)


def test_members_that_overlap_do_not_multiply(tmp_path):
    """A thousand members of one place in the file, each a storage of its own."""
    count = 200_000
    parts = [tensor(count, (count,), (1,), key=str(number)) for number in range(100)]
    path = archive(tmp_path / 'a.pth', dumps(parts), [('data/0', bytes(4 * count))])
    with zipfile.ZipFile(path, 'a') as file:
        first = file.getinfo('archive/data/0')
        for number in range(1, 100):
            twin = zipfile.ZipInfo(f'archive/data/{number}')
            for field in ('file_size', 'compress_size', 'CRC', 'header_offset'):
                setattr(twin, field, getattr(first, field))
            file.filelist.append(twin)
            file.NameToInfo[twin.filename] = twin
        file._didModify = True
    with pytest.raises(FileFormatError):
        read_torch_file(path)


def test_a_tensor_that_stands_many_times_is_no_bomb(tmp_path):
    numbers = torch.zeros(1000)
    save([numbers.view(1000) for _ in range(3)], tmp_path / 'few.pth')
    assert len(read_torch_file(tmp_path / 'few.pth')) == 3
    save([numbers.view(1000) for _ in range(3000)], tmp_path / 'many.pth')
    with pytest.raises(FileFormatError):
        read_torch_file(tmp_path / 'many.pth')


def test_bytes_of_truth_values_are_zero_or_one(tmp_path):
    pickled = dumps(tensor(16, (16,), (1,), kind='BoolStorage'))
    path = archive(tmp_path / 'a.pth', pickled, [('data/0', bytes(range(16)))])
    read = read_torch_file(path)
    assert read.to(torch.uint8).sum() == 15


@pytest.mark.parametrize('legacy', [False, True])
def test_damaged_numbers_are_noticed(legacy, tmp_path):
    path = save({'a': torch.arange(1000.0)}, tmp_path / 'a.pth', legacy)
    content = bytearray(path.read_bytes())
    for cut in (len(content) // 2, len(content) - 1, 3):
        path.write_bytes(content[:cut])
        with pytest.raises(FileFormatError):
            read_torch_file(path)
    if not legacy:  # whose layout has no checksums
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(FileFormatError):
            read_torch_file(path)


def test_a_member_that_is_not_in_the_file(tmp_path):
    """Its place is before the file's beginning, which the system refuses to go to."""
    path = archive(tmp_path / 'a.pth', dumps({'a': 1}))
    content = bytearray(path.read_bytes())
    end = content.rindex(b'PK\x05\x06')
    start = int.from_bytes(content[end + 16 : end + 20], 'little')
    content[end + 16 : end + 20] = (start + 1000).to_bytes(4, 'little')
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        read_torch_file(path)


def test_limits(tmp_path):
    path = save({'a': torch.zeros(100), 'b': [[[1.0] * 100]]}, tmp_path / 'a.pth')
    for limit, value in dict(checkpoint_bytes=400, depth=2, checkpoint_operations=50).items():
        with limited(**{limit: value}), pytest.raises(LimitError) as caught:
            read_torch_file(path)
        assert caught.value.limit == limit and Path(caught.value.file) == path


def test_other_files_are_refused(tmp_path):
    model = torch.nn.Linear(2, 2)
    torch.save(model, tmp_path / 'whole_model.pth')
    torch.save(model, tmp_path / 'legacy_model.pth', _use_new_zipfile_serialization=False)
    torch.jit.script(model).save(tmp_path / 'script.pth')
    (tmp_path / 'noise.pth').write_bytes(bytes(range(256)) * 10)
    with zipfile.ZipFile(tmp_path / 'zip.pth', 'w') as file:
        file.writestr('a.txt', 'text')
    for path in tmp_path.iterdir():
        with pytest.raises(FileFormatError):
            read_torch_file(path)


def test_ordered_dictionaries_of_python_2_are_read(tmp_path):
    from hostile_checkpoints import Call

    pickled = dumps(Call('collections', 'OrderedDict', [['a', 1], ['b', 2]]))
    read = read_torch_file(archive(tmp_path / 'a.pth', pickled))
    assert read == collections.OrderedDict(a=1, b=2)


def test_a_list_of_millions_of_members_is_not_taken(tmp_path):
    path = archive(tmp_path / 'a.pth', dumps({}))
    content = path.read_bytes()
    end = bytearray(content[-22:])
    at, size = struct.unpack_from('<I', end, 16)[0], 17 << 20
    struct.pack_into('<I', end, 12, size)
    path.write_bytes(content[:at] + bytes(size) + end)
    with pytest.raises(FileFormatError) as refused:
        read_torch_file(path)
    assert str(size) in refused.value.found
