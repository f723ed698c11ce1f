"""Files in and out: atomic writes, schemas, and readers for files that nobody vouches for.

Nothing in here knows of cameras or poses. Import the modules themselves:

============ =====================================================================
arrays       NumPy's npy and npz files of numbers and texts
files        writes that appear whole or not at all
json_files   JSON
json_schema  JSON validated against a published schema
json_values  values out of parsed JSON, checked
limits       how much memory and time a file may cost
matfiles     MATLAB's MAT files
numbers      what counts as a number
pickles      pickles of plain data; ``pickle_*`` are its parts
temporary    temporary files and folders
============ =====================================================================
"""
