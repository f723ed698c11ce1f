"""No name of a folder, a camera or a file runs when MMEngine reads a config."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'cli'))
from errors import fails
from test_init import rig_of

from mmpose_ours.calibration import fit_space, write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.engine.config_files import read_config
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io import config_checks, programs
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.config_checks import ConfigPathError, check_config_path, warn_of_config
from mmpose_ours.workflows.rig_folder import PRIOR_CONFIG, RIG_FILE, config_text
from mmpose_ours.workflows.train_rig.configs import test_config as config_of_a_test
from mmpose_ours.workflows.train_rig.configs import training_config, using_config
from mmpose_ours.workflows.train_rig.job import Site

CANARY = 'canary_of_the_test'
CODE = f'open("{CANARY}","w")'
NAMES = {
    'quote': f"a'+str({CODE})+'b",
    'double quote': f'a"+str({CODE.replace(chr(34), chr(39))})+"b',
    'line break': f"a'\n{CODE}\n'b",
    'end of a comment': f'a\n{CODE}\n#',
    'other line breaks': f'a\r{CODE}\x0c\x85\u2028{CODE}\u2029',
    'backslash': 'a\\',
    'backslash and quote': f"a\\'+str({CODE})+'b",
    'expression': '{' + CODE + '}',
    'own folder': '{{ fileDirname }}',
    'own name': '{{fileBasename}}{{ fileExtname }}',
    'base': '{{ _base_.model }}{{_base_.load_from}}',
    'variable': '{{$HOME:x}}',
    'variable in quotes': "{{'$NOT_SET_HERE:'+" + CODE + "+'}}",
    'triple quote': "'''",
    'shell': '$(touch x)`touch x`',
    'no UTF-8': os.fsdecode(b'\xff\xfe'),
    'long': 'x' * 200,
    'letters': '日本 語',
    'option': '-x',
    'blanks': 'GoPro Hero 9 nr 1',
    'control': '\x1b[2J\x07\t',
}

READ = """
import json, sys
from mmengine.config import Config
for path in json.load(open(sys.argv[1])):
    config = Config.fromfile(path)
    print(json.dumps(config.to_dict()))
"""


def read_in_a_process(tmp_path, paths):
    """The configs as stock MMEngine has them."""
    (tmp_path / 'paths.json').write_text(json.dumps([str(path) for path in paths]))
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', READ, str(tmp_path / 'paths.json')],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert not list(tmp_path.rglob(CANARY))
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]


def test_folders_of_any_name(tmp_path):
    rig = rig_of([f'GoPro Hero 9 nr {i}' for i in range(1, 6)])
    space = fit_space(rig)
    paths = []
    for name in NAMES.values():
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / PRIOR_CONFIG)
        paths[-1].write_text(config_text(tmp_path / name, rig, space), 'utf-8')
    # Moved as a whole, a folder takes its config along.
    (tmp_path / 'moved').mkdir()
    paths[0].rename(tmp_path / 'moved' / paths[0].name)
    paths[0] = tmp_path / 'moved' / paths[0].name
    for path, config in zip(paths, read_in_a_process(tmp_path, paths), strict=True):
        data = config['test_dataloader']['dataset']
        assert data['data_root'] == str(path.parent)
        assert data['cameras'] == list(rig.names) and data['rig_file'] == RIG_FILE
        assert data['space']['center_mm'] == pytest.approx(space.center_mm, rel=1e-4)


def test_cameras_of_any_name(tmp_path):
    names = [name for name in NAMES.values() if name.isprintable() and '\\' not in name]
    rig = rig_of(names)
    path = tmp_path / 'config.py'
    path.write_text(config_text(tmp_path, rig, fit_space(rig)), 'utf-8')
    (config,) = read_in_a_process(tmp_path, [path])
    assert config['train_dataloader']['dataset']['cameras'] == names


def test_what_train_rig_writes(tmp_path):
    rig = rig_of(['a', 'b', "c'd {{ fileDirname }}"])
    space = fit_space(rig)
    paths, expected = [], []
    for name in NAMES.values():
        folder = tmp_path / name
        write_rig(rig, folder / RIG_FILE, 'panoptic')
        site = Site(folder, folder / 'work', keypoints=folder / 'keypoints.json')
        faults = str(folder / 'detector.json')
        written = {
            'trained.py': training_config(site, space, faults, 2, 640),
            'triangulation.py': using_config(site, space, 'triangulation'),
            'test/t.py': config_of_a_test('trained', site.keypoints, folder / 'o', folder / 't'),
        }
        for file, text in written.items():
            (folder / 'work' / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / 'work' / file).write_text(text, 'utf-8')
            paths.append(folder / 'work' / file)
            expected.append(folder)
    read = read_in_a_process(tmp_path, paths)
    for path, folder, config in zip(paths, expected, read, strict=True):
        data = config['test_dataloader']['dataset']
        assert data['data_root'] == str(folder) and data['cameras'] == list(rig.names)
        assert data['keypoint_file'] == str(folder / 'keypoints.json')
        assert data['space']['size_mm'] == list(space.size_mm)
        if path.name == 'trained.py':
            made = config['train_dataloader']['dataset']
            assert made['faults'] == str(folder / 'detector.json')
        if path.name == 't.py':
            assert config['test_evaluator']['out_file'] == str(folder / 'o')
            assert data['truth_file'] == str(folder / 't')


OWN_FOLDER = "_base_ = []\nroot = '{{ fileDirname }}'\n"


@pytest.mark.parametrize('name', ['quote', 'line break', 'backslash', 'own folder', 'no UTF-8'])
def test_a_config_that_pastes_its_path_is_refused_in_such_a_folder(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / NAMES[name]
    folder.mkdir()
    (folder / 'old.py').write_text(OWN_FOLDER)
    # In a base too.
    (tmp_path / 'new.py').write_text(f'_base_ = [{str(folder / "old.py")!r}]\n')
    for path in (folder / 'old.py', tmp_path / 'new.py'):
        with fails(ConfigPathError, code='unsafe', found='{{ fileDirname }}'):
            read_config(path)
    assert not list(tmp_path.rglob(CANARY))


def test_the_stock_scripts_do_not_see_such_a_config(tmp_path):
    folder = tmp_path / NAMES['quote']
    folder.mkdir()
    (folder / 'old.py').write_text(OWN_FOLDER)
    tool = os.path.join(os.path.dirname(__file__), '..', '..', 'tools', 'train.py')
    done = subprocess.run(
        [sys.executable, tool, str(folder / 'old.py')], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stderr.startswith('train.py: error: ')
    assert not list(tmp_path.rglob(CANARY))


def test_it_is_read_where_the_path_stays_text(tmp_path):
    path = tmp_path / 'ordinary name.py'
    path.write_text(OWN_FOLDER)
    assert read_config(path).root == str(tmp_path)
    check_config_path(tmp_path / 'absent.py')


@pytest.mark.parametrize('text', ['a = (', 'a = 1 / 0', 'raise SystemError()', '\0'])
def test_a_broken_config_is_a_file_error(tmp_path, text):
    path = tmp_path / 'broken.py'
    path.write_text(text)
    with fails(FileFormatError, code='file-format', file=path):
        read_config(path)


def test_init_in_a_folder_of_any_name(tmp_path, capsys):
    """Whatever the folder is called, what init prints and writes can be pasted into a shell."""
    write_rig(rig_of(['a', 'b', 'c']), tmp_path / 'rig.json', 'campus')
    folder = tmp_path / (NAMES['quote'] + NAMES['control'] + NAMES['no UTF-8'])
    assert cli.main(['init', str(folder), '--rig', str(tmp_path / 'rig.json')]) == 0
    out = capsys.readouterr().out
    readme = (folder / 'README.txt').read_text('utf-8')
    for text in (out, readme):
        (command,) = [line for line in text.splitlines() if 'train-rig' in line]
        words = subprocess.run(
            ['bash', '-c', f'printf "%s\\0" {textwrap.dedent(command)}'], stdout=subprocess.PIPE
        )
        assert os.fsdecode(words.stdout).split('\0')[2] == str(folder)
    assert (folder / 'rig.png').stat().st_size > 1000


def test_predict_says_that_a_config_from_elsewhere_is_a_program(tmp_path, capsys):
    (tmp_path / 'c.py').write_text('raise SystemError')
    words = ['predict', '--rig', 'absent.json', '--keypoints', 'absent.json', '--out', 'absent']
    assert cli.main([*words, '--config', str(tmp_path / 'c.py')]) == programs.BAD_INPUT
    noted = capsys.readouterr().err.splitlines()
    assert str(tmp_path / 'c.py') in noted[0]


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(config_checks, '_warned', set())


def test_a_config_from_elsewhere_is_named_once(tmp_path, capsys):
    file = tmp_path / 'a\x1b[31m.py'
    file.write_text('a = 1')
    for _ in range(2):
        warn_of_config(file)
    said = capsys.readouterr().err
    assert said.count('\n') == 1 and str(tmp_path) in said and '\x1b' not in said


def test_configs_of_the_package_are_not_warned_of(capsys, tmp_path):
    warn_of_config(paths.share('configs') / 'ours' / 'keypoint_prior_ours.py')
    warn_of_config(tmp_path / 'not_there.py')
    assert capsys.readouterr().err == ''
