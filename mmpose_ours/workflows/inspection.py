"""What a file or folder is: a calibration, 2D keypoints, a recording, 3D poses; what takes it."""

from __future__ import annotations

import collections
import dataclasses
import re
import shlex
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence

from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.direction import UnsaidDirectionError
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.format_table import FORMATS, recognise_files
from mmpose_ours.calibration.parsing.source import Source as CalibrationSource
from mmpose_ours.detections import read_keypoints
from mmpose_ours.detections.arrays import cameras_of
from mmpose_ours.detections.format_table import recognise
from mmpose_ours.detections.formats.source import Source as KeypointSource
from mmpose_ours.detections.summary import listed, summarise, table
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.geometry.rig import list_names
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.parsers.video import open_video
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.recordings.endings import IMAGE_ENDINGS, VIDEO_ENDINGS
from mmpose_ours.recordings.files import first_size, natural_key
from mmpose_ours.synthetic.noise_profiles import read_profile
from mmpose_ours.text import counted

CALIBRATION, KEYPOINTS, RECORDING, POSES = 'calibration', '2D keypoints', 'recording', '3D poses'
NOISE, WEIGHTS = 'detector noise model', 'weights'
WEIGHT_ENDINGS = ('.pth', '.pt', '.safetensors')
# Files and folders that are looked at one by one, and folders within each other.
MOST_PLACES, DEPTH = 100, 3
Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that was found.

    Args:
        path: The file or folder.
        kind: What it is, in a word or two.
        summary: What is in it, in a sentence.
        details: Further lines.
        commands: Command lines that take it.
        files: The files that belong to it; empty where it is the whole path.
        options: Options that these commands need besides the path.
    """

    path: Path
    kind: str
    summary: str
    details: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    options: str = ''


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Everything that was found under one path.

    Args:
        path: It.
        findings: What it is; a folder may be several things.
        refusals: Where nothing was found: why each kind of reader refused it.
    """

    path: Path
    findings: tuple[Finding, ...]
    refusals: tuple[str, ...] = ()


def inspect_path(path: Path, progress: Progress = lambda done, total: None) -> Inspection:
    """Find out what a file or a folder is, by its content.

    Args:
        path: A file or folder.
        progress: Called with how many of how many files of keypoints are read.

    Raises:
        FileNotFoundError: There is nothing of that name.
    """
    if not path.exists():
        raise FileNotFoundError(f'{path}: no such file or folder')
    refusals: list[str] = []
    findings = _whole(path, refusals, progress)
    if path.is_dir():
        findings += _inside(path, findings, progress)
    return Inspection(path, tuple(findings), () if findings else tuple(refusals))


def _inside(root: Path, findings: Sequence[Finding], progress: Progress) -> Iterator[Finding]:
    """What lies in a folder beside that which was found of it as a whole."""
    covered = {file for finding in findings for file in finding.files}
    # Of some only the reader knows which files they are: these are not looked at again.
    claimed = any(not finding.files for finding in findings)
    places = collections.deque((place, 1) for place in _children(root))
    left = MOST_PLACES
    while places and left:
        place, depth = places.popleft()
        is_folder = place.is_dir()
        if place in covered or (is_folder and (claimed or covered >= set(_children(place)))):
            continue
        left -= 1
        found = _whole(place, [], progress)
        yield from found
        if is_folder and depth < DEPTH:
            covered |= {file for finding in found for file in finding.files}
            if not any(not finding.files for finding in found):
                places += [(child, depth + 1) for child in _children(place)]


def next_command(findings: Iterable[Finding]) -> str:
    """The command line that takes several findings together; empty where none does."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.kind, finding)
    if CALIBRATION not in first or not first.keys() & {KEYPOINTS, RECORDING}:
        return ''
    options = {CALIBRATION: '--rig', RECORDING: '--img-root', KEYPOINTS: '--keypoints'}
    words = ['mmpose-ours predict']
    for kind, option in options.items():
        if kind in first:
            words.append(f'{option} {_quoted(first[kind].path)}{first[kind].options}')
    if KEYPOINTS not in first:
        words.append('--detector mediapipe')
    return ' '.join([*words, '--out vis'])


def _whole(path: Path, refusals: list[str], progress: Progress) -> list[Finding]:
    """What a path is as a whole, by each reader that accepts it."""
    suffix = path.suffix.lower()
    if path.is_file() and suffix in (*VIDEO_ENDINGS, *IMAGE_ENDINGS):
        return [_media_file(path)]
    if path.is_file() and suffix in WEIGHT_ENDINGS:
        use = (
            f'mmpose-ours predict --checkpoint {_quoted(path)} --config CONFIG --rig RIG '
            '--keypoints KEYPOINTS --out vis'
        )
        return [Finding(path, WEIGHTS, 'weights of a model (not opened)', commands=(use,))]
    findings = list(_recording(path)) if path.is_dir() else []
    for find in (_calibration, _poses, _noise, lambda path: _keypoints(path, progress)):
        try:
            found = find(path)
        except (InputError, ImportError, OSError) as error:
            if not any(known.startswith(str(error)) for known in refusals):
                refusals.append(str(error))
            continue
        if found is not None:
            findings.append(found)
            if path.is_file():  # a file is one thing
                break
    return findings


def _calibration(path: Path) -> Finding | None:
    source, format, reason = recognise_files(CalibrationSource(path))
    folders = {file.parent for file in source.paths}
    if path.is_dir() and path not in folders and len(folders) == 1:
        return None  # it is that folder's, which is looked at too
    module = FORMATS[format]
    unknown = [word for word in ('UNIT', 'UP') if getattr(module, word) is None]
    asked = _asked_direction(path)
    options = ''.join(f' --{word.lower()} {word.upper()}' for word in (*unknown, *asked))
    files = tuple(source.paths)
    path = files[0] if len(files) == 1 else path
    commands = (
        f'mmpose-ours check-rig {_quoted(path)}{options}',
        f'convert-calibration {_quoted(path)} OUT --to FORMAT{options}',
        f'mmpose-ours init FOLDER --rig {_quoted(path)}{options}',
    )
    try:
        read = read_calibration(path, any_up=True, any_unit=True, any_direction=True)
    except CalibrationError as error:
        what = f'{format}, recognised by {reason}; it cannot be read as it is'
        return Finding(path, CALIBRATION, what, (str(error),), commands, files, options)
    count = len(read.rig)
    details = [f'cameras: {list_names(read.rig.names, 20)}']
    sizes = {camera.size for camera in read.rig}
    known = ['x'.join(map(str, size)) for size in sizes if size is not None]
    if None in sizes:
        known.append('not in the file for some cameras' if known else 'not in the file')
    details.append(f'image sizes: {", ".join(sorted(known))}')
    if len(read.rigs) > 1:
        details.append(
            f'several rigs, whose cameras belong together: {list_names(list(read.rigs), 20)}'
        )
    if unknown:
        words = ' and '.join({'UNIT': 'the unit', 'UP': 'the up axis'}[word] for word in unknown)
        details.append(f'the format does not fix {words}')
    if asked:
        details.append('the file does not say what R and T mean')
    if read.uncalibrated:
        details.append(f'not calibrated: {list_names(read.uncalibrated, 20)}')
    what = f'{format}, {counted(count, "camera")}, recognised by {reason}'
    return Finding(path, CALIBRATION, what, (*details, *read.notes), commands, files, options)


def _asked_direction(path: Path) -> tuple[str, ...]:
    """The arguments that say what R and T of a file mean, where it does not say that itself."""
    try:
        read_calibration(path, any_up=True, any_unit=True)
    except UnsaidDirectionError as error:
        return tuple(error.expected)
    except CalibrationError:
        pass
    return ()


def _keypoints(path: Path, progress: Progress) -> Finding | None:
    source = KeypointSource(path)
    format, reason = recognise(source)
    commands = (
        f'mmpose-ours keypoints {_quoted(path)} OUT.json --camera-param-file RIG',
        f'mmpose-ours predict --rig RIG --keypoints {_quoted(path)} --out vis',
    )
    try:
        frames = read_keypoints(path, progress=progress)
    except InputError as error:
        if not reason:  # nothing but its being nothing else speaks for keypoints
            raise
        what = f'{format}, recognised by {reason}; they cannot be read as they are'
        return Finding(path, KEYPOINTS, what, (str(error),), commands)
    if not frames:
        return None
    skeletons = [people.skeleton for views in frames.values() for people in views.values()]
    joints = f'{len(skeletons[0])} joints ({skeletons[0].name})' if skeletons else 'nobody'
    cameras = cameras_of(frames)
    what = (
        f'{format}, {counted(len(cameras), "camera")}, '
        f'{counted(len(frames), "frame")}, '
        f'{joints}' + (f', recognised by {reason}' if reason else '')
    )
    return Finding(path, KEYPOINTS, what, tuple(table(summarise(frames))), commands)


def _poses(path: Path) -> Finding | None:
    """3D poses; whatever else has frames is refused by other readers better."""
    data = read_json(path) if path.suffix.lower() == '.json' and path.is_file() else None
    if not isinstance(data, dict) or not isinstance(data.get('frames'), dict):
        return None
    # 2D keypoints have cameras in each frame.
    listed = any(isinstance(people, list) for people in data['frames'].values())
    if not (listed or {'joints', 'unit'} <= data.keys()):
        return None
    commands = (
        f'mmpose-ours view {_quoted(path)} --rig RIG --out vis',
        f'mmpose-ours export {_quoted(path)} poses.trc',
        f'mmpose-ours evaluate --without-truth --pred {_quoted(path)} --rig RIG '
        '--keypoints KEYPOINTS',
    )
    try:
        predictions = read_predictions(path)
    except InputError as error:
        what = 'people per frame; they cannot be read as they are'
        return Finding(path, POSES, what, (str(error),), commands)
    people = sum(map(len, predictions.frames.values()))
    rate = f', {predictions.fps:g} frames per second' if predictions.fps else ''
    ids = ', with track IDs' if predictions.tracked else ''
    what = (
        f'{counted(len(predictions.frames), "frame")}, {counted(people, "pose")} of '
        f'{predictions.skeleton.name} in '
        f'{predictions.unit}, {predictions.up} up{ids}{rate}'
    )
    return Finding(path, POSES, what, commands=commands)


def _noise(path: Path) -> Finding | None:
    data = read_json(path) if path.suffix.lower() == '.json' and path.is_file() else None
    if not isinstance(data, dict) or 'faults' not in data:
        return None
    read_profile(path)
    use = f'faults={str(path)!r} in the dataset of a training config'
    return Finding(path, NOISE, 'measured by fit-noise', commands=(use,))


def _media_file(path: Path) -> Finding:
    if path.suffix.lower() in VIDEO_ENDINGS:
        with open_video(path) as video:
            width, height = video.size
            frames = counted(video.frame_count, 'frame')
            what = f'a video, {width}x{height}, {video.fps:g} fps, {frames}'
    else:
        width, height = first_size([path])[1]
        what = f'an image, {width}x{height}'
    hint = 'a recording is a folder with a video or a folder of images per camera'
    return Finding(path, RECORDING, what, (hint,))


def _recording(root: Path) -> Iterator[Finding]:
    """Videos and images of a folder and of the folders in it, by the camera that names suggest."""
    # What `init` draws of the rig is no image of a camera.
    cameras = _by_camera(file for file in _files(root) if file.name != 'rig.png')
    for folder in _children(root):
        inside = _by_camera(_files(folder)) if folder.is_dir() else {}
        if len(inside) == 1:  # a folder with images of several cameras is a recording by itself
            cameras.setdefault(folder.name, []).extend(*inside.values())
    if not cameras:
        return
    names = sorted(cameras)
    lines = [f'{name or "(images)"}: {_media(cameras[name])}' for name in names[:20]]
    what = f'{len(names)} camera{"s" * (len(names) != 1)}: {listed(names, 20)}'
    use = f'mmpose-ours predict --rig RIG --img-root {_quoted(root)} --out vis'
    check = f'mmpose-ours check-rig RIG --images {_quoted(root)}'
    files = tuple(file for files in cameras.values() for file in files)
    yield Finding(root, RECORDING, what, tuple(lines), (check, use), files)


def _media(files: Sequence[Path]) -> str:
    """What one camera recorded."""
    first = min(files, key=natural_key)
    try:
        if first.suffix.lower() not in VIDEO_ENDINGS:
            width, height = first_size([first])[1]
            return f'{len(files)} image{"s" * (len(files) != 1)}, {width}x{height}'
        with open_video(first) as video:
            width, height = video.size
            frames = counted(video.frame_count, 'frame')
            return f'{first.name}, {width}x{height}, {video.fps:g} fps, {frames}'
    except (FileFormatError, OSError) as error:
        return str(error)


def _by_camera(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Videos and images by what their names begin with; '' where these are only numbers."""
    cameras: dict[str, list[Path]] = {}
    for file in files:
        suffix = file.suffix.lower()
        if suffix in VIDEO_ENDINGS:
            cameras.setdefault(file.stem, []).append(file)
        elif suffix in IMAGE_ENDINGS:
            parts = re.fullmatch(r'(.*?)[_.-]?\d*', file.stem)
            cameras.setdefault(parts[1] if parts else '', []).append(file)
    return cameras


def _children(folder: Path) -> list[Path]:
    """Files and folders that are not hidden, the files first."""
    found = [path for path in folder.iterdir() if path.name[0] != '.']
    return sorted(found, key=lambda path: (path.is_dir(), natural_key(path)))


def _files(folder: Path) -> list[Path]:
    return [path for path in _children(folder) if path.is_file()]


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
