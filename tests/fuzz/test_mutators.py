"""Changes of a structure leave many files valid, so that they get past the first check."""

import gzip
import io
import json
import pickle
import pickletools
import tarfile
import xml.etree.ElementTree as ET
import zipfile
import zlib

import numpy as np
import pytest
import yaml
from scipy.io import savemat

from mmpose_ours.calibration.parsing.toml_text import parse_toml

from .mutators.plain import STRUCTURES

COUNT = 100


def archived(content, name='a.npy'):
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, 'w') as archive:
            archive.writestr(name, content)
        return file.getvalue()


def taped(content):
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode='w', format=tarfile.USTAR_FORMAT) as archive:
            member = tarfile.TarInfo('a')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        return file.getvalue()


def saved(save, *arguments):
    with io.BytesIO() as file:
        save(file, *arguments)
        return file.getvalue()


def journal(*lines):
    seed, out = 0, b''
    for number, line in enumerate(lines):
        out += b'%08x %s\n' % (zlib.crc32(line, seed if number else 0), line)
        seed = seed or zlib.crc32(out)
    return out


def check_journal(content):
    seed = 0
    for number, line in enumerate(content.split(b'\n')[:-1]):
        assert int(line[:8], 16) == zlib.crc32(line[9:], seed if number else 0)
        seed = seed or zlib.crc32(line + b'\n')


def check_npy(content):
    size = int.from_bytes(content[8:10], 'little')
    assert 'shape' in eval(content[10 : 10 + size], {})


def check_mat(content):
    at = 128
    while at < len(content):
        kind, size = np.frombuffer(content, '<u4', 2, at).tolist()
        assert at + 8 + size <= len(content)
        at += 8 + size + (0 if kind == 15 else -size % 8)


DATA = {'a': [1, 2.5, {'b': 'text'}], 'c': {'d': None, 'e': [True, [3, 4]]}}
TOML = b'[cam_0]\nname = "a"\nsize = [640, 480]\n[cam_1]\nname = "b"\nsize = [640, 480]\n'
YAML = b'cam0:\n  size: [640, 480]\n  K:\n    - 1\n    - 2\ncam1:\n  size: [640, 480]\n'
XML = b'<rig><camera name="a"><K>1 2</K></camera><camera name="b"><K>1 2</K></camera></rig>'
ARRAY = np.arange(6.0).reshape(2, 3)
# Name of the function to a file, and what fails where the file has lost its structure.
SAMPLES = {
    'json_value': (json.dumps(DATA).encode(), json.loads),
    '_toml': (TOML, lambda content: parse_toml(content.decode(), lambda count: None)),
    '_yaml': (YAML, lambda content: [*yaml.compose_all(content)]),
    '_xml': (XML, ET.fromstring),
    '_journal': (journal(b'{"journal": 1}', b'1 "7" {"images": {}}', b'2 "8" {"images": {}}'),
                 check_journal),
    '_pickle': (pickle.dumps([DATA, ARRAY], 4), lambda content: [*pickletools.genops(content)]),
    '_zip': (archived(saved(np.save, ARRAY)), lambda content: zipfile.ZipFile(io.BytesIO(content))),
    '_npy': (saved(np.save, ARRAY), check_npy),
    '_tar': (taped(b'a' * 700), lambda content: tarfile.open(fileobj=io.BytesIO(content)).next()),
    '_mat': (saved(savemat, {'a': ARRAY, 's': {'b': 'text'}}), check_mat),
    'change': (gzip.compress(b'a' * 999), gzip.decompress),
}  # fmt: skip


@pytest.mark.parametrize('name', SAMPLES)
def test_a_changed_structure_is_one_still(name):
    content, check = SAMPLES[name]
    change = next(
        change for fits, change in STRUCTURES if change.__name__ == name and fits(content)
    )
    made, valid = set(), 0
    for number in range(COUNT):
        changed = change(content, np.random.default_rng(number))
        if changed is None or changed == content:
            continue
        made.add(changed)
        try:
            check(changed)
            valid += 1
        except Exception:  # noqa: BLE001, of any parser
            pass
    assert len(made) > 0.3 * COUNT and valid > 0.3 * COUNT, (len(made), valid)
