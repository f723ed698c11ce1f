"""Images are judged by their headers before anything is decoded."""

import os
import resource
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
from errors import fails
from fuzz.samples.media import claiming, image, noise

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited
from mmpose_ours.io.parsers.image_headers import read_image_header
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.recordings.files import IMAGE_ENDINGS

NAMES = ('.jpg', 'progressive', '.png', '.bmp', '.tiff', '16 bit', '.webp')


@pytest.mark.parametrize('name', [*NAMES, *IMAGE_ENDINGS])
def test_the_header_says_what_opencv_decodes(tmp_path, name):
    content = image(name)
    header = read_image_header(content)
    assert (header.width, header.height) == (64, 48) and not header.unsupported
    assert header.scans == {'progressive': 10}.get(name, 1)
    path = tmp_path / 'image'  # whatever the name
    path.write_bytes(content)
    decoded = decode_image(path)
    assert decoded.dtype == (np.uint16 if name == '16 bit' else np.uint8)
    np.testing.assert_array_equal(
        decoded,
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH),
    )


@pytest.mark.parametrize('name', NAMES)
def test_an_image_cut_within_its_header_is_none(name):
    content = image(name)
    for end in range(25):
        assert read_image_header(content[:end]) is None


@pytest.mark.parametrize('name', ['.jpg', 'progressive', '.png', '.bmp', '.tiff', '.webp'])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, monkeypatch, name):
    monkeypatch.setattr(cv2, 'imdecode', lambda *_: pytest.fail('decoded'))
    path = tmp_path / 'a'
    path.write_bytes(claiming(name, 16383, 16383))
    with pytest.raises(LimitError) as refused:
        decode_image(path)
    assert refused.value.limit == 'image_pixels' and refused.value.found == 16383**2


def test_limits_are_inclusive_and_hold_for_bytes_too(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(image('.png'))
    size = path.stat().st_size
    with limited(image_pixels=48 * 64, image_bytes=size):
        assert decode_image(path).shape == (48, 64, 3)
    for limit, value in (('image_pixels', 48 * 64 - 1), ('image_bytes', size - 1)):
        with limited(**{limit: value}), pytest.raises(LimitError) as refused:
            decode_image(path)
        assert refused.value.limit == limit


def test_a_png_of_30000_pixels_a_side_takes_no_memory(tmp_path):
    """2.6 MB that OpenCV unpacks to 2.7 GB, and to 6 GB on the way."""
    (tmp_path / 'a.png').write_bytes(claiming('.png', 30000, 30000))
    code = (
        'import sys, cv2, numpy, resource\n'
        'from pathlib import Path\n'
        'from mmpose_ours.errors import LimitError\n'
        'from mmpose_ours.io.parsers.images import decode_image\n'
        'before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n'
        'try: decode_image(Path(sys.argv[1]))\n'
        'except LimitError: pass\n'
        'else: sys.exit("read")\n'
        'print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(tmp_path / 'a.png')],
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert int(done.stdout) < 20_000  # kB


def test_a_header_of_a_jpeg_is_not_that_of_its_preview(tmp_path):
    """EXIF data hold a smaller JPEG."""
    preview = image('.jpg', noise(12, 16))
    whole = image('.jpg')
    segment = b'\xff\xe1' + (len(preview) + 2).to_bytes(2, 'big') + preview
    path = tmp_path / 'a.jpg'
    path.write_bytes(whole[:2] + segment + whole[2:])
    header = read_image_header(path.read_bytes())
    assert (header.width, header.height, header.scans) == (64, 48, 1)
    assert decode_image(path).shape == (48, 64, 3)


def test_thousands_of_scans_are_refused(tmp_path):
    """Each costs a pass over all pixels: 2 kB kept a decoder busy for minutes."""
    content = image('progressive')
    last = content.rindex(b'\xff\xda')
    path = tmp_path / 'a.jpg'
    path.write_bytes(content[:-2] + content[last:-2] * 1000 + b'\xff\xd9')
    with fails(FileFormatError, code='cannot-express', file=path, found='1010 scans'):
        decode_image(path)


def test_animations_are_no_images(tmp_path):
    still = image('.webp')
    extended = b'VP8X' + (10).to_bytes(4, 'little') + bytes([2, 0, 0, 0, 63, 0, 0, 47, 0, 0])
    body = b'WEBP' + extended + still[12:]
    png = image('.png')
    control = b'\0\0\0\x08acTL' + bytes([0, 0, 0, 2, 0, 0, 0, 0]) + b'\0\0\0\0'
    for name, content in (
        ('a.webp', b'RIFF' + len(body).to_bytes(4, 'little') + body),
        ('a.png', png[:33] + control + png[33:]),
    ):
        (tmp_path / name).write_bytes(content)
        file = tmp_path / name
        with fails(FileFormatError, code='cannot-express', file=file, found='an animation'):
            decode_image(file)


def test_samples_of_more_than_16_bits_are_refused(tmp_path):
    path = tmp_path / 'a.tiff'
    path.write_bytes(image('.tiff', np.zeros((4, 5, 3), np.float32)))
    with pytest.raises(FileFormatError):
        decode_image(path)


@pytest.mark.parametrize('ending', ['.ppm', '.hdr', '.jp2', '.ras', '.pfm'])
def test_formats_that_no_ending_promises_are_not_decoded(tmp_path, ending):
    pixels = noise().astype(np.float32) if ending in ('.hdr', '.pfm') else noise()
    path = tmp_path / 'a.png'
    path.write_bytes(image(ending, pixels))
    with pytest.raises(FileFormatError):
        decode_image(path)


def test_only_regular_files_are_opened(tmp_path):
    """A pipe would wait for ever, and a device never ends."""
    (tmp_path / 'folder.jpg').mkdir()
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / 'device.jpg').symlink_to('/dev/zero')
    for name in ('folder.jpg', 'pipe.jpg', 'device.jpg', 'missing.jpg', 'null\0.jpg'):
        with pytest.raises(OSError) as refused:
            decode_image(tmp_path / name)
        assert refused.value.filename == str(tmp_path / name)


@pytest.mark.parametrize('kinds', [(4, 4), (9, 4)], ids=['twice', 'signed and unsigned'])
def test_a_tiff_has_one_size(tmp_path, kinds):
    """Decoders take the first of two sizes, which were held against the limit by the second."""
    sides = [(tag, kind, side) for tag in (256, 257) for kind, side in zip(kinds, (30_000, 10))]
    others = [(258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, 10)]
    tags = [*sides, *others, (279, 4, 100)]
    entries = b''.join(struct.pack('<HHII', tag, kind, 1, value) for tag, kind, value in tags)
    path = tmp_path / 'a.tiff'
    path.write_bytes(
        struct.pack('<4sI', b'II*\0', 108) + bytes(100) + struct.pack('<H', len(tags)) + entries
        + bytes(4)
    )  # fmt: skip
    assert read_image_header(path.read_bytes()) is None
    with pytest.raises(FileFormatError):
        decode_image(path)
