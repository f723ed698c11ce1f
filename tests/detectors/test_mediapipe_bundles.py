"""The bundles of MediaPipe's tasks, read by MediaPipe's own schema."""

import io
import zipfile

import numpy as np
import pytest

pytest.importorskip('mediapipe', reason='the extra mediapipe is not installed')

from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata  # noqa: E402
from mediapipe.tasks.metadata import schema_py_generated as schema  # noqa: E402

from mmpose_ours.detectors.mediapipe_bundles import (  # noqa: E402
    FACE_BUNDLE,
    HAND_BUNDLE,
    POSE_BUNDLE,
    bundle,
)
from mmpose_ours.detectors.mediapipe_models import read_model  # noqa: E402


def parsed(content):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))


@pytest.mark.parametrize('parts', [POSE_BUNDLE, HAND_BUNDLE, FACE_BUNDLE])
def test_a_bundle_holds_the_models_with_their_scale(parts):
    with zipfile.ZipFile(io.BytesIO(bundle(parts))) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert contents.keys() == parts.keys()
    for name, part in parts.items():
        model, stock = parsed(contents[name]), parsed(read_model(part.model))
        (entry,) = [entry for entry in model.metadata if entry.name == b'TFLITE_METADATA']
        about = metadata.ModelMetadataT.InitFromObj(
            metadata.ModelMetadata.GetRootAsModelMetadata(
                bytes(model.buffers[entry.buffer].data), 0
            )
        )
        scale = about.subgraphMetadata[0].inputTensorMetadata[0].processUnits[0].options
        assert (list(scale.mean), list(scale.std)) == ([part.mean], [part.spread])
        for ours, theirs in zip(model.buffers, stock.buffers):
            assert (ours.data is None) == (theirs.data is None)
            if theirs.data is not None:
                assert bytes(ours.data) == bytes(theirs.data)


@pytest.mark.parametrize(
    'parts, ranges',
    [(POSE_BUNDLE, [(-1, 1), (0, 1)]), (HAND_BUNDLE, [(0, 1), (0, 1)]),
     (FACE_BUNDLE, [(-1, 1), (0, 1)])],
)  # fmt: skip
def test_pixels_become_what_the_graphs_of_the_wheel_make_of_them(parts, ranges):
    """``output_tensor_float_range`` in MediaPipe 0.10.14's graphs of the same models."""
    for part, span in zip(parts.values(), ranges):
        pixels = np.array([0.0, 255.0])
        np.testing.assert_allclose((pixels - part.mean) / part.spread, span)


def test_the_face_model_has_as_many_values_as_are_read():
    """468 points of the mesh, and zeros for the ten of the irises."""
    part = FACE_BUNDLE['face_landmarks_detector.tflite']
    with zipfile.ZipFile(io.BytesIO(bundle(FACE_BUNDLE))) as archive:
        model = parsed(archive.read('face_landmarks_detector.tflite'))
    stock = parsed(read_model(part.model)).subgraphs[0]
    graph = model.subgraphs[0]
    assert list(stock.tensors[stock.outputs[0]].shape) == [1, 1, 1, 468 * 3]
    assert list(graph.tensors[graph.outputs[0]].shape) == [1, 1, 1, 478 * 3]
    assert graph.outputs[1:] == list(stock.outputs[1:])
    step = graph.operators[-1]
    assert model.operatorCodes[step.opcodeIndex].builtinCode == schema.BuiltinOperator.PAD
    assert list(step.inputs)[0] == stock.outputs[0] and list(step.outputs) == [graph.outputs[0]]
    amounts = model.buffers[graph.tensors[step.inputs[1]].buffer].data
    assert np.frombuffer(bytes(amounts), np.int32).tolist() == [0, 0, 0, 0, 0, 0, 0, 30]
