"""``mmpose-ours prepare`` on small archives and folders made here."""

import io
import json
import tarfile

import numpy as np
import pytest
from dataset_files import small_rig, write_actors, write_pickle
from errors import fails
from panoptic_files import write_sequence

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.errors import FileFormatError
from mmpose_ours.evaluation import read_actors
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.synthetic import DetectorNoise, Scene, built_in_poses
from mmpose_ours.workflows.prepare.archives import unpack
from mmpose_ours.workflows.prepare.downloads import ACTORS

CAMPUS_SIZE = (360, 288)
FRAMES = 760


def archive_of(path, files, compression='bz2', links=()):
    """A tar archive of names and contents."""
    with tarfile.open(path, f'w:{compression}') as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


def content_below(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob('*')
            if p.is_file() and p.name != '.unpacked.json'}  # fmt: skip


class TestUnpack:
    FILES = {'Shelf/Camera0/img_000000.png': b'a' * 1000, 'Shelf/actorsGT.mat': b'truth'}
    THERE = {'Camera0/img_000000.png': b'a' * 1000, 'actorsGT.mat': b'truth'}

    @pytest.mark.parametrize('compression', ['bz2', 'gz', 'xz', ''])
    def test_files_arrive_without_the_top_folder(self, tmp_path, compression):
        archive = archive_of(tmp_path / 'Shelf.tar', self.FILES, compression)
        assert unpack(archive, tmp_path / 'out', 'Shelf') == 2
        assert content_below(tmp_path / 'out') == self.THERE
        assert unpack(archive, tmp_path / 'out', 'Shelf') is None  # done already

    def test_an_interrupted_run_goes_on(self, tmp_path):
        archive = archive_of(tmp_path / 'Shelf.tar.bz2', self.FILES)
        place = tmp_path / 'out' / 'Camera0' / 'img_000000.png'
        place.parent.mkdir(parents=True)
        place.write_bytes(b'a' * 1000)
        before = place.stat().st_mtime_ns
        half = tmp_path / 'out' / 'actorsGT.mat'
        half.write_bytes(b'tr')
        assert unpack(archive, tmp_path / 'out', 'Shelf') == 1
        assert content_below(tmp_path / 'out') == self.THERE
        assert place.stat().st_mtime_ns == before

    @pytest.mark.parametrize(
        'name', ['../evil', 'Shelf/../../evil', '/tmp/evil', 'Shelf/..\\evil', 'C:evil']
    )
    def test_no_path_leaves_the_folder(self, tmp_path, name):
        archive = archive_of(tmp_path / 'a.tar', {name: b'x'})
        with fails(FileFormatError, code='unsafe', file=archive, found=name):
            unpack(archive, tmp_path / 'deep' / 'out', 'Shelf')
        assert content_below(tmp_path).keys() == {'a.tar'}

    def test_links_are_neither_made_nor_followed(self, tmp_path):
        outside = tmp_path / 'outside'
        outside.mkdir()
        archive = archive_of(tmp_path / 'a.tar', {'real': b'x'}, links=[('link', str(outside))])
        out = tmp_path / 'out'
        assert unpack(archive, out) == 1 and not (out / 'link').exists()
        (out / 'gate').symlink_to(outside)
        other = archive_of(tmp_path / 'b.tar', {'gate/evil': b'x'})
        with fails(FileFormatError, code='unsafe', file=other, found=str(out / 'gate' / 'evil')):
            unpack(other, out)
        assert list(outside.iterdir()) == []

    @pytest.mark.parametrize('compression', ['bz2', 'gz', 'xz', ''])
    @pytest.mark.parametrize('kept', [0.3, 0.6, 0.9])
    def test_a_cut_archive_leaves_no_half_file(self, tmp_path, compression, kept):
        noise = np.random.default_rng(0).bytes(200_000)
        files = {f'{i}': noise[i * 50_000 : (i + 1) * 50_000] for i in range(4)}
        archive = archive_of(tmp_path / 'a.tar', files, compression)
        whole = archive.read_bytes()
        archive.write_bytes(whole[: int(kept * len(whole))])
        with pytest.raises(FileFormatError) as refused:
            unpack(archive, tmp_path / 'out')
        assert refused.value.found == 'it breaks off' and refused.value.file == str(archive)
        there = content_below(tmp_path / 'out') if (tmp_path / 'out').exists() else {}
        assert all(files[name] == content for name, content in there.items())
        archive.write_bytes(whole)
        assert unpack(archive, tmp_path / 'out') == 4 - len(there)

    def test_locks_are_left_out(self, tmp_path):
        """One is held while an archive is unpacked."""
        files = {'top/a': b'a', '.lock': b'x', '.lock.holder': b'x', 'top/.a.lock': b'x'}
        archive = archive_of(tmp_path / 'a.tar', files)
        assert unpack(archive, tmp_path / 'out', 'top') == 1
        assert [path.name for path in (tmp_path / 'out').iterdir() if path.name[0] != '.'] == ['a']

    def test_what_is_no_archive(self, tmp_path):
        (tmp_path / 'a.tar').write_bytes(b'<html>not found</html>' * 100)
        with fails(FileFormatError, file=tmp_path / 'a.tar'):
            unpack(tmp_path / 'a.tar', tmp_path / 'out')


def standing(seed=0):
    poses = built_in_poses(2, np.random.default_rng(seed), ('stand',))
    return poses + np.array([[[-700.0, 0, 0]], [[700.0, 200, 0]]])


@pytest.fixture(scope='module')
def campus_files(tmp_path_factory):
    """What makes up Campus: the archive's files, calibration, detections."""
    folder = tmp_path_factory.mktemp('campus')
    rig = small_rig(('0', '1', '2'), CAMPUS_SIZE)
    write_rig(rig, folder / 'calibration_campus.json', 'campus')
    poses = standing()
    actors = convert_joints(poses, 'coco17', 'campus14') / 1000
    write_actors(folder / 'actorsGT.mat', *([pose] * FRAMES for pose in actors), [None] * FRAMES)
    detected = {}
    for frame in ACTORS['campus'].frames:
        scene = Scene(poses + [frame - 350.0, 0, 0], np.ones((2, 17), bool))
        views = DetectorNoise.none().detect(scene, rig, np.random.default_rng(frame))
        for name, people in zip(rig.names, views):
            detected[f'{name}_{frame}'] = [{'pred': person} for person in people]
    write_pickle(folder / 'pred_campus_maskrcnn_hrnet_coco.pkl', detected)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def campus(campus_files, tmp_path):
    """The official archive beside an empty folder, into which the other two files go."""
    archive_of(
        tmp_path / 'CampusSeq1.tar.bz2',
        {'CampusSeq1/actorsGT.mat': campus_files['actorsGT.mat']},
    )
    folder = tmp_path / 'Campus'
    folder.mkdir()
    for name, content in campus_files.items():
        if name != 'actorsGT.mat':
            (folder / name).write_bytes(content)
    return folder


def test_campus_from_the_archive_to_ready(campus, capsys):
    assert main(['prepare', 'campus', str(campus)]) == 0
    out, err = capsys.readouterr()
    assert '1 file written' in err
    assert 'ok      truth' in out and '222 of 222 test frames (350-470,650-750)' in out
    assert '444 people are annotated' in out
    assert 'ok      detections' in out and '1332 people in 666 views' in out
    assert 'ok      agreement' in out and out.endswith('Campus: ready\n')
    assert 'note    images: none such as' in out and 'CampusSeq1.tar.bz2' in out
    assert read_actors(campus / 'actorsGT.mat').shape[:2] == (FRAMES, 3)


def test_the_datasets_read_what_was_prepared(campus):
    datasets = pytest.importorskip('mmpose_ours.datasets')
    assert main(['prepare', 'campus', str(campus)]) == 0
    dataset = datasets.CampusDataset(str(campus), test_mode=True)
    assert len(dataset) == 222 and dataset.get_data_info(0)['keypoints_2d'].shape[:2] == (3, 2)
    for name, download in ACTORS.items():
        layout = getattr(datasets, f'{name.capitalize()}Dataset').LAYOUT
        for field in ('rig_file', 'image_size', 'keypoint_file', 'truth_file', 'image_pattern',
                      'test_frames'):  # fmt: skip
            assert getattr(layout, field) == getattr(download, field), (name, field)


def test_everything_missing_comes_with_a_command(tmp_path, capsys):
    assert main(['prepare', 'shelf', str(tmp_path / 'my data')]) == 1
    out = capsys.readouterr().out
    for what in ('truth', 'calibration', 'detections'):
        assert f'missing {what}: ' in out
    assert "wget -P '" in out and 'Shelf/calibration_shelf.json' in out
    assert 'wget -c -P' in out and 'Shelf.tar.bz2' in out
    assert out.endswith('my data: 3 things missing or wrong\n')


def test_a_folder_under_the_archives_name_is_to_be_renamed(tmp_path, capsys):
    (tmp_path / 'CampusSeq1').mkdir()
    assert main(['prepare', 'campus', str(tmp_path / 'Campus')]) == 1
    assert f'mv {tmp_path}/CampusSeq1 {tmp_path}/Campus' in capsys.readouterr().out


def test_wrong_files_are_named(campus, campus_files, capsys):
    def said():
        assert main(['prepare', 'campus', str(campus)]) == 1
        return capsys.readouterr().out

    calibration = campus / 'calibration_campus.json'
    cameras = json.loads(calibration.read_text())
    # Cameras 0 and 1 in each other's place: every file is fine by itself.
    calibration.write_text(json.dumps({**cameras, '0': cameras['1'], '1': cameras['0']}))
    assert 'WRONG   agreement' in said()
    calibration.write_text(json.dumps({'0': cameras['0'], '1': cameras['1']}))
    assert 'has cameras 0, 1, campus has 0, 1, 2' in said()
    calibration.write_bytes(campus_files['calibration_campus.json'])
    (campus / 'actorsGT.mat').write_bytes(b'nothing')
    assert 'WRONG   truth' in said()
    write_actors(campus / 'actorsGT.mat', [None] * 800, [None] * 800)
    assert 'holds 2 actors, campus has 3' in said()
    assert main(['prepare', 'campus', str(campus), '--cameras', '0']) == 2
    assert '--sequences and --cameras are of panoptic' in capsys.readouterr().err
    (campus.parent / 'CampusSeq1.tar.bz2').write_bytes(b'nothing')
    (campus / '.unpacked.json').unlink()
    assert main(['prepare', 'campus', str(campus)]) == 2
    assert 'no tar archive' in capsys.readouterr().err


def panoptic_people(frames=40, scale=1.0):
    """Arrays for :func:`write_sequence`: two people who stand upright, cm, y down."""
    bodies, of = [], []
    for frame in range(frames):
        for pose in convert_joints(standing(frame), 'coco17', 'panoptic19') * scale:
            x, y, z = pose.T / 10
            bodies.append(np.stack([x, -z, y, np.full(19, 0.8)], 1))
            of.append(frame)
    return dict(frames=np.arange(frames), body_frames=np.array(of), bodies=np.array(bodies))


def panoptic_folder(root, people):
    """The sequence with its annotation still in the archive."""
    rig = small_rig(('00_12', '00_06', '00_23', '00_13', '00_03'), (640, 480))
    root.mkdir(exist_ok=True)
    write_rig(rig, root / 'rig.json', 'panoptic')
    write_sequence(root, 'room', {**people, 'calibration': (root / 'rig.json').read_text()})
    (root / 'rig.json').unlink()
    poses = root / 'room' / 'hdPose3d_stage1_coco19'
    with tarfile.open(root / 'room' / 'hdPose3d_stage1_coco19.tar', 'w') as tar:
        tar.add(poses, poses.name)
    for path in poses.iterdir():
        path.unlink()
    poses.rmdir()


def test_panoptic_from_the_archive_to_ready(tmp_path, capsys):
    panoptic_folder(tmp_path, panoptic_people())
    assert main(['prepare', 'panoptic', str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert 'ok      room, calibration' in out and '5 cameras, of them 00_12' in out
    assert '40 frames (0-39); of 40 read, 0 without people, 2.0 people per frame, 100%' in out
    assert 'are seen by two cameras' in out and out.endswith('ready\n')
    assert 'ffmpeg -i' in out and 'hd_00_23.mp4' in out
    datasets = pytest.importorskip('mmpose_ours.datasets')
    assert len(datasets.PanopticDataset(str(tmp_path), ['room'], interval=4)) == 10


def test_panoptic_truth_of_another_unit_is_wrong(tmp_path, capsys):
    panoptic_folder(tmp_path, panoptic_people(scale=0.1))
    assert main(['prepare', 'panoptic', str(tmp_path)]) == 1
    assert 'WRONG   room, agreement' in capsys.readouterr().out


def test_panoptic_lists_what_is_missing(tmp_path, capsys):
    assert main(['prepare', 'panoptic', str(tmp_path), '--sequences', '160906_ian5']) == 1
    out = capsys.readouterr().out
    assert '/160906_ian5/calibration_160906_ian5.json' in out
    assert '/160906_ian5/hdPose3d_stage1_coco19.tar' in out
    assert main(['prepare', 'panoptic', str(tmp_path)]) == 1
    assert 'panoptic' in capsys.readouterr().out
    assert main(['prepare', 'panoptic', str(tmp_path), '--archive', 'a.tar']) == 2
    assert 'of which sequence?' in capsys.readouterr().err
