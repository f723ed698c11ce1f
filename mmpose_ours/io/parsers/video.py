"""Videos, opened so that no other file or address is: the only way a video enters the package.

FFmpeg, which decodes for OpenCV, goes by a file's content, and some content is a list of other
files or addresses to open: HLS, DASH, ffconcat and SDP above all, whatever the file's ending. It
also takes names apart (``concat:a|b``, ``http://...``, ``img_%03d.jpg``). So here

- a name is that of a regular file and is passed on as an absolute path,
- the file's first bytes must be those of a container of :data:`CONTAINERS`,
- FFmpeg is told to read these containers only, and local files only. OpenCV 4.11.0 for Linux
  does not pass that on (opencv/opencv#26793), so the first bytes have to rule it out by themselves.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any, Iterator

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.regular_files import open_regular

# FFmpeg's names of the demuxers that may read a file.
CONTAINERS = ('mov', 'matroska', 'avi', 'mpeg', 'mpegts', 'mpegvideo', 'm4v')
OPTIONS = 'OPENCV_FFMPEG_CAPTURE_OPTIONS'
_RESTRICTIONS = (
    'protocol_whitelist;file',
    f'format_whitelist;{",".join(CONTAINERS)}',
    'enable_drefs;0',  # of a MOV file: tracks that lie in other files
)
# As much as FFmpeg reads to tell a format.
_PROBE = 1 << 20
_MP4_BOXES = (b'ftyp', b'moov', b'mdat', b'free', b'skip', b'wide', b'pnot')
_TS_PACKET = 188
_opening = threading.Lock()


class Video:
    """A video's frames, one after the other; closed by :meth:`release`.

    Args:
        path: The file.

    Raises:
        FileFormatError: It is no video that this OpenCV can decode.
        LimitError: Its frames have more pixels than allowed.
        OSError: It cannot be read, or is no regular file.
    """

    def __init__(self, path: PathLike):
        self.path = os.fspath(path)
        with open_regular(path) as file:
            known = _is_container(file.read(_PROBE))
        if not known:
            raise self._refused('is no video (MP4, MOV, MKV, WebM, AVI or MPEG)')
        self._capture = _capture(os.path.abspath(self.path))
        try:
            if not self._capture.isOpened():
                raise self._refused('is no video that this OpenCV can decode')
            width, height = self.size
            if width < 1 or height < 1:
                raise self._refused('does not say the size of its frames')
            limits().check('image_pixels', width * height, 'pixels per frame', path)
        except BaseException:
            self.release()
            raise

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frames."""
        import cv2

        return (
            int(self._number(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._number(cv2.CAP_PROP_FRAME_HEIGHT)),
        )

    @property
    def fps(self) -> float:
        """Frames per second as the file says; 0 where it does not."""
        import cv2

        return self._number(cv2.CAP_PROP_FPS)

    @property
    def frame_count(self) -> int:
        """How many frames the file says it has, for progress only; 0 where it does not."""
        import cv2

        count = int(self._number(cv2.CAP_PROP_FRAME_COUNT))
        return count if count <= limits().frames else 0

    def grab(self) -> bool:
        """Go to the next frame; False at the end."""
        import cv2

        try:
            return bool(self._capture.grab())
        except cv2.error as error:
            raise self._refused(f'cannot be decoded further ({error.err})') from error

    def read(self) -> tuple[bool, np.ndarray | None]:
        """The next frame.

        Returns:
            Whether there is one, and it as (H, W, 3) BGR uint8.

        Raises:
            FileFormatError: OpenCV gave up on it.
        """
        import cv2

        try:
            decoded, frame = self._capture.read()
        except cv2.error as error:
            raise self._refused(f'cannot be decoded further ({error.err})') from error
        return bool(decoded), frame if decoded else None

    def release(self) -> None:
        """Close the file."""
        self._capture.release()

    def _number(self, property_id: int) -> float:
        value = float(self._capture.get(property_id))
        return value if 0 < value < 1e15 else 0.0  # not NaN either

    def _refused(self, what: str) -> FileFormatError:
        return FileFormatError(
            f'{self.path}: {what}; convert it, for example with '
            '`ffmpeg -i <file> -c:v libx264 -crf 18 new.mp4`',
            file=self.path,
            found=what,
        )


@contextlib.contextmanager
def open_video(path: PathLike) -> Iterator[Video]:
    """Open a video, and close it at the end of the block.

    Raises:
        FileFormatError, LimitError, OSError: See :class:`Video`.
    """
    video = Video(path)
    try:
        yield video
    finally:
        video.release()


@contextlib.contextmanager
def restricted_ffmpeg() -> Iterator[None]:
    """Let OpenCV's FFmpeg open local files of :data:`CONTAINERS` only, within the block.

    OpenCV takes options from the environment alone. What the user has set there stays, and
    the restrictions come after it, so that they win.
    """
    with _opening:
        before = os.environ.get(OPTIONS)
        os.environ[OPTIONS] = '|'.join((*([before] if before else []), *_RESTRICTIONS))
        try:
            yield
        finally:
            if before is None:
                del os.environ[OPTIONS]
            else:
                os.environ[OPTIONS] = before


def _capture(path: str) -> Any:
    """OpenCV's decoder of a file; never one that takes names for devices or pipelines."""
    import cv2

    for backend in (cv2.CAP_FFMPEG, cv2.CAP_MSMF, cv2.CAP_AVFOUNDATION, cv2.CAP_OPENCV_MJPEG):
        if cv2.videoio_registry.hasBackend(backend):
            break
    with restricted_ffmpeg(), contextlib.suppress(cv2.error):
        return cv2.VideoCapture(path, backend)
    return cv2.VideoCapture()


def _is_container(start: bytes) -> bool:
    """Whether FFmpeg will take a file that starts so for a video, and for nothing else."""
    text = start.partition(b'\0')[0].lower()  # as far as it reads text
    if b'c=IN IP' in start or b'<mpd' in text:  # SDP and DASH may begin with anything
        return False
    return (
        _is_mp4(start)
        or _is_matroska(start)
        or start.startswith(b'\0\0\1')
        or (start.startswith(b'RIFF') and start[8:12] in (b'AVI ', b'AVIX', b'AVI\x19'))
        # MPEG transport streams; those of camcorders have four bytes before each packet.
        or start[: 8 * _TS_PACKET : _TS_PACKET] == b'G' * 8
        or start[4 : 8 * (_TS_PACKET + 4) : _TS_PACKET + 4] == b'G' * 8
    )


def _is_mp4(start: bytes) -> bool:
    size = int.from_bytes(start[:4], 'big')  # 0: to the end, 1: stands after the name
    return start[4:8] in _MP4_BOXES and (size < 2 or size >= 8)


def _is_matroska(start: bytes) -> bool:
    """An EBML header whose document type is one of the two; see RFC 8794."""
    if start[:4] != b'\x1a\x45\xdf\xa3':
        return False
    length = 9 - start[4].bit_length() if len(start) > 4 else 9
    if length > 8:
        return False
    size = int.from_bytes(start[4 : 4 + length], 'big') & ((1 << 7 * length) - 1)
    header = start[4 + length : 4 + length + min(size, 1000)]
    return b'matroska' in header or b'webm' in header
