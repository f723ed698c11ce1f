"""No reader is forgotten: neither a registered format nor a module that opens foreign files."""

import ast
import fnmatch
import functools
import re
from pathlib import Path

import pytest

from mmpose_ours.calibration import FORMATS as CALIBRATIONS
from mmpose_ours.detections import FORMATS as KEYPOINTS
from mmpose_ours.recordings.files import IMAGE_ENDINGS, VIDEO_ENDINGS
from mmpose_ours.synthetic.poses.sources import KINDS as POSES

from .targets import TARGETS

PACKAGE = Path(__file__).resolve().parents[2] / 'mmpose_ours'
# Functions that open or parse a file's bytes, by their last name or by module and name.
CALLS = {
    'read_bytes', 'read_text', 'read_json', 'parse_json', 'read_pickle', 'parse_small_pickle',
    'np.load', 'np.loadtxt', 'np.fromfile', 'np.genfromtxt', 'np.memmap', 'zipfile.ZipFile',
    'ZipFile', 'tarfile.open', 'cv2.imdecode', 'cv2.imread', 'cv2.VideoCapture',
    'cv2.FileStorage', 'torch.load', 'torch.jit.load', 'safe_open', 'load_file', 'yaml.load',
    'yaml.safe_load', 'tomllib.loads', 'tomllib.load', 'tomli.loads', 'tomli.load',
    'ElementTree.parse', 'ElementTree.fromstring', 'json.load', 'json.loads', 'pickle.load',
    'pickle.loads', 'loadmat', 'open_regular', 'read_regular', 'Config.fromfile', 'csv.reader',
}  # fmt: skip
# Module (or folder) of the package, and the targets that read through it.
COVERED = {
    'calibration/': 'calibration *',
    'checkpoints/reading.py': 'checkpoint *',
    'cli/align_rig.py': 'floor points',
    'workflows/inspection.py': 'data folder',
    'workflows/prepare/archives.py': 'archive *',
    'workflows/train_rig/progress_record.py': 'record of train-rig',
    'io/parsers/config_data.py': 'config as data',
    'detections/formats/alphapose.py': 'keypoints alphapose',
    'detections/cache.py': 'cache *',
    'detections/formats/coco.py': 'keypoints coco',
    'detections/journal.py': 'journal',
    'detections/formats/own_json.py': 'keypoints json',
    'detections/formats/mmpose.py': 'keypoints mmpose',
    'detections/formats/own_npz.py': 'keypoints npz',
    'detections/formats/openpose.py': 'keypoints openpose',
    'detections/formats/delimited.py': 'keypoints deeplabcut',
    'detections/formats/easymocap.py': 'keypoints easymocap',
    'detections/formats/kinetics.py': 'keypoints kinetics',
    'detections/formats/listed_people.py': 'keypoints openpifpaf',
    'detections/formats/unrecognised.py': 'keypoints *',
    'detections/formats/source.py': 'keypoints pose2sim',
    'checkpoints/model_zoo.py': 'checkpoint *',
    'checkpoints/work_dir.py': 'work directory',
    'evaluation/panoptic_truth.py': 'truth panoptic',
    'io/parsers/arrays.py': 'keypoints npz',
    'io/parsers/images.py': 'image *',
    'io/json_files.py': 'people.json',
    'io/disk/locks.py': 'holder of a lock',
    'io/parsers/matfiles.py': 'mat',
    'io/parsers/pickles.py': 'pickle*',
    'io/disk/regular_files.py': 'config as data',
    'checkpoints/torch_files.py': 'checkpoint *',
    'io/parsers/video.py': 'video *',
    'predictions/reading.py': 'people.json',
    'synthetic/poses/bvh_reader.py': 'poses BVH',
    'synthetic/poses/pose_bank.py': 'poses pickle',
    'synthetic/poses/sources.py': 'poses *',
    'synthetic/noise_profiles.py': 'profile',
    'synthetic/poses/trc_reader.py': 'poses TRC',
    'checkpoints/shipped_weights.py': 'checkpoint safetensors',
}
TRUSTED = 'configs are code and trusted, see SECURITY.md'
# Modules that open no file which a user may have been sent, or parse nothing of it.
OWN_FILES = {
    'kernels/compiling.py': 'its own source files, and the folder of compiled code',
    'cli/predict.py': 'opens a session, not a file',
    'workflows/train_rig/job.py': 'hashes content',
    'workflows/train_rig/preparation.py': 'logs and records of its own run',
    'engine/config_files.py': TRUSTED,
    'io/config_checks.py': TRUSTED,
    'detectors/mediapipe_bundles.py': 'writes an archive in memory',
    'detectors/mediapipe_models.py': 'models with a checksum, out of the wheel of MediaPipe',
    'engine/replay.py': TRUSTED,
    'io/disk/files.py': 'writes only, the mode is an argument',
    'io/http_files.py': 'opens a URL, and writes what comes to a file',
    'io/json_schema.py': "the package's schemas",
    'io/disk/leftovers.py': "Linux' name of its boot",
    'launch/launching.py': TRUSTED,
    'workflows/format_list.py': "the package's examples",
    'export/c3d.py': 'checks the file that it has just written',
    'visualization/page/images.py': 'decodes what it has encoded itself',
    'visualization/page/templates.py': "the package's page",
}


def _name(call):
    function = call.func
    if isinstance(function, ast.Attribute):
        inner = function.value
        owner = inner.id if isinstance(inner, ast.Name) else getattr(inner, 'attr', '')
        return f'{owner}.{function.attr}'
    return getattr(function, 'id', '')


def opens_foreign_bytes(source):
    """Lines on which a module opens or parses a file for reading."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node)
        last = name.rpartition('.')[2]
        if name in CALLS or last in CALLS:
            lines.append(node.lineno)
        elif name in ('open', 'io.open', 'os.fdopen', 'gzip.open', 'bz2.open', 'lzma.open') or (
            last == 'open' and name != 'os.open' and not name.startswith(('webbrowser', 'self.'))
        ):
            texts = [a.value for a in [*node.args, *(k.value for k in node.keywords)]
                     if isinstance(a, ast.Constant) and isinstance(a.value, str)]  # fmt: skip
            modes = [text for text in texts if re.fullmatch(r'[rwaxbt+]+', text)]
            if not any(re.match('[wax]', mode) and '+' not in mode for mode in modes):
                lines.append(node.lineno)
    return lines


@functools.lru_cache(maxsize=None)
def modules():
    """Path below the package -> lines on which it opens foreign bytes."""
    found = {}
    for path in sorted(PACKAGE.rglob('*.py')):
        lines = opens_foreign_bytes(path.read_text(encoding='utf-8'))
        if lines:
            found[path.relative_to(PACKAGE).as_posix()] = lines
    return found


def listed(module, names):
    return [
        name for name in names if module == name or name.endswith('/') and module.startswith(name)
    ]


def targets_of(pattern):
    return fnmatch.filter(TARGETS, pattern)


def test_every_module_that_opens_files_is_known():
    unknown = {
        module: lines
        for module, lines in modules().items()
        if not listed(module, COVERED) and not listed(module, OWN_FILES)
    }
    assert not unknown, 'give them a sample and a line in COVERED, or a reason in OWN_FILES'


def test_no_line_is_left_of_a_module_that_is_gone():
    opening = modules()
    for name in [*COVERED, *OWN_FILES]:
        assert any(listed(module, [name]) for module in opening), name


@pytest.mark.parametrize('module', COVERED)
def test_what_is_covered_has_targets(module):
    assert targets_of(COVERED[module]), f'{module}: no target is named {COVERED[module]}'


@pytest.mark.parametrize('format', CALIBRATIONS)
def test_every_calibration_format_has_a_target(format):
    assert f'calibration {format}' in TARGETS


@pytest.mark.parametrize('format', KEYPOINTS)
def test_every_keypoint_format_has_a_target(format):
    assert f'keypoints {format}' in TARGETS


@pytest.mark.parametrize('kind', POSES)
def test_every_kind_of_poses_has_a_target(kind):
    assert f'poses {kind}' in TARGETS


def test_every_promised_image_and_video_has_a_target():
    endings = {name.split()[1] for name in [*targets_of('image *'), *targets_of('video *')]}
    same = {'.jpeg': '.jpg', '.jpe': '.jpg', '.tif': '.tiff', '.m4v': '.mp4'}
    assert {same.get(ending, ending) for ending in (*IMAGE_ENDINGS, *VIDEO_ENDINGS)} <= endings


@pytest.mark.parametrize(
    'code',
    ['open(p)', "open(p, 'rb')", "p.open('rb')", 'p.read_text()', 'np.load(f)', 'json.loads(t)',
     'cv2.VideoCapture(p)', "torch.load(p, map_location='cpu')", 'yaml.load(t, Loader=L)',
     "open(p, encoding='utf-8')", "open(p, 'a+b')", 'read_json(p)'],
)  # fmt: skip
def test_what_opens_a_file_is_seen(code):
    assert opens_foreign_bytes(code)


@pytest.mark.parametrize(
    'code', ["open(p, 'w')", "open(p, 'wb')", "p.write_bytes(b'')", 'print(p)']
)
def test_what_writes_a_file_is_not(code):
    assert not opens_foreign_bytes(code)
