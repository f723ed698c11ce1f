"""The command: what it reads, writes, says and refuses."""

import dataclasses
import json

import numpy as np
import pytest
from calibration_rigs import ring_rig
from lost_rigs import heights_and_distances, lost_world, people_before, up_error_degrees

from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.calibration.world_axes import Z_UP_FROM
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.rig import CameraRig

FLOOR_POINTS = np.array([[0.0, 0, 0], [3000, 100, 0], [-200, 2500, 0]])
FLOOR = ['--floor-points', '0,0,0', '3000,0,0', '-20,-3e3,0']


@pytest.fixture
def rig_file(tmp_path):
    write_rig(ring_rig(), tmp_path / 'in.json', 'campus')
    return tmp_path / 'in.json'


def texts(points):
    return [','.join(map(repr, point)) for point in np.asarray(points).tolist()]


def aligned(rig, folder, *options):
    """Write a rig, run the command on it, and read what it wrote, and its report."""
    write_rig(rig, folder / 'in.json', 'campus')
    out, report = folder / 'out.json', folder / 'report.json'
    command = [
        'align-rig', str(folder / 'in.json'), str(out), *options, '--report', str(report)
    ]  # fmt: skip
    assert cli.main(command) == 0
    return read_rig(out), json.loads(report.read_text())


class TestThreeFloorPointsAndADistance:
    @pytest.mark.parametrize('seed', range(3))
    def test_recover_any_world_exactly(self, tmp_path, seed):
        true, lost = ring_rig(), lost_world(seed)
        measured = float(np.linalg.norm(true['cam0'].center_w - true['cam2'].center_w))
        found, report = aligned(
            lost.of_rig(true), tmp_path, '--floor-points', *texts(lost(FLOOR_POINTS)),
            '--distance', 'cam0', 'cam2', repr(measured),
        )  # fmt: skip
        for ours, expected in zip(heights_and_distances(found), heights_and_distances(true)):
            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9 * np.ptp(expected))
        # The report's transform takes places of the file to places of the output.
        transform = np.array(report['transform'])
        moved = lost(true.centers_w) @ transform[:3, :3].T + transform[:3, 3]
        np.testing.assert_allclose(moved, found.centers_w, rtol=1e-9, atol=1e-6)
        assert report['mm_per_source_unit'] == pytest.approx(1 / lost.scale, rel=1e-9)
        floor = lost(FLOOR_POINTS) @ transform[:3, :3].T + transform[:3, 3]
        np.testing.assert_allclose(floor[:, 2], 0, atol=1e-5)

    def test_points_are_in_the_unit_and_axes_of_the_file(self, tmp_path):
        """Panoptic: centimetres, y down."""
        write_rig(ring_rig().moved((0, 0, 400)), tmp_path / 'in.json', 'panoptic')
        command = ['align-rig', str(tmp_path / 'in.json'), str(tmp_path / 'out.json')]
        points = ['0,-40,0', '100,-40,0', '-1,-40,200']
        assert cli.main([*command, '--floor-points', *points, '--origin', 'keep']) == 0
        np.testing.assert_allclose(
            read_rig(tmp_path / 'out.json').centers_w, ring_rig().centers_w, atol=1e-6
        )

    def test_distance_between_points_of_the_file(self, tmp_path):
        write_rig(ring_rig(), tmp_path / 'in.json', 'panoptic')
        command = ['align-rig', str(tmp_path / 'in.json'), str(tmp_path / 'out.json')]
        ends = ['-10,0,0', '-10,0,30']  # 300 mm apart
        assert cli.main([*command, '--distance', *ends, '600', '--origin', 'keep']) == 0
        np.testing.assert_allclose(
            read_rig(tmp_path / 'out.json').centers_w, 2 * ring_rig().centers_w, rtol=1e-9
        )

    def test_pixels(self, tmp_path):
        true, lost = ring_rig(), lost_world(7)
        pixels = {
            name: true[name].project(FLOOR_POINTS / 5)[0].tolist() for name in ('cam0', 'cam1')
        }
        (tmp_path / 'floor.json').write_text(json.dumps(pixels))
        found, report = aligned(
            lost.of_rig(true), tmp_path, '--floor-pixels', str(tmp_path / 'floor.json'),
            '--distance', 'cam0', 'cam1', '2836',
        )  # fmt: skip
        assert up_error_degrees(found, true) < 1e-4
        assert max(report['up']['floor_points_error_px']) < 1e-3


class TestWhatTheFileDoesNotSay:
    """Anipose's files, FreeMoCap's among them, say neither up nor unit."""

    @pytest.fixture
    def source(self, tmp_path):
        """The rig in the world of its first camera, which is a metre long there."""
        first = ring_rig()['cam0']
        first_from_room = Similarity(first.R_w2c, 1 / 1000, first.t_w2c / 1000)
        lost = first_from_room.of_rig(ring_rig())
        np.testing.assert_allclose(lost['cam0'].R_w2c, np.eye(3), atol=1e-12)
        write_rig(lost, tmp_path / 'in.toml', 'anipose')
        return str(tmp_path / 'in.toml'), first_from_room

    def test_is_what_is_looked_for(self, source, tmp_path, capsys):
        path, first_from_room = source
        apart = float(np.linalg.norm(ring_rig()['cam0'].center_w - ring_rig()['cam2'].center_w))
        command = ['align-rig', path, str(tmp_path / 'out.json')]
        floor = ['--floor-points', *texts(first_from_room(FLOOR_POINTS))]
        assert cli.main([*command, *floor, '--distance', 'cam0', 'cam2', str(apart)]) == 0
        said = capsys.readouterr()
        assert 'unit not specified, up not specified' in said.out and not said.err
        found = heights_and_distances(read_rig(tmp_path / 'out.json'))
        for ours, expected in zip(found, heights_and_distances(ring_rig())):
            np.testing.assert_allclose(ours, expected, atol=1e-6)

    def test_and_what_nothing_fixes_is_said(self, source, tmp_path, capsys):
        command = ['align-rig', source[0], str(tmp_path / 'out.json')]
        assert cli.main([*command, '--origin', 'camera', 'cam0']) == 0
        said = capsys.readouterr()
        assert said.out.count('nothing fixes it') == 3
        assert 'z was taken; say --up' in said.err
        assert 'millimetres were taken; say --unit' in said.err

    def test_other_commands_still_ask(self, source, capsys):
        assert cli.main(['check-rig', source[0]]) == 2
        assert 'do not say the unit' in capsys.readouterr().err

    def test_unit_given(self, rig_file, tmp_path, capsys):
        command = ['align-rig', str(rig_file), str(tmp_path / 'out.json'), '--unit', 'cm']
        assert cli.main([*command, '--up', '-y', '--origin', 'keep']) == 0
        expected = Similarity(Z_UP_FROM['-y'], 10.0)(ring_rig().centers_w)
        np.testing.assert_allclose(read_rig(tmp_path / 'out.json').centers_w, expected)
        said = capsys.readouterr().out
        assert 'by --unit' in said and 'by --up' in said and 'nothing fixes it, z = 0' in said


@pytest.fixture(scope='module')
def keypoints(tmp_path_factory):
    """A file of people before ring_rig, and their mean stature."""
    people, stature = people_before(ring_rig(), None, frames=40)
    path = tmp_path_factory.mktemp('people') / 'people.json'
    write_detections(path, people)
    return str(path), stature


class TestPeople:
    def test_report_and_output(self, tmp_path, keypoints, capsys):
        path, stature = keypoints
        found, report = aligned(
            lost_world(1).of_rig(ring_rig()), tmp_path, '--keypoints', path,
            '--person-height', str(stature), '--rescale',
        )  # fmt: skip
        assert up_error_degrees(found, ring_rig()) < 0.5
        np.testing.assert_allclose(found.centers_w[:, 2], ring_rig().centers_w[:, 2], rtol=0.05)
        up, scale, floor = report['up'], report['scale'], report['floor']
        assert (up['by'], scale['by'], floor['by']) == (
            'keypoints', 'person_height', 'keypoints'
        )  # fmt: skip
        assert up['share_that_agrees'] > 0.5 and 0 < up['spread_degrees'] < 15
        low, median, high = scale['height_quartiles_mm']
        assert low < median < high and median == pytest.approx(stature)
        assert report['origin']['by'] == 'people' and report['warnings'] == []
        said = capsys.readouterr()
        for part in ('legs and trunks', 'degrees', 'feet of', 'turned by', 'moved by', 'times'):
            assert part in said.out
        assert not said.err

    def test_a_known_unit_is_kept(self, tmp_path, keypoints, capsys):
        path, _ = keypoints
        options = ['--keypoints', path, '--person-height', '1000']
        found, report = aligned(ring_rig(), tmp_path, *options)
        scale = report['scale']
        assert scale['by'] is None and scale['factor'] == 1
        assert scale['height_ratio'] == pytest.approx(1.7, abs=0.1)
        assert len(report['warnings']) == 1
        np.testing.assert_allclose(found.centers_w[:, 2], ring_rig().centers_w[:, 2], rtol=0.03)
        _, report = aligned(ring_rig(), tmp_path, *options, '--rescale')
        assert report['scale']['by'] == 'person_height'
        assert report['scale']['factor'] == pytest.approx(1 / scale['height_ratio'])

    def test_from_another_rig_is_warned_of(self, tmp_path, keypoints, capsys):
        """Two names exchanged: up may come out all the same, but the views contradict."""
        write_rig(ring_rig(names=['cam1', 'cam0', 'cam2', 'cam3']), tmp_path / 'in.json', 'campus')
        command = ['align-rig', str(tmp_path / 'in.json'), str(tmp_path / 'out.json')]
        assert cli.main([*command, '--keypoints', keypoints[0], '--to', 'campus']) == 0
        assert "'cam1' and 'cam0' are exchanged" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ('options', 'part'),
        [
            (['--horizons'], '--horizons and --keypoints both fix the up axis'),
            (FLOOR, '--floor-points and --keypoints both fix the up axis'),
            (['--person-height', '1.75'], '--person-height is 1.75, expected millimetres'),
            (['--keypoints-for', 'scale'], 'say both'),
        ],
    )
    def test_contradictions(self, rig_file, tmp_path, keypoints, capsys, options, part):
        command = ['align-rig', str(rig_file), str(tmp_path / 'out.json')]
        assert cli.main([*command, '--keypoints', keypoints[0], *options]) == 2
        assert part in capsys.readouterr().err

    def test_too_few(self, rig_file, tmp_path, capsys):
        people, _ = people_before(ring_rig(), ('walk',), frames=1)
        write_detections(tmp_path / 'few.json', {'0': {c: v[:1] for c, v in people['0'].items()}})
        command = ['align-rig', str(rig_file), str(tmp_path / 'out.json')]
        assert cli.main([*command, '--keypoints', str(tmp_path / 'few.json')]) == 2
        said = capsys.readouterr().err
        assert 'few.json: ' in said and 'in 1 frame of 1 ' in said
        assert not (tmp_path / 'out.json').exists()


@pytest.mark.parametrize(
    ('options', 'part'),
    [
        ([], 'nothing says how the scene lies'),
        (['--floor-points', '0,0,0', '1,0,0'], '2 floor points, expected three'),
        (['--floor-points', '0,0,0', '1,0,0', '2,0,0'], 'lie on one line'),
        (['--floor-points', '0,0,0', '1,0,0', '2,0'], "--floor-points is '2,0', expected x,y,z"),
        (['--floor-points', '0,0,0', '1,0,0', '2,nan,0'], 'expected x,y,z'),
        ([*FLOOR, '--up', 'z'], '--up and --floor-points both fix the up axis'),
        (['--up', 'z', '--horizons'], '--up and --horizons both fix the up axis'),
        (['--distance', 'cam0', 'cam9', '3'], "in.json: --distance: no camera 'cam9' in the rig"),
        (['--distance', 'cam0', 'cam1', 'far'], "ends in 'far', expected millimetres"),
        (['--distance', 'cam0', 'cam0', '3'], 'two places that are one'),
        (['--distance', 'cam0', 'cam1', '3', '--unit', 'mm'], '--unit and --distance both fix'),
        (['--person-height', '1700'], 'give their 2D keypoints'),
        (['--floor-pixels', 'absent.json'], 'absent.json: no such file'),
        (['--keypoints', 'absent.json'], 'absent.json: no 2D keypoints'),
        (['--horizons', '--origin', 'middle'], "--origin is 'middle', expected focus"),
        (['--horizons', '--origin', 'camera'], "--origin is 'camera', expected focus"),
        (['--horizons', '--origin', 'camera', 'x'], "in.json: --origin: no camera 'x'"),
        (['--horizons', '--to', 'nothing'], "cannot write format 'nothing'"),
        (['--horizons', '--cameras', 'cam0'], 'only one camera'),
    ],
)
def test_errors_are_one_line_and_leave_nothing(rig_file, tmp_path, capsys, options, part):
    out = tmp_path / 'out.json'
    report = ['--report', str(tmp_path / 'report.json')]
    assert cli.main(['align-rig', str(rig_file), str(out), *options, *report]) == 2
    said = capsys.readouterr()
    assert part in said.err and said.err.count('\n') == 1 and not said.out
    assert [path.name for path in tmp_path.iterdir()] == ['in.json']


class TestErrorsNameTheFileThatTells:
    """Of several files the one that is to be fixed."""

    @pytest.fixture
    def said_of(self, tmp_path, capsys, keypoints):
        def said_of(rig, *options):
            write_rig(rig, tmp_path / 'in.json', 'campus')
            command = ['align-rig', str(tmp_path / 'in.json'), str(tmp_path / 'out.json')]
            assert cli.main([*command, '--keypoints', keypoints[0], *options]) == 2
            return capsys.readouterr().err.split('error: ', 1)[1]

        return said_of

    def test_horizons_are_those_of_the_rig(self, tmp_path, said_of):
        roll = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])
        one, *others = ring_rig()
        rolled = dataclasses.replace(one, R_w2c=roll @ one.R_w2c, t_w2c=roll @ one.t_w2c)
        rig = CameraRig((rolled, *others))
        said = said_of(rig, '--horizons', '--keypoints-for', 'floor')
        assert said.startswith(f'{tmp_path / "in.json"}: the cameras are not level')

    def test_floor_pixels(self, tmp_path, said_of):
        path = tmp_path / 'floor.json'
        path.write_text(json.dumps({'cam0': [[1, 2]] * 3, 'cam9': [[1, 2]] * 3}))
        options = ['--floor-pixels', str(path), '--keypoints-for', 'scale']
        said = said_of(ring_rig(), *options, '--person-height', '1700')
        assert said.startswith(f"{path}: no camera 'cam9'")

    def test_integers_without_end(self, tmp_path, said_of):
        path = tmp_path / 'floor.json'
        path.write_text(json.dumps({'cam0': [[1, 10**400]] * 3, 'cam1': [[1, 2]] * 3}))
        options = ['--floor-pixels', str(path), '--keypoints-for', 'scale']
        said = said_of(ring_rig(), *options, '--person-height', '1700')
        assert said.startswith(f"{path}: camera 'cam0', floor point 1 is [1, 1000")

    def test_people(self, tmp_path, said_of, keypoints):
        # Of cameras that look elsewhere, so that no two agree on anybody.
        strangers = [dataclasses.replace(c, R_w2c=c.R_w2c[[1, 2, 0]]) for c in ring_rig()]
        said = said_of(CameraRig(tuple(strangers)), '--distance', 'cam0', 'cam1', '2000')
        assert said.startswith(f'{keypoints[0]}: ')

    def test_distances_are_in_the_rig(self, tmp_path, said_of):
        said = said_of(ring_rig(), '--distance', 'cam0', 'cam0', '3')
        assert said.startswith(f'{tmp_path / "in.json"}: --distance is between two places')


@pytest.mark.parametrize('content', ['[]', '{"cam0": 3}', '{"cam0": [[1, 2]]', '{}'])
def test_pixel_files_that_are_none(rig_file, tmp_path, capsys, content):
    (tmp_path / 'floor.json').write_text(content)
    command = ['align-rig', str(rig_file), str(tmp_path / 'out.json')]
    assert cli.main([*command, '--floor-pixels', str(tmp_path / 'floor.json')]) == 2
    said = capsys.readouterr().err
    assert f'{tmp_path / "floor.json"}: ' in said and said.count('\n') == 1
    assert not (tmp_path / 'out.json').exists()


def test_a_report_that_cannot_be_written_leaves_no_rig(rig_file, tmp_path, capsys):
    out = tmp_path / 'out.json'
    command = ['align-rig', str(rig_file), str(out), '--horizons']
    assert cli.main([*command, '--report', str(tmp_path)]) == 2
    assert cli.main([*command, '--report', str(rig_file / 'report.json')]) == 2
    assert not out.exists()


def test_a_rig_that_cannot_be_written_leaves_no_report(tmp_path, capsys):
    write_rig(ring_rig(size=None), tmp_path / 'in.json', 'campus')
    command = ['align-rig', str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--horizons']
    assert cli.main([*command, '--report', str(tmp_path / 'report.json')]) == 2
    assert "camera 'cam0' has no image size" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['in.json']


def test_other_formats(rig_file, tmp_path):
    out, names = tmp_path / 'out.json', ['cam2', 'cam0', 'cam1']
    command = ['align-rig', str(rig_file), str(out), '--horizons', '--origin', 'keep']
    assert cli.main([*command, '--to', 'campus', '--cameras', *names]) == 0
    rig = read_rig(out)
    assert rig.names == ('cam2', 'cam0', 'cam1')
    np.testing.assert_allclose(rig.centers_w, ring_rig().select(names).centers_w)


def test_what_is_strange_about_the_result_is_a_warning(tmp_path, capsys):
    write_rig(ring_rig().in_world(np.eye(3), 0.01), tmp_path / 'in.json', 'campus')
    command = ['align-rig', str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--horizons']
    assert cli.main([*command, '--report', str(tmp_path / 'report.json')]) == 0
    said = capsys.readouterr().err
    assert said.startswith('warning: ') and '100 times too small' in said
    assert json.loads((tmp_path / 'report.json').read_text())['warnings']
