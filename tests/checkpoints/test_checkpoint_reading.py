"""One loader for checkpoints, however they are named; it runs nothing and downloads with care."""

import functools
import hashlib
import http.server
import threading

import pytest
import torch
from errors import fails
from hostile_checkpoints import evil, save
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as checkpoint_module
from safetensors.torch import save_file

from mmpose_ours import compat
from mmpose_ours.checkpoints.reading import (
    CheckpointSourceError,
    is_resumable,
    load_from_plain_data,
    read_checkpoint,
    register,
)
from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.http_files import DownloadError
from mmpose_ours.io.limits import limited


class Site(http.server.SimpleHTTPRequestHandler):
    """A folder, and paths that misbehave."""

    asked: list = []

    def do_GET(self):
        self.asked.append(self.path)
        target = dict(
            tofile='file:///etc/hostname', toftp='ftp://127.0.0.1/a.pth', todata='data:,a',
            around='/around',
        ).get(self.path.strip('/'))  # fmt: skip
        if target:
            self.send_response(302)
            self.send_header('Location', target)
            self.end_headers()
        elif self.path.startswith('/cut'):
            self.send_response(200)
            self.send_header('Content-Length', '1000')
            self.end_headers()
            self.wfile.write(b'x' * 10)
        elif self.path.startswith('/endless'):
            self.send_response(200)  # without its length
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b'x' * 65536)
            except OSError:
                pass
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder, its address, and torch's cache elsewhere."""
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    folder = tmp_path / 'site'
    folder.mkdir()
    Site.asked = []
    server = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), functools.partial(Site, directory=str(folder))
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f'http://127.0.0.1:{server.server_address[1]}'
    server.shutdown()
    server.server_close()


def cached(tmp_path):
    return [path for path in (tmp_path / 'torch').rglob('*') if path.is_file()]


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('force', ['', '1'])
def test_what_is_downloaded_is_not_run(legacy, force, site, tmp_path, monkeypatch):
    folder, url = site
    if force:
        monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', force)
    compat.apply()
    evil(folder / 'evil.pth', tmp_path / 'canary', legacy)
    for load in (read_checkpoint, CheckpointLoader.load_checkpoint):
        with fails(FileFormatError, code='unsafe') as caught:
            load(f'{url}/evil.pth')
        assert 'weights_only' not in str(caught.value)
    assert not (tmp_path / 'canary').exists()


def test_a_download_is_kept(site, tmp_path, capsys):
    folder, url = site
    save({'a': torch.ones(3)}, folder / 'a.pth')
    for _ in range(2):
        assert read_checkpoint(f'{url}/a.pth')['a'].sum() == 3
    assert Site.asked == ['/a.pth'] and len(cached(tmp_path)) == 1
    assert 'warning' in capsys.readouterr().err  # http, and no checksum
    # The same name elsewhere is another file.
    (folder / 'b').mkdir()
    save({'a': torch.zeros(3)}, folder / 'b' / 'a.pth')
    assert read_checkpoint(f'{url}/b/a.pth')['a'].sum() == 0


def test_a_published_name_is_held_against_its_digits(site, tmp_path, capsys):
    folder, url = site
    save({'a': torch.ones(3)}, folder / 'a.pth')
    digits = hashlib.sha256((folder / 'a.pth').read_bytes()).hexdigest()[:8]
    wrong, right = folder / 'a-01234567_20220101.pth', folder / f'a-{digits}_20220101.pth'
    for path in (wrong, right):
        path.write_bytes((folder / 'a.pth').read_bytes())
    with fails(FileFormatError, code='damaged', expected='01234567'):
        read_checkpoint(f'{url}/{wrong.name}')
    assert not cached(tmp_path)
    assert read_checkpoint(f'{url}/{right.name}')['a'].sum() == 3
    assert 'warning' not in capsys.readouterr().err
    (kept,) = cached(tmp_path)
    kept.write_bytes(b'changed')  # so it is downloaded again
    assert read_checkpoint(f'{url}/{right.name}')['a'].sum() == 3


@pytest.mark.parametrize('path', ['tofile', 'toftp', 'todata', 'around', 'cut', 'none.pth'])
def test_a_download_that_goes_wrong_leaves_nothing(path, site, tmp_path):
    with pytest.raises(DownloadError) as caught:
        read_checkpoint(f'{site[1]}/{path}')
    assert caught.value.code == 'download' and not cached(tmp_path)


def test_a_server_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.delenv('http_proxy', raising=False)
    with pytest.raises(DownloadError):
        read_checkpoint('http://127.0.0.1:9/a.pth')


@pytest.mark.parametrize('path', ['endless', 'large.pth'])
def test_a_download_has_a_limit(path, site, tmp_path):
    (site[0] / 'large.pth').write_bytes(bytes(200_000))
    with limited(checkpoint_bytes=100_000), pytest.raises(LimitError) as caught:
        read_checkpoint(f'{site[1]}/{path}')
    assert caught.value.limit == 'checkpoint_bytes' and not cached(tmp_path)


def test_what_comes_is_a_web_page(site):
    (site[0] / 'a.pth').write_text('<!DOCTYPE html><title>Log in</title>')
    with fails(FileFormatError, code='file-format', found='<!DOCTYPE html>'):
        read_checkpoint(f'{site[1]}/a.pth')


@pytest.mark.parametrize('name', [
    'file:///etc/hostname', 's3://bucket/a.pth', 'petrel:s3://bucket/a.pth', 'petrel://a/b.pth',
    'pavi://a/b', 'ftp://127.0.0.1/a.pth', 'FILE:///etc/hostname', 'torchvision://no_such_model',
    'modelzoo://none', 'openmmlab://none', 'open-mmlab://none', 'mmcls://none',
])  # fmt: skip
def test_other_schemes_are_refused(name, monkeypatch):
    compat.apply()
    # Where torchvision is not installed, MMEngine has no table of its names.
    monkeypatch.setattr(checkpoint_module, 'get_torchvision_models', dict)
    code = 'unknown-name' if name.endswith(('no_such_model', '//none')) else 'cannot-express'
    for load in (read_checkpoint, CheckpointLoader.load_checkpoint):
        with fails(CheckpointSourceError, code=code, file=name):
            load(name)


def test_names_of_model_zoos_are_downloaded(site, monkeypatch):
    folder, url = site
    save({'backbone.a': torch.ones(3), 'head.a': torch.ones(2)}, folder / 'a.pth')
    names = {'a': f'{url}/a.pth'}
    for table in ('get_torchvision_models', 'get_mmcls_models', 'get_external_models'):
        monkeypatch.setattr(checkpoint_module, table, lambda: names)
    assert set(read_checkpoint('torchvision://a')) == {'backbone.a', 'head.a'}
    assert set(read_checkpoint('openmmlab://a')) == {'backbone.a', 'head.a'}
    assert set(read_checkpoint('mmcls://a')['state_dict']) == {'a'}


def test_every_way_of_mmengine_leads_here(tmp_path, monkeypatch):
    compat.apply()
    assert set(CheckpointLoader._schemes.values()) == {load_from_plain_data}

    class Other(CheckpointLoader):
        _schemes = {'': None, 'new://': None}  # noqa: RUF012

    register(Other)
    assert set(Other._schemes.values()) == {load_from_plain_data}
    # init_cfg
    path = evil(tmp_path / 'evil.pth', tmp_path / 'canary')
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')

    class Net(BaseModule):
        def __init__(self, init_cfg):
            super().__init__(init_cfg)
            self.a = torch.nn.Linear(2, 2)

    with fails(FileFormatError, code='unsafe', file=path):
        Net(dict(type='Pretrained', checkpoint=str(path))).init_weights()
    assert not (tmp_path / 'canary').exists()


def test_home_and_safetensors(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    save({'a': torch.ones(3)}, tmp_path / 'a.pth')
    assert read_checkpoint('~/a.pth')['a'].sum() == 3
    save_file({'a': torch.ones(3)}, tmp_path / 'b.safetensors', dict(about='me'))
    read = read_checkpoint(tmp_path / 'b.safetensors')
    assert read['state_dict']['a'].sum() == 3 and read['meta'] == dict(about='me')
    content = (tmp_path / 'b.safetensors').read_bytes()
    for damaged in (content[:-1], content + b'x', content.replace(b'F32', b'F99')):
        (tmp_path / 'c.safetensors').write_bytes(damaged)
        with pytest.raises(FileFormatError):
            read_checkpoint(tmp_path / 'c.safetensors')


def test_logs_are_those_of_mmengine(tmp_path):
    compat.apply()
    hub = dict(log_scalars=dict(loss=HistoryBuffer([1.0, 3.0], [1, 1])), runtime_info={})
    read = read_checkpoint(save(dict(message_hub=hub), tmp_path / 'a.pth'))
    log = read['message_hub']['log_scalars']['loss']
    assert type(log) is HistoryBuffer and log.mean() == 2


def test_the_config_in_a_checkpoint_does_not_reach_who_would_run_it(tmp_path):
    """MMEngine and mmcv run meta['config'] when they resume."""
    path = save(dict(meta=dict(config='import os', epoch=1), state_dict={}), tmp_path / 'a.pth')
    assert load_from_plain_data(str(path))['meta'] == dict(epoch=1)


@pytest.mark.parametrize('changed', [
    dict(meta={}), dict(meta=dict(epoch='1', iter=2)), dict(meta=dict(epoch=1, iter=-2)),
    dict(meta=[]),
])  # fmt: skip
def test_what_a_training_can_go_on_from(changed):
    checkpoint = dict(meta=dict(epoch=1, iter=10), optimizer={}, state_dict={})
    assert is_resumable(checkpoint)
    assert not is_resumable({**checkpoint, **changed})
    assert not is_resumable(dict(state_dict={})) and not is_resumable([])
