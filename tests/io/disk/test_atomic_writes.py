"""Files come whole or not at all, and what is read stays data."""

import collections
import errno
import os
import pickle
import stat

import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.disk.files import (
    explain_os_error,
    is_writable,
    whole_path,
    write_files_whole,
    write_json,
    write_whole,
)
from mmpose_ours.io.disk.links import LinkError
from mmpose_ours.io.disk.locks import hold
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.parsers.pickles import read_pickle


class Caller:
    """Pickles into a call of any function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_code_is_refused_and_not_run(tmp_path, protocol):
    trace = tmp_path / 'trace'
    path = tmp_path / 'evil.pkl'
    path.write_bytes(pickle.dumps({'a': [Caller(os.system, f'touch {trace}')]}, protocol))
    with fails(FileFormatError, code='unsafe', file=path, found=f'{os.system.__module__}.system'):
        read_pickle(path)
    assert not trace.exists()
    # Else the test would prove nothing:
    pickle.loads(path.read_bytes())
    assert trace.exists()


@pytest.mark.parametrize(
    'function',
    [eval, exec, getattr, __import__, open, np.load, np.fromfile, os.getcwd, pickle.loads],
    ids=lambda function: function.__name__,
)
def test_other_calls_are_refused_as_well(tmp_path, function):
    path = tmp_path / 'evil.pkl'
    path.write_bytes(pickle.dumps(Caller(function, 'x')))
    with fails(FileFormatError, code='unsafe', file=path) as caught:
        read_pickle(path)
    assert caught.value.found.endswith(f'.{function.__name__}')


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_are_read(tmp_path, protocol):
    data = {
        'poses': [{'pose': np.arange(6.0).reshape(2, 3), 'vis': np.ones((2, 3), bool)}],
        'int': np.arange(3),
        'scalar': np.float32(1.5),
        'rest': (1, 'text', None, {2, 3}, collections.OrderedDict(a=1), b'bytes'),
    }
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(data, protocol))
    got = read_pickle(path)
    np.testing.assert_array_equal(got['poses'][0]['pose'], data['poses'][0]['pose'])
    assert got['poses'][0]['vis'].dtype == bool
    assert got['scalar'] == 1.5 and got['rest'] == data['rest']


def test_pickle_of_python_2_is_read(tmp_path):
    # pickle.dumps({'a': numpy.array([1.0, 2.0])}, 2) of Python 2.7: names as bytes
    text = (
        b'\x80\x02}q\x00U\x01aq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\n'
        b'q\x03K\x00\x85U\x01b\x87Rq\x04(K\x01K\x02\x85cnumpy\ndtype\nq\x05U\x02f8K\x00K\x01\x87R'
        b'q\x06(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10\x00\x00\x00\x00'
        b'\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@tbs.'
    )
    (tmp_path / 'old.pkl').write_bytes(text)
    np.testing.assert_array_equal(read_pickle(tmp_path / 'old.pkl')['a'], [1.0, 2.0])


@pytest.mark.parametrize('junk', [b'', b'hello', b'\x80\x04', pickle.dumps(list(range(99)))[:-9]])
def test_broken_pickles_are_named(tmp_path, junk):
    (tmp_path / 'broken.pkl').write_bytes(junk)
    with fails(FileFormatError, code='damaged', file=tmp_path / 'broken.pkl'):
        read_pickle(tmp_path / 'broken.pkl')


def test_json_errors_name_file_and_place(tmp_path):
    (tmp_path / 'broken.json').write_text('{"a": [1, 2,]}')
    with fails(FileFormatError, code='file-format', file=tmp_path / 'broken.json') as caught:
        read_json(tmp_path / 'broken.json')
    assert 'line 1 column' in str(caught.value), 'the place in the file is no field'
    (tmp_path / 'marked.json').write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / 'marked.json') == {'a': 1}, 'a byte order mark is no error'


@pytest.mark.parametrize(
    ('text', 'key'), [('{"a": 1, "b": 2, "a": 1}', 'a'), ('[{"deep": {"x": {}, "x": 3}}]', 'x')]
)
def test_a_repeated_key_is_an_error(tmp_path, text, key):
    (tmp_path / 'twice.json').write_text(text)
    with fails(FileFormatError, code='duplicate', file=tmp_path / 'twice.json', found=key):
        read_json(tmp_path / 'twice.json')


def test_binary_data_is_no_json(tmp_path):
    (tmp_path / 'a.mat').write_bytes(b'MATLAB 5.0\xff\xfe\x00')
    with fails(FileFormatError, code='file-format', file=tmp_path / 'a.mat', expected='UTF-8 text'):
        read_json(tmp_path / 'a.mat')


def test_os_errors_say_path_reason_and_next_step(tmp_path):
    def sentence_of(path):
        with pytest.raises(OSError) as caught:
            write_json(path, [1])
        return explain_os_error(caught.value)

    (tmp_path / 'file').write_text('')
    assert sentence_of(tmp_path) == f'{tmp_path}: is a directory; name a file in that folder'
    beside = tmp_path / 'file' / 'a.json'
    assert sentence_of(beside).startswith(f'{beside}: ')
    assert sentence_of(beside).endswith('; choose another folder, a file stands where one is due')
    assert [path.name for path in tmp_path.iterdir()] == ['file']
    with pytest.raises(OSError) as caught:
        open(tmp_path / 'absent')
    assert explain_os_error(caught.value).endswith('no such file or directory; correct the path')
    assert explain_os_error(FileNotFoundError('said already')) == 'said already'


def test_json_round_trip_keeps_every_bit(tmp_path):
    values = np.random.default_rng(0).normal(size=100).tolist()
    write_json(tmp_path / 'new' / 'deep' / 'a.json', values)
    assert read_json(tmp_path / 'new' / 'deep' / 'a.json') == values


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path):
    write_json(tmp_path / 'a.json', [1])
    with fails(InputError, code='not-finite', file=tmp_path / 'a.json'):
        write_json(tmp_path / 'a.json', [float('nan')])
    assert read_json(tmp_path / 'a.json') == [1]
    assert [path.name for path in tmp_path.iterdir()] == ['a.json']


@pytest.mark.parametrize('error', [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize('old', [None, 'before'])
def test_failure_leaves_no_half_file(tmp_path, old, error):
    path = tmp_path / 'a.txt'
    if old:
        path.write_text(old)
    with pytest.raises(error):
        with write_whole(path) as file:
            file.write('half')
            raise error
    assert [p.name for p in tmp_path.iterdir()] == (['a.txt'] if old else [])
    assert not old or path.read_text() == old


def test_the_file_appears_only_when_complete(tmp_path):
    path = tmp_path / 'a.bin'
    with write_whole(path, 'wb') as file:
        file.write(b'\x00\xff')
        assert not path.exists()
    assert path.read_bytes() == b'\x00\xff'


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no umask')
def test_files_are_as_readable_as_others(tmp_path):
    with write_whole(tmp_path / 'ours') as file:
        file.write('')
    (tmp_path / 'plain').write_text('')
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ('ours', 'plain')}
    assert len(modes) == 1


def test_files_are_written_together_as_text_or_bytes(tmp_path):
    write_files_whole(tmp_path / 'new', {'a.txt': 'ä\n', 'b.bin': b'\x00\xff'})
    assert (tmp_path / 'new' / 'a.txt').read_bytes() == 'ä\n'.encode()
    assert (tmp_path / 'new' / 'b.bin').read_bytes() == b'\x00\xff'
    assert len(list((tmp_path / 'new').iterdir())) == 2


def test_one_that_cannot_be_written_changes_none(tmp_path):
    (tmp_path / 'b').mkdir()
    (tmp_path / 'a').write_text('before')
    with pytest.raises(IsADirectoryError):
        write_files_whole(tmp_path, {'a': 'after', 'b': 'is a folder'})
    assert (tmp_path / 'a').read_text() == 'before'
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a', 'b']


def test_more_files_than_may_be_open(tmp_path):
    resource = pytest.importorskip('resource', reason='Windows has no such limit')
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 20, hard))
    try:
        write_files_whole(tmp_path, {str(i): 'x' for i in range(300)})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(list(tmp_path.iterdir())) == 300


def test_who_writes_by_path_gets_one_of_the_ending_and_leaves_all_or_nothing(tmp_path):
    path = tmp_path / 'new' / 'cam0.mp4'
    with whole_path(path, '.mp4') as temporary:
        assert temporary.suffix == '.mp4' and temporary.name.startswith('.cam0.mp4.')
        temporary.write_bytes(b'whole')
        assert not path.exists()
    assert path.read_bytes() == b'whole' and [path] == list(path.parent.iterdir())
    with pytest.raises(KeyError), whole_path(path, '.mp4') as temporary:
        temporary.write_bytes(b'half')
        raise KeyError
    assert path.read_bytes() == b'whole' and [path] == list(path.parent.iterdir())


def test_a_full_disk_names_the_file_that_was_to_be_written(tmp_path):
    # The reason that the system gives is kept.
    with pytest.raises(OSError, match='No space') as refused, write_whole(tmp_path / 'a.json'):
        raise OSError(errno.ENOSPC, 'No space left on device')
    assert refused.value.filename == str(tmp_path / 'a.json')


def test_links_that_lead_to_each_other_are_named(tmp_path):
    one, two = tmp_path / 'one.json', tmp_path / 'two.json'
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(OSError) as caught, write_whole(one):
        pass
    assert caught.value.errno == errno.ELOOP and caught.value.filename == str(one)
    assert sorted(p.name for p in tmp_path.iterdir()) == ['one.json', 'two.json']


@pytest.mark.parametrize('there', [True, False], ids=['over a file', 'as a new file'])
@pytest.mark.parametrize('aim', ['{}/private', '../elsewhere/private'])
def test_nothing_is_written_behind_a_link_out_of_the_folder(tmp_path, there, aim):
    private = tmp_path / 'elsewhere' / 'private'
    private.parent.mkdir()
    if there:
        private.write_text('kept')
    link = tmp_path / 'sent' / 'README.txt'
    link.parent.mkdir()
    link.symlink_to(aim.format(private.parent))
    for write in (
        lambda: write_json(link, {'a': 1}),
        lambda: write_files_whole(link.parent, {link.name: 'x'}),
        lambda: hold(link, 'file').close(),
    ):
        with pytest.raises(LinkError) as caught:
            write()
        assert caught.value.filename == str(link) and str(private) in str(caught.value)
    assert not is_writable(link)
    assert link.is_symlink() and [p.name for p in link.parent.iterdir()] == [link.name]
    assert private.read_text() == 'kept' if there else not private.exists()
    assert [p.name for p in private.parent.iterdir()] == ['private'] * there


@pytest.mark.parametrize('aim', ['real.json', 'deeper/real.json'])
def test_a_link_within_its_folder_is_followed(tmp_path, aim):
    (tmp_path / 'deeper').mkdir()
    # The folder itself may be behind a link.
    (tmp_path / 'way').symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / 'link.json').symlink_to(aim)
    write_json(tmp_path / 'way' / 'link.json', [1])
    assert (tmp_path / 'link.json').is_symlink() and read_json(tmp_path / aim) == [1]
