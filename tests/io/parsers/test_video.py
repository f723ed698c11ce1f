"""Only local videos are opened, whatever their content and name ask FFmpeg for."""

import gc
import os
import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from errors import fails
from fuzz.samples.media import CODECS, FRAMES, avi_of, image, noise, read_video, write_video

from mmpose_ours.errors import FileFormatError, InputError, LimitError
from mmpose_ours.io.limits import limited
from mmpose_ours.io.parsers import video as video_module
from mmpose_ours.io.parsers.video import Video, _is_container, open_video
from mmpose_ours.recordings.files import VIDEO_ENDINGS


@pytest.mark.parametrize('ending', sorted(CODECS))
def test_frames_are_what_opencv_decodes(tmp_path, ending):
    path = write_video(tmp_path / f'a.{ending}')
    capture = cv2.VideoCapture(str(path))
    with open_video(path) as video:
        assert video.size == (64, 48) and video.fps == pytest.approx(25)
        if ending not in ('mpg', 'mpeg'):  # they do not say, and OpenCV's estimate is wrong
            assert video.frame_count == int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        for _ in range(FRAMES):
            np.testing.assert_array_equal(video.read()[1], capture.read()[1])
        assert video.read() == (False, None)
    assert read_video(path) == FRAMES


def test_large_frames_are_what_opencv_decodes(tmp_path):
    """As of a phone: H.264 with several frames that refer to each other, in one video."""
    path = tmp_path / 'a.mp4'
    images = [noise(270, 482) for _ in range(3)]
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = 482, 270, 'yuv420p'
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(np.roll(images[index % 3], index, 1), format='bgr24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    capture = cv2.VideoCapture(str(path))
    with open_video(path) as video:
        assert video.fps == pytest.approx(30000 / 1001) and video.frame_count == 30
        for _ in range(30):
            np.testing.assert_array_equal(video.read()[1], capture.read()[1])
        assert not video.grab()


def turned_by(quarters: int, mirrored: bool = False) -> bytes:
    """The display matrix of a frame that is to be shown turned, clockwise, and then mirrored."""
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][quarters]
    flip = -1 if mirrored else 1
    values = (flip * cos << 16, sin << 16, 0, flip * -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    return struct.pack('>9i', *values)


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('quarters', range(4))
def test_frames_of_phones_are_upright(tmp_path, quarters, mirrored):
    path = tmp_path / 'a.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 25.0, (64, 48))
    for _ in range(2):
        writer.write(noise())
    writer.release()
    with open_video(path) as video:
        stored = video.read()[1]
    content = path.read_bytes()
    at = content.index(b'tkhd') + 4 + 40
    assert content[at : at + 36] == turned_by(0)
    path.write_bytes(content[:at] + turned_by(quarters, mirrored) + content[at + 36 :])
    with open_video(path) as video:
        frame = video.read()[1]
        turned = np.rot90(stored, -quarters)
        np.testing.assert_array_equal(frame, turned[:, ::-1] if mirrored else turned)
        assert video.size == frame.shape[1::-1] == ((48, 64) if quarters % 2 else (64, 48))
        assert frame.flags.c_contiguous


def test_frames_may_change_their_size(tmp_path):
    """OpenCV 4.11 overruns its memory there."""
    sizes = [(64, 48), (320, 240), (16, 16), (640, 480)]
    path = tmp_path / 'a.avi'
    path.write_bytes(avi_of([image('.jpg', noise(*size[::-1])) for size in sizes], sizes[0]))
    with open_video(path) as video:
        assert [video.read()[1].shape[1::-1] for _ in sizes] == sizes
        assert video.read() == (False, None)
    with limited(image_pixels=320 * 240), open_video(path) as video:
        assert [video.read()[1].shape[1::-1] for _ in range(3)] == sizes[:3]
        with pytest.raises(InputError):
            video.read()


def test_a_damaged_frame_is_left_out(tmp_path):
    frames = [image('.jpg', noise())] * 3
    path = tmp_path / 'a.avi'
    path.write_bytes(avi_of([frames[0], b'no frame', frames[2]], (64, 48)))
    assert read_video(path) == 2
    path.write_bytes(avi_of([b'no frame'] * 3, (64, 48)))
    with fails(FileFormatError, code='damaged', file=path):
        read_video(path)


def test_colours_that_ffmpeg_cannot_convert(tmp_path):
    path = tmp_path / 'a.mpg'
    with av.open(str(path), 'w', format='mpeg2video') as container:
        stream = container.add_stream('mpeg2video', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        stream.codec_context.color_trc = 1  # BT.709: written into a display extension
        for frame in [av.VideoFrame.from_ndarray(noise(), format='bgr24'), None]:
            container.mux(stream.encode(frame))
    assert read_video(path) == 1
    content, extension = path.read_bytes(), b'\0\0\1\xb5\x2b'
    at = content.index(extension) + len(extension)
    # Primaries, transfer and matrix that no standard has.
    path.write_bytes(content[:at] + bytes([255, 243, 65]) + content[at + 3 :])
    with fails(FileFormatError, code='damaged', file=path):
        read_video(path)


def test_a_size_that_leads_out_of_the_file(tmp_path):
    """No file system has such a position: FFmpeg goes on with what it has, or gives up."""
    path = write_video(tmp_path / 'a.wmv')
    good = path.read_bytes()
    path.write_bytes(good[:52] + b'\xff' + good[53:])  # of an ASF object's size
    assert read_video(path) == 5
    path.write_bytes(good[:46] + b'\xff' + good[47:])  # of the header's
    with fails(FileFormatError, code='damaged', file=path):
        read_video(path)


@pytest.mark.parametrize('ending', sorted(CODECS))
def test_a_recording_that_was_cut_off(tmp_path, ending):
    """A camera that lost its power leaves what it had written, where the container allows it."""
    path = write_video(tmp_path / f'a.{ending}', frames=40)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    if ending in ('mp4', 'mov', '3gp', '3g2'):  # the index stands at the end
        with fails(FileFormatError, code='damaged', file=path):
            read_video(path)
    else:
        # ASF has many such small frames in one packet, and an index behind them.
        assert 3 <= read_video(path) < 40 + (ending in ('asf', 'wmv'))


def test_nothing_piles_up(tmp_path):
    """PyAV's frames can hold themselves and their threads until garbage is collected."""
    path = write_video(tmp_path / 'a.mp4', frames=60)
    read_video(path)
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir('/proc/self/task'))
        assert read_video(path) == 50
        frames = [found for found in gc.get_objects() if type(found) is av.VideoFrame]
        assert len(frames) < 5
        assert len(os.listdir('/proc/self/task')) < before + 10
    finally:
        gc.enable()


def test_a_closed_video_has_no_more_frames(tmp_path):
    video = Video(write_video(tmp_path / 'a.mp4'))
    video.read()
    video.release()
    video.release()
    assert video.read() == (False, None) and not video.grab()


def test_names_need_not_be_text(tmp_path):
    name = os.fsdecode(b'caf\xe9.mp4')
    path = write_video(tmp_path / 'a.mp4').rename(tmp_path / name)
    assert read_video(path) == FRAMES


def test_every_promised_ending_is_tried():
    assert {f'.{ending}' for ending in (*CODECS, 'm4v')} == set(VIDEO_ENDINGS)


def playlists(target):
    """Content that FFmpeg takes for a list of files to open, and its names for it."""
    return {
        'HLS': f'#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n',
        'ffconcat': f"ffconcat version 1.0\nfile '{target}'\n",
        'SDP': 'v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\n'
        'm=video 5004 RTP/AVP 96\n',
        'DASH': '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f'<Period><AdaptationSet><Representation id="1"><BaseURL>{target}</BaseURL>'
        '</Representation></AdaptationSet></Period></MPD>',
    }


PREFIXES = {
    'nothing': b'',
    'AVI': b'RIFFxxxxAVI \n',
    'EBML': b'\x1a\x45\xdf\xa3\x93\n',
    'MP4': b'xxxxftypisom\n',
    'TS': b'G\n',
    'PS': b'\0\0\1\xba\n',
}


@pytest.mark.parametrize('kind', ['HLS', 'ffconcat', 'SDP', 'DASH'])
@pytest.mark.parametrize('prefix', PREFIXES)
def test_a_playlist_that_begins_like_a_video_is_none(tmp_path, kind, prefix):
    write_video(tmp_path / 'secret.avi')
    path = tmp_path / 'cam.avi'
    path.write_bytes(PREFIXES[prefix] + playlists('secret.avi')[kind].encode() * 20)
    with pytest.raises(FileFormatError):
        assert read_video(path) == 0
        raise FileFormatError('a video without frames')


def test_transport_streams_are_videos(tmp_path):
    assert _is_container(b''.join(b'G' + bytes(187) for _ in range(9)))
    assert _is_container(b''.join(bytes(4) + b'G' + bytes(187) for _ in range(9)))
    assert not _is_container(b'G' * 100) and not _is_container(b'')
    packets = [b'G' + b'\n' + b'c=IN IP4 127.0.0.1\n' + bytes(167) for _ in range(9)]
    assert not _is_container(b''.join(packets))


@pytest.mark.parametrize('kind', ['HLS', 'ffconcat', 'SDP', 'DASH'])
@pytest.mark.parametrize('ending', VIDEO_ENDINGS)
def test_a_playlist_is_no_video(tmp_path, kind, ending):
    write_video(tmp_path / 'secret.avi')
    path = tmp_path / f'cam{ending}'
    path.write_text(playlists('secret.avi')[kind])
    with fails(FileFormatError, code='file-format', file=path):
        read_video(path)


def test_ffmpeg_itself_opens_no_other_file(tmp_path, monkeypatch):
    """The second line of defence, should a list ever look like a video."""
    write_video(tmp_path / 'secret.avi')
    path = tmp_path / 'cam.avi'
    path.write_text(playlists('secret.avi')['ffconcat'])
    with av.open(str(path), options={'safe': '0'}) as attack:
        assert next(attack.decode(video=0)), 'an attack without it'
    monkeypatch.setattr(video_module, '_is_container', lambda start: True)
    with fails(FileFormatError, code='damaged', file=path):
        read_video(path)
    assert read_video(tmp_path / 'secret.avi') == FRAMES


@pytest.mark.parametrize(
    'name',
    ['http://127.0.0.1:9/a.mp4', 'concat:a.avi|a.avi', 'file:a.avi', 'img_%03d.avi', '-', 'pipe:0',
     'subfile,,start,0,end,9,,:a.avi', 'videotestsrc ! appsink', '0', '/dev/video0'],
)  # fmt: skip
def test_names_are_those_of_files(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / 'a.avi')
    for number in range(3):
        (tmp_path / f'img_{number:03d}.avi').write_bytes(image('.jpg'))
    with pytest.raises(OSError):
        read_video(name)


def test_a_file_named_like_a_protocol_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = write_video(tmp_path / 'a.avi').read_bytes()
    for name in ('concat:a.avi', 'img_%03d.avi', '0'):
        (tmp_path / name).write_bytes(content)
        assert read_video(name) == FRAMES


def test_only_regular_files_are_opened(tmp_path):
    (tmp_path / 'folder.mp4').mkdir()
    os.mkfifo(tmp_path / 'pipe.mp4')
    (tmp_path / 'device.mp4').symlink_to('/dev/zero')
    for name in ('folder.mp4', 'pipe.mp4', 'device.mp4', 'missing.mp4', 'null\0.mp4'):
        with pytest.raises(OSError):
            read_video(tmp_path / name)


def test_a_track_in_another_file_is_not_followed(tmp_path):
    """A MOV file may say that its frames lie elsewhere."""
    path = write_video(tmp_path / 'a.mov')
    content = path.read_bytes()
    (tmp_path / 'secret.mov').write_bytes(content)
    own = b'\0\0\0\x0curl \0\0\0\1'
    assert content.count(own) == 1
    # alis: a record of 150 bytes with the path, of which FFmpeg tries the last part
    name = b'secret.mov'
    record = bytearray(150)
    struct.pack_into('>H', record, 4, 150)
    record[10 : 11 + 7] = b'\x07secret:'[:8]
    record += struct.pack('>HH', 2, len(name)) + name + struct.pack('>hh', -1, 0)
    entry = struct.pack('>I4sI', 12 + len(record), b'alis', 0) + bytes(record)
    grown = len(entry) - len(own)
    changed = bytearray(content.replace(own, entry))
    for box in (b'moov', b'trak', b'mdia', b'minf', b'dinf', b'dref'):
        at = changed.index(box) - 4
        struct.pack_into('>I', changed, at, struct.unpack_from('>I', changed, at)[0] + grown)
    media = changed.index(b'mdat')
    changed[media + 4 : media + 1000] = b'\0' * 996  # its own frames are gone
    path.write_bytes(bytes(changed))
    with pytest.raises(FileFormatError):
        assert read_video(path) == 0
        raise FileFormatError('no frame')


def test_large_frames_are_refused(tmp_path):
    path = write_video(tmp_path / 'a.mp4')
    with limited(image_pixels=64 * 48):
        assert read_video(path) == FRAMES
    with limited(image_pixels=64 * 48 - 1), pytest.raises(LimitError) as refused:
        read_video(path)
    assert refused.value.limit == 'image_pixels'
    path.write_bytes(avi_of([b''], (16384, 16384)))
    with pytest.raises(InputError):
        read_video(path)


def test_a_claimed_number_of_frames_is_not_believed(tmp_path):
    path = tmp_path / 'a.avi'
    frames = [image('.jpg', noise())] * 3
    path.write_bytes(avi_of(frames, (64, 48), count=2**31 - 5))
    with open_video(path) as video:
        assert video.frame_count == 0
    path.write_bytes(avi_of(frames, (64, 48)))
    with open_video(path) as video:
        assert video.frame_count == 3
