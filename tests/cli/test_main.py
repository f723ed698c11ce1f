import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
from errors import fails

from mmpose_ours import __version__
from mmpose_ours.calibration import CalibrationError
from mmpose_ours.cli import main as cli
from mmpose_ours.errors import InputError
from mmpose_ours.io import package_files as paths
from mmpose_ours.io import programs

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ('torch', 'mmengine', 'mmcv', 'mmpose', 'cv2', 'numpy')


def run_python(*args, **kwargs):
    return subprocess.run([sys.executable, *args], text=True, capture_output=True, **kwargs)


@pytest.fixture
def command(monkeypatch):
    """Put a command of the test's own in place of all others: ``command(run)``."""

    def install(run):
        module = types.ModuleType('command_of_the_test')
        module.add_arguments = lambda parser: parser.add_argument('--value')
        module.run = run
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(cli, 'COMMANDS', {'try': (module.__name__, 'try something')})

    return install


def raising(error):
    def run(args):
        raise error

    return run


class TestHelp:
    @pytest.mark.parametrize('args', [['--help'], ['--version'], ['path', '--help']])
    def test_loads_nothing_heavy(self, args):
        code = (
            'import sys\n'
            'from mmpose_ours.cli.main import main\n'
            'try:\n'
            f'    main({args!r})\n'
            'except SystemExit as end:\n'
            f'    sys.exit(end.code or ", ".join(m for m in {HEAVY!r} if m in sys.modules) or 0)\n'
        )
        done = run_python('-c', code, cwd=ROOT)
        assert (done.returncode, done.stderr) == (0, '')

    def test_names_every_command(self, capsys):
        with pytest.raises(SystemExit) as end:
            cli.main(['--help'])
        assert end.value.code == 0
        out = capsys.readouterr().out
        assert all(name in out for name in cli.COMMANDS)

    @pytest.mark.parametrize('name', sorted(cli.COMMANDS))
    def test_of_each_command(self, name, capsys):
        with pytest.raises(SystemExit) as end:
            cli.main([name, '--help'])
        assert end.value.code == 0
        assert f'mmpose-ours {name}' in capsys.readouterr().out

    def test_description_keeps_its_capitals(self, capsys):
        with pytest.raises(SystemExit):
            cli.main(['evaluate', '--help'])
        assert 'Score predicted 3D poses against' in capsys.readouterr().out

    def test_version(self, capsys):
        with pytest.raises(SystemExit) as end:
            cli.main(['--version'])
        assert end.value.code == 0
        assert capsys.readouterr().out == f'mmpose-ours {__version__}\n'

    def test_as_a_module(self):
        done = run_python('-m', 'mmpose_ours', '--version', cwd=ROOT)
        assert (done.returncode, done.stdout) == (0, f'mmpose-ours {__version__}\n')


class TestErrors:
    @pytest.mark.parametrize('args', [[], ['no-such-command'], ['path', 'no-such-folder']])
    def test_wrong_usage(self, args, capsys):
        with pytest.raises(SystemExit) as end:
            cli.main(args)
        assert end.value.code == 2
        assert 'usage: mmpose-ours' in capsys.readouterr().err

    @pytest.mark.parametrize(
        ('error', 'said'),
        [
            (ValueError('unit is\n  off by 1000'), 'unit is off by 1000'),
            (
                FileNotFoundError(2, 'No such file or directory', 'rig.json'),
                'rig.json: no such file or directory; correct the path',
            ),
            (FileNotFoundError('rig.json: nowhere; make one'), 'error: rig.json: nowhere; make'),
            (ModuleNotFoundError("No module named 'torch'"), 'mmpose-ours doctor'),
        ],
    )
    def test_of_the_user_is_one_line(self, command, capsys, error, said):
        command(raising(error))
        assert cli.main(['try']) == 2
        err = capsys.readouterr().err
        assert err.startswith('mmpose-ours: error: ') and err.count('\n') == 1
        assert said in err

    @pytest.mark.parametrize(
        ('error', 'status'),
        [
            (AssertionError('a bug'), programs.INTERNAL_ERROR),
            (KeyError('x'), programs.INTERNAL_ERROR),
            (RecursionError('maximum recursion depth exceeded'), programs.INTERNAL_ERROR),
            (MemoryError(), programs.NO_MEMORY),
            (KeyboardInterrupt(), programs.INTERRUPTED),
            (InputError('of the user'), programs.BAD_INPUT),
        ],
    )
    def test_bugs_are_distinguished_from_bad_input(self, command, capsys, error, status):
        command(raising(error))
        assert cli.main(['try']) == status
        err = capsys.readouterr().err
        assert 'Traceback' not in err and err.count('\n') <= 1
        assert ('internal error: ' in err and '--debug' in err) == (
            status == programs.INTERNAL_ERROR
        )
        if isinstance(error, Exception):
            with pytest.raises(type(error)):
                cli.main(['try', '--debug'])

    def test_a_traceback_is_escaped(self):
        code = (
            'from mmpose_ours.io.programs import guarded\n'
            "guarded('try', ['--debug'], lambda: [].remove('\\x1b[2J') or exec('1/0 # \\x1b'))\n"
        )
        done = run_python('-c', code, cwd=ROOT)
        assert 'Traceback' in done.stderr and '\x1b' not in done.stderr

    def test_control_characters_are_escaped(self, command, capsys):
        command(lambda args: print('\x1b[2J') or 0)
        assert cli.main(['try']) == 0
        command(raising(ValueError('\x1b[2J\u202e\udcff')))
        assert cli.main(['try']) == 2
        out, err = capsys.readouterr()
        assert out == '\\x1b[2J\n' and err.endswith('\\x1b[2J\\u202e\\udcff\n')

    def test_debug_keeps_the_traceback(self, command, monkeypatch):
        # The very error of the stand-in, which has no fields.
        command(raising(ValueError('seen')))
        with pytest.raises(ValueError, match='seen'):
            cli.main(['--debug', 'try'])
        with pytest.raises(ValueError, match='seen'):
            cli.main(['try', '--value', '1', '--debug'])
        monkeypatch.setenv('MMPOSE_OURS_DEBUG', '1')
        with pytest.raises(ValueError, match='seen'):
            cli.main(['try'])

    def test_debug_of_the_calibration_command_by_itself(self):
        with fails(CalibrationError, file='absent.json'):
            cli.convert_calibration(['absent.json', 'out.json', '--to', 'campus', '--debug'])

    def test_status_is_the_commands(self, command):
        command(lambda args: int(args.value))
        assert cli.main(['try', '--value', '1']) == 1


class TestPath:
    @pytest.mark.parametrize('name', ['configs', 'tools'])
    def test_is_the_checkouts_own(self, name, capsys):
        assert cli.main(['path', name]) == 0
        assert Path(capsys.readouterr().out.strip()) == ROOT / name

    def test_schemas(self, capsys):
        assert cli.main(['path', 'schemas']) == 0
        folders = [Path(line) for line in capsys.readouterr().out.splitlines()]
        assert folders and all(list(folder.glob('*.json')) for folder in folders)

    def test_installed_copy_comes_first(self, tmp_path, monkeypatch):
        copy = tmp_path / 'mmpose_ours' / 'share' / 'tools'
        copy.mkdir(parents=True)
        monkeypatch.setattr(paths, 'PACKAGE', tmp_path / 'mmpose_ours')
        assert paths.share('tools') == copy
        with pytest.raises(FileNotFoundError, match="'configs'"):  # an OSError without fields
            paths.share('configs')

    @pytest.mark.parametrize('layout', ['.mim/tools', '../tools'], ids=['release', 'git checkout'])
    def test_stock_tools(self, tmp_path, monkeypatch, layout):
        mmpose = tmp_path / 'mmpose'
        mmpose.mkdir()
        (mmpose / '__init__.py').touch()
        spec = types.SimpleNamespace(origin=str(mmpose / '__init__.py'))
        monkeypatch.setattr('importlib.util.find_spec', lambda name: spec)
        # An OSError without fields; the sentence is all there is.
        with pytest.raises(FileNotFoundError, match='without its tools'):
            paths.stock_tools()
        tools = mmpose / layout
        tools.mkdir(parents=True)
        for script in ('train.py', 'dist_train.sh'):
            (tools / script).touch()
        assert paths.stock_tools().samefile(tools)

    def test_without_mmpose(self, monkeypatch, capsys):
        monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
        assert cli.main(['path', 'mmpose-tools']) == 2
        assert 'pip install --no-deps mmpose' in capsys.readouterr().err
        with pytest.raises(SystemExit) as end:
            paths.run_stock('train.py')
        assert end.value.code == 2
        assert 'train.py: error: MMPose is not installed' in capsys.readouterr().err


class TestLaunchScripts:
    """The scripts in tools/, before a stand-in of the installed MMPose."""

    @pytest.fixture
    def launch(self, tmp_path):
        stock = tmp_path / 'site' / 'mmpose' / '.mim' / 'tools'
        stock.mkdir(parents=True)
        (tmp_path / 'site' / 'mmpose' / '__init__.py').touch()
        for kind in ('train', 'test'):
            (stock / f'{kind}.py').write_text(
                "import sys\nif __name__ == '__main__':\n    print(__name__, *sys.argv[1:])\n"
            )
            (stock / f'dist_{kind}.sh').write_text('echo "$(basename "$0")" "$@"\n')
            # As MMPose's own: a path relative to the current folder.
            (stock / f'slurm_{kind}.sh').write_text(
                f'A=b srun -p "$1" --gres=gpu:8 python -u tools/{kind}.py "${{@:3}}"\n'
            )
        programs = tmp_path / 'bin'
        programs.mkdir()
        for name, text in {
            'python': f'exec {sys.executable} "$@"',
            'srun': 'printf "%s\\n" srun "$@"',
        }.items():
            (programs / name).write_text(f'#!/bin/sh\n{text}\n')
            (programs / name).chmod(0o755)
        elsewhere = tmp_path / 'else where'
        elsewhere.mkdir()

        def run(*command):
            return subprocess.run(
                command,
                cwd=elsewhere,
                env={
                    **os.environ,
                    'PATH': f'{programs}{os.pathsep}{os.environ["PATH"]}',
                    'PYTHONPATH': f'{tmp_path / "site"}{os.pathsep}{ROOT}',
                },
                text=True,
                capture_output=True,
            )

        return run

    @pytest.mark.parametrize('kind', ['train', 'test'])
    def test_python(self, launch, kind):
        done = launch('python', str(ROOT / 'tools' / f'{kind}.py'), 'a b', '--c')
        assert (done.returncode, done.stdout) == (0, '__main__ a b --c\n'), done.stderr

    @pytest.mark.parametrize('kind', ['train', 'test'])
    def test_dist(self, launch, kind):
        done = launch('bash', str(ROOT / 'tools' / f'dist_{kind}.sh'), 'config.py', '2', '--resume')
        assert done.returncode == 0, done.stderr
        assert done.stdout == f'dist_{kind}.sh config.py 2 --resume\n'

    @pytest.mark.parametrize('kind', ['train', 'test'])
    def test_slurm_starts_our_script_from_any_folder(self, launch, kind):
        done = launch(
            'bash', str(ROOT / 'tools' / f'slurm_{kind}.sh'), 'part', 'job', 'a b', 'work'
        )
        assert done.returncode == 0, done.stderr
        script = str(ROOT / 'tools' / f'{kind}.py')
        expected = ['srun', '-p', 'part', '--gres=gpu:8', 'python', '-u', script, 'a b', 'work']
        assert done.stdout.splitlines() == expected
