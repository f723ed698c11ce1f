"""Servers that send without end what is no content."""

import contextlib
import socket
import threading
import time

import pytest

from mmpose_ours.io import http_files
from mmpose_ours.io.http_files import DownloadError, download

OK = b'HTTP/1.1 200 OK\r\n'
# What a server says first, and what it goes on with for ever.
ENDLESS = {
    'interim answers': (b'', b'HTTP/1.1 100 Continue\r\n\r\n' * 1000),
    'the content of a redirection': (
        b'HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n',
        b'x' * 100_000,
    ),
    'trailers': (OK + b'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n', b'A: b\r\n' * 10_000),
}


@contextlib.contextmanager
def server(first, then, pause=0.0):
    """Answers every connection so; yields its URL."""
    listener = socket.create_server(('127.0.0.1', 0))

    def answer():
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                with connection, contextlib.suppress(OSError):
                    connection.recv(10_000)
                    connection.sendall(first)
                    sent = 0
                    while then and sent < 1 << 28:
                        sent += connection.send(then)
                        time.sleep(pause)

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield f'http://127.0.0.1:{listener.getsockname()[1]}/a'
    finally:
        listener.close()


def test_a_file_is_downloaded(tmp_path):
    chunked = OK + b'Transfer-Encoding: chunked\r\n\r\n' + b'5\r\nhello\r\n' * 2 + b'0\r\n\r\n'
    with server(b'HTTP/1.1 100 Continue\r\n\r\n' + chunked, b'') as url:
        download(url, tmp_path / 'a', 'checkpoint_bytes')
    assert (tmp_path / 'a').read_bytes() == b'hello' * 2


@pytest.mark.parametrize('what', ENDLESS)
def test_what_is_no_content_has_an_end(tmp_path, what):
    before = time.process_time()
    with server(*ENDLESS[what]) as url, pytest.raises(DownloadError) as caught:
        download(url, tmp_path / 'a', 'checkpoint_bytes')
    assert 'no content' in caught.value.found and not list(tmp_path.iterdir())
    assert time.process_time() - before < 10


def test_a_header_that_comes_byte_by_byte_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(http_files, '_PATIENCE_S', 1.0)
    before = time.monotonic()
    with server(OK + b'A: ', b'b', pause=0.1) as url, pytest.raises(DownloadError):
        download(url, tmp_path / 'a', 'checkpoint_bytes')
    assert time.monotonic() - before < 20
