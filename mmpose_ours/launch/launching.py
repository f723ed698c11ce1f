"""What the launch scripts ``tools/train.py`` and ``tools/test.py`` add around MMPose's own scripts.

A training gets its work dir for itself (:mod:`.work_dirs`), a process group what the launcher
left open about the network (:mod:`.network`) and an end in good order, and ``--amp`` holds on
CPUs too. All else is :func:`mmpose_ours.io.package_files.run_stock`.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import importlib.metadata
import os
import runpy
import sys
from pathlib import Path
from typing import Any, Mapping, NoReturn

from mmpose_ours.io.config_checks import ConfigPathError, check_config_path, warn_of_config
from mmpose_ours.io.disk.files import explain_os_error
from mmpose_ours.io.disk.locks import Held
from mmpose_ours.io.package_files import run_stock, stock_tools
from mmpose_ours.io.programs import let_waiting_threads_sleep
from mmpose_ours.io.terminal import escape_streams, one_line
from mmpose_ours.launch import network, work_dirs
from mmpose_ours.text import arguments_as_options

START_OVER = '--start-over'
OUR_AMP = 'AutocastOptimWrapper'
# Where each launcher tells a process its place in the group.
RANK_OF = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}
HELP = f'tools/train.py of mmpose_ours also takes {START_OVER}: begin again in a work dir that \
holds checkpoints; they are moved into a subfolder.\n'


@arguments_as_options()
def train() -> None:
    """Run MMPose's ``train.py`` with this process's arguments, in a work dir of its own.

    Raises:
        SystemExit: Another training writes into the work dir, or it holds checkpoints and
            neither ``--resume`` nor ``--start-over`` says what to do with them.
    """
    escape_streams()
    network.prepare(os.environ)
    let_waiting_threads_sleep(os.environ)
    sys.argv = with_local_rank(sys.argv)
    _check_config('train.py')
    start_over = START_OVER in sys.argv
    sys.argv = [word for word in sys.argv if word != START_OVER]
    if {'-h', '--help'} & set(sys.argv):
        print(HELP)
    claimed = None
    settings = _settings()
    if settings is not None:
        rank = int(os.environ.get(RANK_OF.get(settings['launcher'], ''), 0))
        try:
            claimed = _claim(settings, rank, start_over)
        except (work_dirs.WorkDirError, OSError) as error:
            if rank == 0:
                said = explain_os_error(error) if isinstance(error, OSError) else error
                _refuse('train.py', said)
            raise SystemExit(2) from None
    _run('train.py')
    if claimed is not None:
        claimed.close()


@arguments_as_options()
def test() -> None:
    """Run MMPose's ``test.py`` with this process's arguments."""
    escape_streams()
    network.prepare(os.environ)
    let_waiting_threads_sleep(os.environ)
    sys.argv = with_local_rank(sys.argv)
    _check_config('test.py')
    _check_checkpoint('test.py')
    _run('test.py')


def _config_at() -> int | None:
    """Where the config is among this process's arguments; None without one."""
    return next((at for at, word in enumerate(sys.argv) if at and word.endswith('.py')), None)


def _check_checkpoint(script: str) -> None:
    """Refuse a checkpoint to test that is not there."""
    at = _config_at()
    checkpoint = '-' if at is None or at + 1 == len(sys.argv) else sys.argv[at + 1]
    if checkpoint.startswith('-') or '://' in checkpoint or Path(checkpoint).is_file():
        return
    hint = 'the file last_checkpoint in the work directory of a training names its last one'
    _refuse(script, f'{checkpoint}: no such checkpoint; correct the path ({hint})')


def _check_config(script: str) -> None:
    """Refuse a config that is not there, or was written for the other MMPose: 0.x or 1.x."""
    at = _config_at()
    if at is None:
        return  # the stock script says what it is called with
    path = Path(sys.argv[at])
    if not path.is_file():
        where = '`mmpose-ours path configs` says where those of this package are'
        _refuse(script, f'{sys.argv[at]}: no such config; correct the path ({where})')
    try:
        check_config_path(path)
    except ConfigPathError as error:
        _refuse(script, error)
    warn_of_config(path)
    installed = importlib.metadata.version('mmpose')
    for_0x = 'mmpose_ours.mmpose0x' in path.read_text(errors='replace')
    if installed.startswith('0.') and not for_0x:
        keys = set(importlib.import_module('mmcv').Config.fromfile(str(path)))
        if 'train_dataloader' in keys and 'data' not in keys:
            fix = (
                'configs/ours/mmpose0x has those for 0.x, `make setup` makes an environment of 1.x'
            )
            _refuse(script, f'{path} is for MMPose 1.x, but {installed} is installed; {fix}')
    elif for_0x and not installed.startswith('0.'):
        fix = 'configs/ours has those for 1.x, `make setup-0x` installs 0.x'
        _refuse(script, f'{path} is for MMPose 0.x, but {installed} is installed; {fix}')


def _refuse(script: str, why: object) -> NoReturn:
    print(f'{script}: error: {one_line(why)}', file=sys.stderr)
    raise SystemExit(2) from None


def _settings() -> Mapping[str, Any] | None:
    """The config as the stock script sees it, its arguments merged into it."""
    try:
        stock = runpy.run_path(str(stock_tools() / 'train.py'), run_name='stock_train')
        arguments = stock['parse_args']()
        config = stock['Config'].fromfile(arguments.config)
        if 'merge_args' not in stock:
            return settings_0x(arguments, config)
        if arguments.amp and _needs_our_amp(config):
            arguments.amp = False
            sys.argv = with_our_amp(sys.argv)
        return stock['merge_args'](config, arguments)
    except Exception:  # whatever it is, run_stock meets it next and says so
        return None


def settings_0x(arguments: argparse.Namespace, config: Any) -> Mapping[str, Any]:
    """What the ``train.py`` of MMPose 0.x makes of its arguments, as that of 1.x would say it."""
    config.merge_from_dict(arguments.cfg_options or {})
    given = arguments.work_dir or config.get('work_dir')
    return dict(
        launcher=arguments.launcher,
        work_dir=given or Path('work_dirs') / Path(arguments.config).stem,
        resume=arguments.resume_from or config.get('resume_from'),
        load_from=config.get('load_from'),
        how_to_resume='--resume-from CHECKPOINT',
    )


def with_local_rank(words: list[str]) -> list[str]:
    """Spell ``--local-rank``, as torch says since 2.0, in the way that MMPose 0.x knows too."""
    spelt, known = '--local-rank', '--local_rank'
    return [known + word[len(spelt) :] if word.startswith(spelt) else word for word in words]


def _needs_our_amp(config: Mapping[str, Any]) -> bool:
    """Whether the stock ``--amp`` would refuse: it takes neither CPUs nor other wrappers."""
    import torch

    return not torch.cuda.is_available() or config['optim_wrapper'].get('type') == OUR_AMP


def with_our_amp(words: list[str]) -> list[str]:
    """Say ``--amp`` as an option of the config that names our wrapper.

    Args:
        words: A command line of ``train.py`` with ``--amp``.
    """
    words = [word for word in words if word != '--amp']
    if '--cfg-options' not in words:
        words.append('--cfg-options')
    place = words.index('--cfg-options') + 1
    return [*words[:place], f'optim_wrapper.type={OUR_AMP}', *words[place:]]


def _claim(settings: Mapping[str, Any], rank: int, start_over: bool) -> Held | None:
    """Make sure of the work dir.

    The first process decides; the others look too, before they join the group, so that none of
    them waits in vain for a first one that was refused.
    """
    folder = Path(settings['work_dir'])
    claimed = work_dirs.lock(folder) if rank == 0 else None
    if settings.get('resume'):
        return claimed
    if not start_over:
        work_dirs.check_free(folder, settings.get('how_to_resume', '--resume'))
    elif rank == 0:
        load_from = settings.get('load_from')
        aside = work_dirs.move_aside(folder, Path(load_from) if load_from else None)
        if aside is not None:
            print(f'train.py: the earlier checkpoints lie in {aside}')
    return claimed


def _read_checkpoints_as_data() -> None:
    """Give whatever config the loader that a config of ours has by its ``custom_imports``."""
    old = importlib.metadata.version('mmpose').startswith('0.')
    try:
        importlib.import_module('mmpose_ours.mmpose0x' if old else 'mmpose_ours.registry')
    except ImportError:
        pass  # the stock script says what is missing


def _run(script: str) -> None:
    """Run a stock script, and end a process that was in a group past the destructors of C++.

    About one in thirty ends of gloo groups aborts in them (SIGABRT after all is done), upon
    which the launcher ends the others and reports a failure. So what Python has to do at exit
    is done here, and nothing after it.
    """
    status: Any = 0
    try:
        _read_checkpoints_as_data()
        run_stock(script)
    except SystemExit as end:
        status = end.code
        if not isinstance(status, int):
            raise
    torch = sys.modules.get('torch')
    if (
        torch is not None
        and torch.distributed.is_available()
        and torch.distributed.is_initialized()
    ):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    if status:
        raise SystemExit(status)
