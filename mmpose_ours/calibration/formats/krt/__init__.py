"""K, R, T and distortion of each camera in a file of plain data, under any usual names."""
