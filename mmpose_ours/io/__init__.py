"""Files in and out: atomic writes, schemas, and readers for files that nobody vouches for.

Nothing in here knows of cameras or poses. Import the modules themselves:

============ =====================================================================
files        writes that appear whole or not at all
http_files   downloads within a size, over http and https
json_files   JSON
json_schema  JSON validated against a published schema
limits       how much memory and time a file may cost
matfiles     MATLAB's MAT files
pickles      pickles of plain data
torch_files  files of torch.save, without torch's unpickler
============ =====================================================================
"""
