"""OpenCV's FileStorage: YAML, XML or JSON."""
