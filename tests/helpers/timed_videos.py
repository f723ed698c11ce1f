"""Small videos whose frames are shown at times of one's own choice."""

from fractions import Fraction

import av
import numpy as np

SIZE = (64, 48)
CLOCK = 90_000


def write_timed_video(path, seconds, values=None, codec='mjpeg', container=None, size=SIZE):
    """A video with a grey frame at each of these times; its brightness tells the frame.

    Args:
        path: The file; its ending says the container where ``container`` does not.
        seconds: When each frame is shown.
        values: Brightness of each frame; None is 4 per frame.
        codec: FFmpeg's name of the encoder.
        container: FFmpeg's name of the container.
        size: (width, height).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w', format=container) as file:
        stream = file.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        stream.codec_context.time_base = Fraction(1, CLOCK)
        for index, second in enumerate(seconds):
            value = values[index] if values is not None else 4 * index
            image = np.full((size[1], size[0], 3), value, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='bgr24')
            frame.pts, frame.time_base = round(second * CLOCK), Fraction(1, CLOCK)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def at_rate(rate, count):
    """The times of so many frames at a constant rate."""
    return [index / rate for index in range(count)]
