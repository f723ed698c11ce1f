"""3D poses per frame as JSON: the Predictions format."""
