"""K, R, T and distortion of each camera in JSON or a pickle, under any usual names."""
