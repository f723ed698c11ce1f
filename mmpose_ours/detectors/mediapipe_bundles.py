"""What MediaPipe's tasks load: *bundles* of models, put together in memory.

A bundle is a plain zip of TFLite models. Each has metadata on how its input image is scaled, which
the files in MediaPipe's wheel lack; the scale is the one that the wheel's own graphs have in
``ImageToTensorCalculatorOptions.output_tensor_float_range``.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any, Mapping, NamedTuple

import numpy as np

from mmpose_ours.detectors.mediapipe_models import (
    FACE_DETECTOR,
    FACE_LANDMARKS,
    HAND_LANDMARKS,
    PALM_DETECTOR,
    POSE_DETECTOR,
    POSE_LANDMARKS,
    Model,
    read_model,
)


class Part(NamedTuple):
    """A model as a bundle has it.

    Args:
        model: The model.
        mean: With ``spread``, how the input is scaled: ``(value - mean) / spread`` of a pixel's
            0 to 255.
        spread: See ``mean``.
        values: Numbers in its first output, with zeros behind those that it has; 0 for those
            alone.
    """

    model: Model
    mean: float
    spread: float
    values: int = 0


# Input from 0 to 1, and from -1 to 1.
_SHARES = (0.0, 255.0)
_SIGNED = (127.5, 127.5)
# The face landmarker reads 478 landmarks of three coordinates: 468 of the face, then the irises,
# of which the model in the wheel knows nothing.
FACE_VALUES = 478 * 3

#: Name in the bundle -> model, for ``PoseLandmarker``.
POSE_BUNDLE = {
    'pose_detector.tflite': Part(POSE_DETECTOR, *_SIGNED),
    'pose_landmarks_detector.tflite': Part(POSE_LANDMARKS, *_SHARES),
}
#: For ``HandLandmarker``.
HAND_BUNDLE = {
    'hand_detector.tflite': Part(PALM_DETECTOR, *_SHARES),
    'hand_landmarks_detector.tflite': Part(HAND_LANDMARKS, *_SHARES),
}
#: For ``FaceLandmarker``.
FACE_BUNDLE = {
    'face_detector.tflite': Part(FACE_DETECTOR, *_SIGNED),
    'face_landmarks_detector.tflite': Part(FACE_LANDMARKS, *_SHARES, FACE_VALUES),
}


def bundle(parts: Mapping[str, Part]) -> bytes:
    """The bundle of a task.

    Args:
        parts: Name in the bundle -> model and how its input is scaled.

    Raises:
        ImportError: There is no MediaPipe, whose schema of metadata this needs.
        ModelsMissingError: The models cannot be fetched.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_STORED) as file:  # MediaPipe maps it
        for name, part in parts.items():
            file.writestr(name, _as_part(read_model(part.model), name, part))
    return archive.getvalue()


def _as_part(content: bytes, name: str, part: Part) -> bytes:
    """A TFLite model with the scale of its input, and as many values as are read of it."""
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    if part.values:
        _pad_output(model, part.values)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_scale(name, part), np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = 'TFLITE_METADATA', len(model.buffers) - 1
    others = [old for old in model.metadata or [] if old.name != b'TFLITE_METADATA']
    model.metadata = [*others, entry]
    return _packed(model, b'TFL3')


def _scale(name: str, part: Part) -> bytes:
    """Metadata that say how the input image is scaled."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata

    scale = metadata.NormalizationOptionsT()
    scale.mean, scale.std = [part.mean], [part.spread]
    step = metadata.ProcessUnitT()
    step.optionsType, step.options = metadata.ProcessUnitOptions.NormalizationOptions, scale
    image = metadata.ImagePropertiesT()
    image.colorSpace = metadata.ColorSpaceType.RGB
    kind = metadata.ContentT()
    kind.contentPropertiesType = metadata.ContentProperties.ImageProperties
    kind.contentProperties = image
    tensor = metadata.TensorMetadataT()
    tensor.name, tensor.content, tensor.processUnits = 'image', kind, [step]
    graph = metadata.SubGraphMetadataT()
    graph.inputTensorMetadata = [tensor]
    about = metadata.ModelMetadataT()
    about.name, about.subgraphMetadata = name, [graph]
    return _packed(about, b'M001')


def _pad_output(model: Any, values: int) -> None:
    """Append zeros to the first output of a model, whose last axis has its values."""
    from mediapipe.tasks.metadata import schema_py_generated as schema

    graph = model.subgraphs[0]
    short = graph.tensors[graph.outputs[0]]
    amounts = np.zeros((len(short.shape), 2), np.int32)
    amounts[-1, 1] = values - short.shape[-1]

    def add(name: str, shape: Any, kind: int, data: bytes | None = None) -> int:
        buffer, tensor = schema.BufferT(), schema.TensorT()
        buffer.data = None if data is None else np.frombuffer(data, np.uint8)
        model.buffers.append(buffer)
        tensor.name, tensor.shape, tensor.type = name, list(shape), kind
        tensor.buffer = len(model.buffers) - 1
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    paddings = add('paddings', amounts.shape, schema.TensorType.INT32, amounts.tobytes())
    padded = add('padded', [*short.shape[:-1], values], short.type)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.PAD
    code.version = 1
    model.operatorCodes.append(code)
    step = schema.OperatorT()
    step.opcodeIndex = len(model.operatorCodes) - 1
    step.inputs, step.outputs = [graph.outputs[0], paddings], [padded]
    step.builtinOptionsType = schema.BuiltinOptions.PadOptions
    step.builtinOptions = schema.PadOptionsT()
    graph.operators.append(step)
    graph.outputs = [padded, *graph.outputs[1:]]


def _packed(table: Any, identifier: bytes) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(0)
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())
