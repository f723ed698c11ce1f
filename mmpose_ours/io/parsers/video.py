"""Videos, opened so that no other file or address is: the only way a video enters the package.

PyAV decodes, with FFmpeg, which goes by a file's content, and some content is a list of other
files or addresses to open: HLS, DASH, ffconcat and SDP above all, whatever the file's ending. So

- the file is opened here, as a regular file; FFmpeg gets its bytes and no name to take apart,
- its first bytes must be those of a container of :data:`CONTAINERS`,
- FFmpeg may read these containers only, and open no other file or address.

OpenCV decodes too, but its capture overruns memory where the size of the frames changes, does not
pass the restrictions on (4.11, opencv/opencv#26793), and leaves the images of phones on their side
(4.11, opencv/opencv#26795).
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
from typing import TYPE_CHECKING, Any, BinaryIO, Iterator

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits

if TYPE_CHECKING:
    import av

# FFmpeg's names of the demuxers that may read a file.
CONTAINERS = ('mov', 'matroska', 'avi', 'mpeg', 'mpegts', 'mpegvideo', 'm4v', 'asf')
# As much as FFmpeg reads to tell a format.
_PROBE = 1 << 20
# Bytes that FFmpeg reads at once.
_BUFFER = 1 << 18
_BLOCKS = 1 << 20
_MP4_BOXES = (b'ftyp', b'moov', b'mdat', b'free', b'skip', b'wide', b'pnot')
_TS_PACKET = 188
# The header object of ASF, which WMV files are.
_ASF = bytes.fromhex('3026b2758e66cf11a6d900aa0062ce6c')


class Video:
    """A video's frames, one after the other; closed by :meth:`release`.

    Frames are upright where the file says how they are to be turned, as those of phones do.
    A frame that cannot be decoded is left out.

    Args:
        path: The file.

    Raises:
        FileFormatError: It is no video, or FFmpeg can decode no frame of it.
        LimitError: Its frames have more pixels than allowed.
        OSError: It cannot be read, or is no regular file.
    """

    def __init__(self, path: PathLike):
        from av.video.reformatter import VideoReformatter

        self.path = os.fspath(path)
        # One for all: each that PyAV makes for a frame starts threads of its own.
        self._converter = VideoReformatter()
        with contextlib.ExitStack() as resources:
            container, stream = _images_of(path, resources)
            codec = stream.codec_context
            if codec is None:
                what = 'has images of a codec that FFmpeg does not know'
                raise _refused(path, what, 'cannot-express')
            limits().check('image_pixels', codec.width * codec.height, 'pixels per frame', path)
            # FFmpeg counts whole blocks, and those around the image.
            codec.options = {'max_pixels': str(2 * limits().image_pixels + _BLOCKS)}
            codec.thread_type = 'AUTO'
            self._frames = _decoded(container, stream, path)
            # Decoded ahead: how a frame is turned stands beside it.
            self._next = next(self._frames, None)
            if self._next is None:
                raise _refused(path, 'has no frame that can be decoded', 'damaged')
            # Asked once: a frame that was asked for it lives until garbage is collected.
            self._turns, self._mirrored = _orientation(self._next)
            #: (width, height) of the first frame.
            self.size = self._next.width, self._next.height
            if self._turns % 2:
                self.size = self.size[::-1]
            #: Frames per second as the file says; 0 where it does not.
            self.fps = _fps(stream)
            #: How many frames the file says it has, for progress only; 0 where it does not.
            self.frame_count = _frame_count(container, stream)
            self._resources = resources.pop_all()

    def grab(self) -> bool:
        """Go to the next frame, without converting it to BGR; False at the end.

        Raises:
            FileFormatError, LimitError, OSError: As for :meth:`read`.
        """
        return self._advance() is not None

    def read(self) -> tuple[bool, np.ndarray | None]:
        """The next frame.

        Returns:
            Whether there is one, and it as (H, W, 3) BGR uint8.

        Raises:
            FileFormatError: FFmpeg gave up on the file, or knows no colours as the frame's.
            LimitError: The frame has more pixels than allowed.
            OSError: The file cannot be read further.
        """
        import av

        frame = self._advance()
        if frame is None:
            return False, None
        try:
            # Bicubic, as OpenCV has it.
            bgr = self._converter.reformat(frame, format='bgr24', interpolation='BICUBIC')
        except av.FFmpegError as error:
            what = f'has a frame that cannot be converted to BGR ({error})'
            raise _refused(self.path, what, 'damaged') from error
        image = np.rot90(bgr.to_ndarray(), self._turns)
        return True, np.ascontiguousarray(image[:, ::-1] if self._mirrored else image)

    @property
    def next_stamp(self) -> int | None:
        """Presentation time stamp of the next frame; None at the end, or where there is none.

        Raises:
            FileFormatError, LimitError, OSError: As for :meth:`read`.
        """
        self._next = self._advance()
        return None if self._next is None else self._next.pts

    def release(self) -> None:
        """Close the file."""
        self._next, self._frames = None, iter(())
        self._resources.close()

    def _advance(self) -> av.VideoFrame | None:
        frame, self._next = self._next, None
        return next(self._frames, None) if frame is None else frame


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


def has_frames(path: PathLike, count: int) -> bool:
    """Whether a video that was just written can be read again, to its end.

    Args:
        path: The file.
        count: How many frames were written.

    Raises:
        OSError: It cannot be read.
    """
    with contextlib.suppress(FileFormatError), open_video(path) as video:
        if video.frame_count == count:
            return True
        found = 0
        while video.grab():
            found += 1
        return found == count
    return False


def read_stamps(path: PathLike) -> tuple[np.ndarray, float, float]:
    """When a video's frames are shown, without decoding them.

    Args:
        path: The file.

    Returns:
        Presentation time stamps (N,) int64 in ascending order, each once, empty where the file has
        none; seconds per unit of them; and frames per second as the file says, 0 where it does not.

    Raises:
        FileFormatError, LimitError, OSError: As :class:`Video`, but for what decoding finds.
    """
    import av

    stamps = []
    with contextlib.ExitStack() as resources:
        container, stream = _images_of(path, resources)
        unit = float(stream.time_base or 0)
        try:
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None and not packet.is_discard:
                    stamps.append(packet.pts)
                    limits().check('frames', len(stamps), 'frames', path)
        except av.InvalidDataError:
            pass  # cut off in the middle
        except av.FFmpegError as error:
            raise _refused(path, f'cannot be read further ({error})', 'damaged') from error
        return np.unique(np.array(stamps, np.int64)), unit, _fps(stream)


def _images_of(
    path: PathLike, resources: contextlib.ExitStack
) -> tuple[av.container.InputContainer, av.VideoStream]:
    """A video opened after a look at its first bytes, and the images in it."""
    file = resources.enter_context(open_regular(path))
    if not _is_container(file.read(_PROBE)):
        raise _refused(path, 'is no video (MP4, MOV, MKV, WebM, AVI, MPEG or WMV)', 'file-format')
    file.seek(0)
    container = resources.enter_context(_open(file, path))
    if not container.streams.video:
        raise _refused(path, 'has sound, but no images', 'no-data')
    return container, container.streams.video[0]


class _Source:
    """An open file, as FFmpeg is to see it.

    A damaged file may lead FFmpeg to a position that no file has. It expects a seek there to fail
    and goes on; an exception would be raised out of FFmpeg as one of the disk.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self.read, self.tell = file.read, file.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position; what FFmpeg calls an error where there is none."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return -errno.EINVAL


def _open(file: BinaryIO, path: PathLike) -> av.container.InputContainer:
    """FFmpeg's demuxer of an open file."""
    import av

    options = {
        'format_whitelist': ','.join(CONTAINERS),
        'protocol_whitelist': 'none',
        'enable_drefs': '0',  # of a MOV file: tracks that lie in other files
    }
    try:
        # `options` are for streams too, where PyAV 12 writes beyond its memory.
        return av.open(
            _Source(file),
            'r',
            container_options=options,
            metadata_errors='replace',
            buffer_size=_BUFFER,
        )
    except av.FFmpegError as error:
        what = f'is no video that FFmpeg can decode ({error})'
        raise _refused(path, what, 'damaged') from error


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream, path: PathLike
) -> Iterator[av.VideoFrame]:
    """All frames that can be decoded."""
    import av

    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except (av.InvalidDataError, av.EOFError):
                continue
            for frame in frames:
                pixels = frame.width * frame.height
                limits().check('image_pixels', pixels, 'pixels per frame', path)
                yield frame
    except av.InvalidDataError:
        return  # cut off in the middle, as by a camera that lost its power
    except av.FFmpegError as error:
        raise _refused(path, f'cannot be decoded further ({error})', 'damaged') from error


def _fps(stream: av.VideoStream) -> float:
    rate = stream.average_rate or stream.guessed_rate or 0
    return float(rate) if 0 < rate < 1e15 else 0.0


def _frame_count(container: av.container.InputContainer, stream: av.VideoStream) -> int:
    import av

    count = stream.frames
    if count < 1 and container.duration:
        count = round(container.duration / av.time_base * _fps(stream))
    return count if 0 < count <= limits().frames else 0


def _orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """How a frame is to be turned for showing.

    Returns:
        Quarters of a turn, counter-clockwise; and whether it is then mirrored, left to right.
    """
    side_data: Any = frame.side_data  # the stubs of PyAV take it for a mapping
    for data in side_data:
        if data.type.name == 'DISPLAYMATRIX':
            # The first two rows of the transform, in fixed point.
            a, b, _, c, d = (float(value) for value in np.frombuffer(bytes(data), np.int32)[:5])
            mirrored = a * d - b * c < 0
            x, y = (-a, -c) if mirrored else (a, c)
            return round(math.atan2(y, x) / (math.pi / 2)), mirrored
    return 0, False


def _is_container(start: bytes) -> bool:
    """Whether FFmpeg will take a file that starts so for a video, and for nothing else."""
    text = start.partition(b'\0')[0].lower()  # as far as it reads text
    if b'c=IN IP' in start or b'<mpd' in text:  # SDP and DASH may begin with anything
        return False
    return (
        _is_mp4(start)
        or _is_matroska(start)
        or start.startswith((b'\0\0\1', _ASF))
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


def _refused(path: PathLike, what: str, code: str) -> FileFormatError:
    return FileFormatError(
        f'{os.fspath(path)}: {what}; convert it, for example with '
        '`ffmpeg -i <file> -c:v libx264 -crf 18 new.mp4`',
        code=code,
        file=path,
        found=what,
    )
