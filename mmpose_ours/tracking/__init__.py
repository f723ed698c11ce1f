"""3D poses over time: track IDs and smoothing."""
