"""Inference on a recording: images or 2D keypoints in, 3D poses with track IDs out."""
