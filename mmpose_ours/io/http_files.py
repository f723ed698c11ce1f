"""Files from the web: over http and https only, within a size, whole or not at all."""

from __future__ import annotations

import http.client
import io
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import whole_path
from mmpose_ours.io.limits import limits
from mmpose_ours.io.progress import Pace, lasting

SCHEMES = ('http', 'https')
_BLOCK = 1 << 16
_TIMEOUT_S = 30.0
# After a minute, a server that sends less than this is taken for one that will never end.
_PATIENCE_S, _LEAST_BYTES_PER_S = 60.0, 1000.0
# Headers, interim answers, trailers and the contents of redirections, together, between two blocks.
_MAX_BESIDE = 1 << 20


class DownloadError(InputError):
    """A file could not be downloaded."""

    code = 'download'


def public_part(url: str) -> str:
    """A URL for messages: without a password, and without a query, which may be one."""
    parts = urllib.parse.urlsplit(url)
    return f'{parts.scheme}://{parts.hostname or ""}{parts.path}'


def download(
    url: str, path: PathLike, limit: str, check: Callable[[Path], None] | None = None
) -> None:
    """Download a file; says how far it is on stderr.

    Args:
        url: Of http or https.
        path: Where the file is to appear, whole or not at all.
        limit: The field of :class:`~mmpose_ours.io.limits.Limits` that says how large it may be.
        check: Is given the downloaded file, which appears only if this raises nothing.

    Raises:
        DownloadError: The server does not answer, refuses, breaks off, or sends elsewhere than
            to http and https.
        LimitError: The file is larger than the limit, whatever the server says of its size.
        OSError: It cannot be written.
    """
    shown = public_part(url)
    request = urllib.request.Request(url, headers={'Accept-Encoding': 'identity'})
    try:
        response = _opener().open(request, timeout=_TIMEOUT_S)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _error(shown, error) from error
    with response, whole_path(path) as temporary, open(temporary, 'wb') as file:
        stated = response.headers.get('Content-Length', '')
        size = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 19 else None
        limits().check(limit, size or 0, 'bytes', shown)
        progress = _Progress(shown, size)
        done, began = 0, time.monotonic()
        while True:
            block = _read(response, shown)
            if not block:
                break
            done += len(block)
            response.meter.begin()
            limits().check(limit, done, 'bytes', shown)
            file.write(block)
            progress(done)
            seconds = time.monotonic() - began
            if seconds > _PATIENCE_S and done / seconds < _LEAST_BYTES_PER_S:
                raise _error(shown, f'{done} bytes in {seconds:.0f} s')
        progress.end()
        if size is not None and done != size:
            raise _error(shown, f'{done} of {size} bytes came')
        file.flush()
        if check is not None:
            check(temporary)


def _read(response: Any, shown: str) -> bytes:
    try:
        # Not read(), which waits until all of a block has come.
        return response.read1(_BLOCK)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _error(shown, error) from error


def _error(shown: str, reason: object) -> DownloadError:
    if isinstance(reason, urllib.error.HTTPError):
        reason.close()
        reason = f'the server answers {reason.code}'
    elif isinstance(reason, urllib.error.URLError):
        reason = reason.reason
    text = ' '.join(str(reason).split())[:200] or type(reason).__name__
    return DownloadError(
        f'{shown}: not downloaded ({text}); check the address and the network, or download it by '
        'other means and name the file',
        file=shown,
        found=text,
    )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https; from https only to https."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme not in SCHEMES or (req.type == 'https' and scheme != 'https'):
            raise urllib.error.URLError(f'it redirects to {public_part(newurl)[:100]}')
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Meter(io.RawIOBase):
    """What comes from a server, of which only so much is read that brings no content.

    Python reads interim answers, trailers and the content of a redirection without end, and a
    header byte by byte as long as each byte comes in time.
    """

    def __init__(self, raw: Any):
        self._raw = raw
        self.begin()

    def begin(self) -> None:
        """Content has come: begin to count anew."""
        self._left, self._until = _MAX_BESIDE, time.monotonic() + _PATIENCE_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise http.client.HTTPException('it sends much, and no content')
        if time.monotonic() > self._until:
            raise http.client.HTTPException(f'no content in {_PATIENCE_S:.0f} s')
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer of which a :class:`_Meter` reads."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any):
        super().__init__(sock, *args, **kwargs)
        self.meter = _Meter(self.fp.detach())  # type: ignore[attr-defined, unused-ignore]
        self.fp = io.BufferedReader(self.meter)


class _Http(http.client.HTTPConnection):
    response_class = _Response


class _Https(http.client.HTTPSConnection):
    response_class = _Response


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_Http, req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_Https, req)


def _opener() -> urllib.request.OpenerDirector:
    """What opens URLs, without the handlers of file:, ftp: and data: that Python adds."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        _HttpHandler,
        _HttpsHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        opener.add_handler(handler())
    return opener


class _Progress:
    """Says on stderr how far a download is: in place on a terminal, else at the beginning."""

    def __init__(self, shown: str, size: int | None):
        self._size, self._live = size, sys.stderr.isatty()
        self._next, self._pace = 0.0, Pace()
        much = '' if size is None else f' ({size / 1e6:.1f} MB)'
        print(f'downloading {shown}{much}', file=sys.stderr)

    def __call__(self, done: int) -> None:
        if self._live and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.5
            share = '' if not self._size else f' {100 * done / self._size:.0f} %'
            left = self._pace.left(done, self._size or 0)
            time_left = '' if left is None else f', {lasting(left)} left'
            line = f'\r{done / 1e6:.1f} MB{share}{time_left}    '
            print(line, end='', file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._live:
            print(file=sys.stderr)
