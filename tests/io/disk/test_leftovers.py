"""What a killed run leaves is removed by the next one, and nothing else is."""

import os
import subprocess
import sys
import time

import pytest

from mmpose_ours.io.disk import leftovers
from mmpose_ours.io.disk.files import whole_path, write_files_whole, write_json, write_whole
from mmpose_ours.io.disk.leftovers import folder_beside

KILLED = """
import os, sys
from pathlib import Path
from mmpose_ours.io.disk.files import whole_path
from mmpose_ours.io.disk.leftovers import folder_beside
with whole_path(sys.argv[1]) as file, folder_beside(Path(sys.argv[1])) as folder:
    (folder / 'a').write_text('half')
    os._exit(9)
"""


@pytest.fixture(autouse=True)
def nothing_looked_at(monkeypatch):
    monkeypatch.setattr(leftovers, '_clean', set())


def kill_while_writing(path):
    command = [sys.executable, '-c', KILLED, str(path)]
    assert subprocess.run(command).returncode == 9


@pytest.mark.parametrize(
    'write',
    [
        lambda path: write_json(path, 1),
        lambda path: write_files_whole(path.parent, {path.name: '1\n'}),
    ],
)
def test_the_next_writer_removes_what_a_killed_one_left(tmp_path, write):
    path = tmp_path / 'people.json'
    kill_while_writing(path)
    assert len(list(tmp_path.iterdir())) == 2
    write(path)
    assert [p.name for p in tmp_path.iterdir()] == ['people.json']


def test_what_is_being_written_stays(tmp_path):
    with whole_path(tmp_path / 'a.json') as ours:
        leftovers.remove_leftovers(tmp_path)
        assert ours.exists()
        ours.write_text('1')
    assert (tmp_path / 'a.json').read_text() == '1'


@pytest.mark.parametrize(
    'name',
    [
        'people.json.{pid}-{system}-abcdefgh.tmp',  # no hidden file
        '.people.json.{pid}-{system}-abcdefgh',
        '.people.json.{pid}-000000000000-abcdefgh.tmp',  # of another machine or container
        '.people.json.{alive}-{system}-abcdefgh.tmp',
        '.people.json.{pid}-{system}-ab cd.tmp',
        '.people.json.99999999999999999999-{system}-abcdefgh.tmp',
        '.people.json.abcdefgh',
        '.keypoints_2d.json.partial',
    ],
)
def test_other_files_stay(tmp_path, name):
    dead = subprocess.Popen([sys.executable, '-c', ''])
    dead.wait()
    words = {'pid': dead.pid, 'alive': os.getpid(), 'system': leftovers._system()}
    path = tmp_path / name.format(**words)
    path.write_text('')
    leftovers.remove_leftovers(tmp_path)
    assert path.exists()
    gone = tmp_path / '.people.json.{pid}-{system}-abcdefgh.tmp.mp4'.format(**words)
    gone.write_text('')
    leftovers.remove_leftovers(tmp_path)
    assert not gone.exists()


def test_what_comes_from_another_machine_goes_when_it_is_old(tmp_path):
    path = tmp_path / '.people.json.1-000000000000-abcdefgh.tmp'
    path.write_text('')
    old = time.time() - leftovers.OLD_S
    os.utime(path, (old + 60, old + 60))
    leftovers.remove_leftovers(tmp_path)
    assert path.exists()
    os.utime(path, (old - 60, old - 60))
    leftovers.remove_leftovers(tmp_path)
    assert not path.exists()


def test_a_link_is_removed_and_not_followed(tmp_path):
    (tmp_path / 'kept').mkdir()
    (tmp_path / 'kept' / 'file').write_text('')
    link = tmp_path / '.a.1-000000000000-abcdefgh.tmp'
    link.symlink_to(tmp_path / 'kept', target_is_directory=True)
    os.utime(link, (0, 0), follow_symlinks=False)
    leftovers.remove_leftovers(tmp_path)
    assert not link.is_symlink() and (tmp_path / 'kept' / 'file').exists()


@pytest.mark.parametrize('name', ['a' * 250 + '.json', 'ä' * 120 + '.json'])
def test_long_names_leave_room_for_the_temporary_one(tmp_path, name):
    with write_whole(tmp_path / name) as file:
        file.write('x')
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_folder_of_many_files_is_looked_through_once(tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(leftovers, 'remove_leftovers', looked.append)
    for number in range(5):
        write_json(tmp_path / f'{number}.json', number)
    assert looked == [tmp_path]


def test_a_folder_beside_a_target_lasts_for_the_block(tmp_path):
    with folder_beside(tmp_path / 'out') as folder:
        assert folder.parent == tmp_path and folder.is_dir()
    assert not folder.exists()
