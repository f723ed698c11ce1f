"""Detection runs once per image, resumes, and its file appears whole."""

import errno
import itertools
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from errors import fails
from small_disk import small_disk

from mmpose_ours.detections import (
    DetectionsWriter,
    journal,
    read_detections,
    write_detections,
    writer,
)
from mmpose_ours.detections.cache import LazyImage, detect_recording, image_key, made_here
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.disk.locks import ChangedError, InUseError

CAMERAS = ('a', 'b')


class Counting:
    """Finds one person where an image's first pixel says, and counts what it looked at."""

    name = 'counting'

    def __init__(self, version='1'):
        self.version = version
        self.seen = []

    def detect(self, images):
        self.seen += [int(image[0, 0, 0]) for image in images]
        return [np.full((1, 17, 3), (image[0, 0, 0] + 1 / 3, 2, 0.5)) for image in images]


def recording(folder, frames=4):
    """Images whose first pixel is 10 times the frame, plus the camera's place."""
    for camera, frame in itertools.product(CAMERAS, range(frames)):
        path = folder / camera / f'{frame:06d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.full((4, 4, 3), 10 * frame + CAMERAS.index(camera), np.uint8)
        assert cv2.imwrite(str(path), image)
    return [
        (f'{frame:06d}', {camera: folder / camera / f'{frame:06d}.png' for camera in CAMERAS})
        for frame in range(frames)
    ]


def run(frames, detector, path, **options):
    return dict(detect_recording(frames, detector, path, **options))


@pytest.mark.parametrize('ending', ['json', 'npz'])
@pytest.mark.parametrize('batch', [1, 3])
def test_the_second_time_nothing_is_detected(tmp_path, ending, batch):
    frames = recording(tmp_path)
    path = tmp_path / f'keypoints_2d.{ending}'
    first, second = Counting(), Counting()
    found = run(frames, first, path, batch=batch)
    assert sorted(first.seen) == [0, 1, 10, 11, 20, 21, 30, 31]
    written = path.read_bytes()
    again = run(frames, second, path, batch=batch)
    assert second.seen == [] and path.read_bytes() == written and made_here(path)
    read = read_detections(path, CAMERAS)
    assert list(found) == list(again) == list(read) == [frame for frame, _ in frames]
    for frame, views in found.items():
        for camera in CAMERAS:
            people = views[camera].array
            np.testing.assert_array_equal(people, again[frame][camera].array)
            np.testing.assert_array_equal(people, read[frame][camera])
    assert found['000003']['b'].array[0, 0, 0] == np.float32(31.333)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith('.')] == []


def test_after_an_interruption_it_goes_on(tmp_path):
    frames = recording(tmp_path)
    path = tmp_path / 'keypoints_2d.json'
    partial = tmp_path / '.keypoints_2d.json.partial'

    class Dying(Counting):
        def detect(self, images):
            if len(self.seen) == 4:
                raise KeyboardInterrupt
            return super().detect(images)

    with pytest.raises(KeyboardInterrupt):
        run(frames, Dying(), path)
    assert not path.exists() and partial.exists()
    with open(partial, 'a') as file:
        file.write('0a1b2c3d 7 "000002" {"images": {"a"')  # killed in mid-line
    rest = Counting()
    assert list(run(frames, rest, path)) == [frame for frame, _ in frames]
    assert rest.seen == [20, 21, 30, 31]
    assert len(read_detections(path)) == 4 and not partial.exists()


def test_what_changed_is_detected_again(tmp_path):
    frames = recording(tmp_path)
    path = tmp_path / 'k.json'
    run(frames[:3], Counting(), path)
    image = frames[1][1]['b']
    cv2.imwrite(str(image), np.full((4, 4, 3), 99, np.uint8))
    os.utime(image, ns=(1, 1))
    other = Counting()
    run(frames[1:], other, path)
    assert other.seen == [99, 30, 31], 'the new image and the new frame'
    read = read_detections(path)
    assert list(read) == [frame for frame, _ in frames], 'frame 0 stays though it did not come'
    assert read['000001']['b'][0, 0, 0] == np.float32(99.333)
    said = []
    newer = Counting('2')
    run(frames, newer, path, say=said.append)
    assert len(newer.seen) == 8
    assert said == [
        f'{path}: was found by counting 1, now it is counting 2: everything is detected again'
    ]


def test_arrays_and_lazy_images_are_known_by_content_and_key(tmp_path):
    read = []

    def lazy(key, value):
        def image():
            read.append(key)
            return np.full((2, 2, 3), value, np.uint8)

        return LazyImage(key, image)

    def frames(value=5):
        yield '0', {'a': np.full((2, 2, 3), value, np.uint8), 'b': lazy('video 0', 7)}

    run(frames(), Counting(), tmp_path / 'k.npz')
    second = Counting()
    run(frames(), second, tmp_path / 'k.npz')
    assert second.seen == [] and read == ['video 0']
    run(frames(6), second, tmp_path / 'k.npz')
    assert second.seen == [6] and read == ['video 0']
    for _ in range(2):
        run([('1', {'a': lazy('', 8)})], second, tmp_path / 'k.npz')
    assert second.seen == [6, 8, 8], 'what has no key is never known again'


def test_a_dead_camera_is_reported_once_and_left_out(tmp_path):
    frames = recording(tmp_path)
    for frame, images in frames[1:]:
        images['b'].write_bytes(b'' if frame != '000002' else b'no image')
    said = []
    found = run(frames, Counting(), tmp_path / 'k.json', say=said.append)
    assert [list(views) for views in found.values()] == [['a', 'b'], ['a'], ['a'], ['a']]
    assert len(said) == 2 and "camera 'b'" in said[0] and '000001.png: is empty' in said[0]
    assert said[1] == "warning: camera 'b': 3 images could not be read"


def test_keypoints_of_others_are_not_overwritten(tmp_path):
    path = tmp_path / 'k.json'
    write_detections(path, {'0': {'a': np.ones((1, 17, 3))}})
    before = path.read_bytes()
    # An error of the system has nothing but its sentence.
    with pytest.raises(FileExistsError, match=r'k\.json: holds keypoints that were not detected'):
        run(recording(tmp_path), Counting(), path)
    assert path.read_bytes() == before and not made_here(path)
    path.write_text(json.dumps({'frames': 3}))
    with fails(FileFormatError, code='file-format', file=path, found=3):
        run(recording(tmp_path), Counting(), path)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith('.')] == []


def test_an_unfinished_pass_keeps_what_it_found(tmp_path):
    """The complete file, then new frames, interrupted, then an old frame alone."""
    frames = recording(tmp_path)
    path = tmp_path / 'k.json'
    run(frames[:2], Counting(), path)
    stopped = detect_recording(frames, Counting(), path)
    for _ in range(3):
        next(stopped)
    stopped.close()
    assert len(read_detections(path)) == 2
    run(frames[:1], Counting(), path)
    assert len(read_detections(path)) == 3


def test_progress_counts_frames(tmp_path):
    reported = []
    frames = recording(tmp_path)
    run(frames, Counting(), tmp_path / 'k.json', batch=3, total=4,
        progress=lambda done, total: reported.append((done, total)))  # fmt: skip
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_a_file_that_was_replaced_meanwhile_is_left_and_nothing_is_lost(tmp_path, ending):
    """As by a program that does not ask for the lock."""
    frames = recording(tmp_path)
    path, other = tmp_path / f'k.{ending}', tmp_path / f'other.{ending}'
    run(frames[:2], Counting(), path)
    run(frames[1:3], Counting(), other)
    detecting = detect_recording(frames, Counting(), path)
    for _ in range(3):
        next(detecting)
    os.replace(other, path)
    theirs = path.read_bytes()
    with fails(ChangedError, code='changed', file=path):
        list(detecting)
    assert path.read_bytes() == theirs
    rest = Counting()
    assert len(run(frames, rest, path)) == 4 and rest.seen == []
    assert len(read_detections(path)) == 4


def test_one_program_does_not_work_on_a_file_twice(tmp_path):
    frames = recording(tmp_path)
    first = detect_recording(frames, Counting(), tmp_path / 'k.json')
    next(first)
    with fails(InUseError, code='in-use', file=tmp_path / 'k.json'):
        run(frames, Counting(), tmp_path / 'k.json')
    with fails(InputError, code='out-of-range', found=0, expected=1):
        run(frames, Counting(), None, batch=0)
    assert len(list(first)) == 3
    assert len(run(frames, Counting(), tmp_path / 'k.json')) == 4


def test_a_journal_of_version_0_1_is_detected_again(tmp_path):
    frames = recording(tmp_path)
    wrong = {'frame': '000000', 'images': {}, 'views': {'a': [[[9, 9, 0.5]] * 17], 'b': []}}
    head = {'detector': 'counting', 'version': '1'}
    partial = tmp_path / '.k.json.partial'
    partial.write_text(f'{json.dumps(head)}\n{json.dumps(wrong)}\n')
    said = []
    detector = Counting()
    run(frames, detector, tmp_path / 'k.json', say=said.append)
    assert len(detector.seen) == 8 and len(said) == 1 and str(partial) in said[0]
    assert read_detections(tmp_path / 'k.json')['000000']['a'][0, 0, 0] == np.float32(0.333)


@pytest.mark.parametrize('images', [None, [], {'000000': []}, {'000000': {'a': 1}}])
@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_a_file_with_a_broken_source_is_an_input_error(tmp_path, images, ending):
    path = tmp_path / f'k.{ending}'
    with DetectionsWriter(path) as writer:
        writer.add('000000', {'a': np.ones((1, 17, 3))})
        writer.source = {'detector': 'counting', 'version': '1', 'images': images}
    before = path.read_bytes()
    with fails(InputError, file=path):
        run(recording(tmp_path), Counting(), path)
    assert path.read_bytes() == before


def test_an_image_without_people_of_its_own_is_detected(tmp_path):
    """The file says that it knows the image, and has no view of it."""
    frames = recording(tmp_path, 2)
    path, first, second = tmp_path / 'k.json', Counting(), Counting()
    found = run(frames, first, path)
    data = json.loads(path.read_text())
    del data['frames']['000001']['b']
    path.write_text(json.dumps(data))
    again = run(frames, second, path)
    assert second.seen == [11]
    np.testing.assert_array_equal(again['000001']['b'].array, found['000001']['b'].array)


@pytest.mark.parametrize('what', ['journal', 'final'])
def test_a_full_disk_names_the_file_and_what_was_detected_stays(tmp_path, monkeypatch, what):
    """The final file is smaller than its journal, so its disk is another one."""
    frames = recording(tmp_path)
    path = tmp_path / 'k.json'
    partial = tmp_path / '.k.json.partial'
    small_disk(monkeypatch, journal if what == 'journal' else writer, 3_000)
    with pytest.raises(OSError) as refused:
        run(frames, Counting(), path)
    assert refused.value.errno == errno.ENOSPC
    assert refused.value.filename == str(partial if what == 'journal' else path)
    assert not path.exists()
    monkeypatch.undo()
    rest = Counting()
    assert len(run(frames, rest, path)) == 4 and len(read_detections(path)) == 4
    assert len(rest.seen) == (0 if what == 'final' else 2)
    assert not partial.exists()


def test_an_image_is_known_by_text(tmp_path):
    plain, other = tmp_path / 'ä.png', tmp_path / os.fsdecode(b'\xff_1.png')
    for path in (plain, other):
        path.write_bytes(b'1')
    assert image_key(plain).startswith('ä.png 1 ')
    assert image_key(other).startswith('\\xff_1.png 1 ')


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='needs named pipes')
def test_a_pipe_is_no_cache(tmp_path):
    path = tmp_path / 'keypoints_2d.json'
    os.mkfifo(path)
    with pytest.raises(OSError) as caught:
        made_here(path)
    assert caught.value.errno == errno.EINVAL and caught.value.filename == str(path)


def test_a_run_that_writes_nothing_removes_what_a_killed_one_left(tmp_path):
    """Killed while it put the file together, which another run then did."""
    frames, path = recording(tmp_path), tmp_path / 'keypoints_2d.json'
    run(frames, Counting(), path)
    code = (
        'import os, sys\nfrom mmpose_ours.io.disk.files import whole_path\n'
        'with whole_path(sys.argv[1]):\n    os._exit(9)'
    )
    assert subprocess.run([sys.executable, '-c', code, str(path)]).returncode == 9
    assert len(list(tmp_path.glob('.keypoints*.tmp'))) == 1
    run(frames, Counting(), path)
    assert not list(tmp_path.glob('.keypoints*.tmp'))
