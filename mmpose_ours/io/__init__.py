"""Files in and out: atomic writes, schemas, and readers for files that nobody vouches for.

Nothing in here knows of cameras or poses. Import the modules themselves:

============= =====================================================================
arrays        NumPy's npy and npz files of numbers and texts
compressed    gzip, bzip2 and xz, unpacked within limits
config_text   Python literals in generated configs
file_names    names that can be file names on every system
files         writes that appear whole or not at all
http_files    downloads
images        images, checked before they are decoded
json_files    JSON
json_schema   JSON validated against a published schema
json_values   values out of parsed JSON, checked
leftovers     temporary files beside a target, and removing those of dead runs
limits        how much memory and time a file may cost
locks         one program at a time writes a file or folder
matfiles      MATLAB's MAT files
numbers       what counts as a number
pickles       pickles of plain data; ``pickle_*`` are its parts
regular_files opening files that are neither folders, pipes nor devices
tar_files     tar archives
temporary     temporary files and folders
terminal      text from elsewhere, made printable
torch_files   files of torch.save; ``torch_*`` are its parts
video         videos, checked before they are opened
============= =====================================================================
"""
