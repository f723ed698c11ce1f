"""Scale one of Pose2Sim's models to a TRC file and compute joint angles with OpenSim.

It needs an environment of its own, in which this package need not be::

    python -m venv opensim && opensim/bin/pip install opensim
    opensim/bin/pip install --no-deps pose2sim
    opensim/bin/python demo/opensim_ik.py walk_3.trc --markers Halpe26 --out walk_3

The setup files are those that come with Pose2Sim: only names of files and the time range are put
into them. Written are ``scaled.osim``, ``ik.mot`` (joint angles in degrees) and both setup files.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main() -> None:
    """Run scaling and inverse kinematics."""
    parser = argparse.ArgumentParser(description='joint angles of a TRC file, with OpenSim')
    parser.add_argument('trc', type=Path, help='TRC file of one person')
    parser.add_argument(
        '--markers',
        default='Halpe26',
        help="whose markers the file has: Halpe26, Body25b, Coco17, ..., as in Pose2Sim's "
        'Markers_*.xml (default: %(default)s)',
    )
    parser.add_argument('--out', type=Path, required=True, help='folder for the results')
    parser.add_argument(
        '--scale-from',
        type=float,
        nargs=2,
        metavar=('FIRST', 'LAST'),
        help='seconds in which no marker is missing (default: the whole file)',
    )
    args = parser.parse_args()

    import opensim

    spec = importlib.util.find_spec('Pose2Sim')
    if spec is None or spec.origin is None:
        parser.error("Pose2Sim's models are missing: pip install --no-deps pose2sim")
    setup = Path(spec.origin).parent / 'OpenSim_Setup'
    args.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(args.trc, args.out / 'markers.trc')
    # OpenSim looks for markers beside the setup file.
    os.chdir(args.out)
    opensim.ModelVisualizer.addDirToGeometrySearchPaths(str(setup / 'Geometry'))
    times = opensim.TimeSeriesTableVec3('markers.trc').getIndependentColumn()
    whole = [times[0], times[-1]]

    _fill(
        _file(setup, f'Scaling_Setup_Pose2Sim_{args.markers}.xml'),
        'scaling.xml',
        model_file=setup / 'Model_Pose2Sim_simple.osim',
        marker_set_file=_file(setup, f'Markers_{args.markers}.xml'),
        marker_file='markers.trc',
        time_range=_seconds(args.scale_from or whole),
        output_model_file='scaled.osim',
    )
    Path('scaled.osim').unlink(missing_ok=True)
    opensim.ScaleTool('scaling.xml').run()
    if not Path('scaled.osim').is_file():
        raise SystemExit(f'{args.out}: OpenSim wrote no scaled model; its log is opensim.log')
    _fill(
        _file(setup, f'IK_Setup_Pose2Sim_{args.markers}.xml'),
        'ik.xml',
        model_file='scaled.osim',
        marker_file='markers.trc',
        time_range=_seconds(whole),
        output_motion_file='ik.mot',
        results_directory='.',
    )
    if not opensim.InverseKinematicsTool('ik.xml').run():
        raise SystemExit(f'{args.out}: inverse kinematics failed; the log is opensim.log')
    print(f'wrote   {args.out / "scaled.osim"}, {args.out / "ik.mot"}')


def _file(folder: Path, name: str) -> Path:
    """A file by its name, whose case Pose2Sim does not keep to (Blazepose, BlazePose)."""
    for path in folder.iterdir():
        if path.name.lower() == name.lower():
            return path
    known = sorted(path.stem[len('Markers_') :] for path in folder.glob('Markers_*.xml'))
    raise SystemExit(f'{folder / name}: no such file; there are markers {", ".join(known)}')


def _fill(template: Path, target: str, **values: object) -> None:
    """Copy a setup file with other texts in the elements of these names."""
    tree = ElementTree.parse(template)
    for name, value in values.items():
        for element in tree.iter(name):
            element.text = str(value)
    tree.write(target, encoding='utf-8', xml_declaration=True)


def _seconds(both: list[float]) -> str:
    return f'{both[0]} {both[1]}'


if __name__ == '__main__':
    main()
