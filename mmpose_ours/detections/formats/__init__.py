"""One module per tool: its 2D keypoint files as this package's detections."""
